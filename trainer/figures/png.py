"""Draws a figure as PNG."""

from __future__ import annotations

import io

from matplotlib.figure import Figure

from trainer.figures.layout import lay_out


def png(figure: Figure, dpi: int) -> bytes:
    """Draw a figure on white, without time stamp or versions: equal figures give equal bytes."""
    lay_out(figure)
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=dpi, facecolor="white", metadata={"Software": None})
    return drawn.getvalue()
