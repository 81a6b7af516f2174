"""Draws a figure as an element of pixels, where lines would be too heavy."""

from __future__ import annotations

import base64
import io
from html import escape

from matplotlib.figure import Figure
from PIL import Image

from trainer.figures.png import png

_DPI = 90
_COLOURS = 32


def image(figure: Figure, key: str, alt: str) -> str:
    """Draw a figure as an ``<img>`` on white, whatever the theme; see :func:`~trainer.page.svg.svg`."""
    small = io.BytesIO()
    drawn = Image.open(io.BytesIO(png(figure, _DPI)))
    drawn.convert("RGB").quantize(_COLOURS).save(small, format="png", optimize=True)
    data = base64.b64encode(small.getvalue()).decode()
    width = 96 * figure.get_size_inches()[0]
    return (
        f'<img data-key="{key}" alt="{escape(alt)}" style="--width: {width:.0f}px" src="data:image/png;base64,{data}">'
    )
