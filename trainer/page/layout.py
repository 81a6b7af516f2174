"""Layout: where the parts of a figure lie, worked out once however often it is drawn."""

from __future__ import annotations

from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine


def lay_out(figure: Figure) -> None:
    """Place the parts of a figure and leave them there: with many axes this takes longer than drawing them."""
    if isinstance(figure.get_layout_engine(), ConstrainedLayoutEngine):
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
