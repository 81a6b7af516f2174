"""Colours of figures: Okabe and Ito's, which the colour-blind can tell apart, and the page's own ink.

In a page each colour is a CSS variable, so that one picture serves light, dark and paper; see ``style.css`` and
``dark.css`` of :mod:`trainer.page`.
"""

from __future__ import annotations

BLUE, ORANGE, GREEN, VERMILLION = "#0072b2", "#e69f00", "#009e73", "#d55e00"
PURPLE, SKY = "#cc79a7", "#56b4e9"
CYCLE = (BLUE, ORANGE, GREEN, VERMILLION, PURPLE, SKY)
"""Colours in the order of use; Okabe and Ito's yellow is left out, since it is hardly visible on white."""

INK, GREY, GRID = "#1c2630", "#74808d", "#dde3e9"
"""Text and frames; what is less important; lines behind everything."""

VARIABLES = {
    BLUE: "--blue", ORANGE: "--orange", GREEN: "--green", VERMILLION: "--vermillion", PURPLE: "--purple",
    SKY: "--sky", INK: "--ink", GREY: "--grey", GRID: "--grid",
}  # fmt: skip
"""Colour in a picture -> variable of the page."""
