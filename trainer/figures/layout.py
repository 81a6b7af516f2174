"""Lays a figure out once, however often it is drawn."""

from __future__ import annotations

from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine


def lay_out(figure: Figure) -> None:
    """Place the parts of a figure and leave them there: with many axes this takes longer than drawing them."""
    engine = figure.get_layout_engine()
    if isinstance(engine, ConstrainedLayoutEngine):
        engine.execute(figure)  # without drawing anything
        figure.set_layout_engine("none")
