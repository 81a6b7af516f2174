"""Colours: Okabe and Ito's, which the colour-blind tell apart, and the page's own ink.

In a page each is a CSS variable, so that one picture serves light, dark and paper; see ``style.css`` and ``dark.css``.
"""

from __future__ import annotations

BLUE, ORANGE, GREEN, VERMILLION = "#0072b2", "#e69f00", "#009e73", "#d55e00"
PURPLE, SKY = "#cc79a7", "#56b4e9"
CYCLE = (BLUE, ORANGE, GREEN, VERMILLION, PURPLE, SKY)
"""In the order of use; their yellow is left out, as it is hardly seen on white."""

INK, GREY, GRID = "#1c2630", "#74808d", "#dde3e9"
"""Text and frames, what is less important, lines behind everything."""

VARIABLES = {
    BLUE: "--blue", ORANGE: "--orange", GREEN: "--green", VERMILLION: "--vermillion", PURPLE: "--purple",
    SKY: "--sky", INK: "--ink", GREY: "--grey", GRID: "--grid",
}  # fmt: skip
"""Colour in a picture -> variable of the page."""
