"""Draws a figure as an SVG element of a page."""

from __future__ import annotations

import io
import re
from html import escape

from matplotlib import rc_context
from matplotlib.figure import Figure

from trainer.figures.colours import VARIABLES
from trainer.figures.layout import lay_out

_DPI = 130  # of what is rasterised
_PIXELS = 96  # CSS pixels per inch
_COLOURS = re.compile("|".join(VARIABLES))
_COORDINATES = re.compile(r' (?:d|x|y)="[-0-9.MLCQz\s]+"')
_DIGITS = re.compile(r"(\.\d)\d+")
_NO_ROTATION = re.compile(r' transform="rotate\(-?0 [^"]*"')
_TICK = re.compile(r'<path id="([^"]+)" d="M \S+ \S+ \S+ \S+\s*" style="stroke:')  # a line has nothing to fill
_USE = re.compile(r'(<use href="#([^"]+)" [^>]*?) style="[^"]*"/>')
_GROUP = re.compile(r"\s*(<g\b[^>]*>|</g>)")


def svg(figure: Figure, key: str, alt: str) -> str:
    """Draw a figure as an ``<svg>`` in the page's colours, with ids that are unique in the page.

    What makes no difference to the reader is taken out: it is a third of what matplotlib writes.

    Parameters
    ----------
    figure
        Made by :func:`~trainer.figures.style.figure`.
    key
        Prefix of every id.
    alt
        What the figure shows.
    """
    lay_out(figure)
    text = io.StringIO()
    with rc_context({"svg.hashsalt": key}):  # the same figure gives the same text
        figure.savefig(text, format="svg", dpi=_DPI, transparent=True, metadata={"Date": None})
    drawn = text.getvalue()
    body = drawn[drawn.index(">", drawn.index("<svg")) + 1 :]
    body = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", body, flags=re.DOTALL)
    body = re.sub(r' id="(?:axes|patch|line2d|text|matplotlib|xtick|ytick|figure|QuadMesh)[^"]*"', "", body)
    body = re.sub(r'(id="|url\(#|href="#)', rf"\g<1>{key}-", body).replace("xlink:href", "href")
    body = _COORDINATES.sub(_shorter, body)
    body = _NO_ROTATION.sub("", body)
    ticks = set(_TICK.findall(body))  # their definitions have the style already
    body = _USE.sub(lambda found: f"{found[1]}/>" if found[2] in ticks else found[0], body)
    body = _unwrapped(body)
    body = _COLOURS.sub(lambda found: f"var({VARIABLES[found[0]]})", body)
    body = re.sub(r"\s*\n\s*", "\n", body)
    width, height = figure.get_size_inches()
    return (
        f'<svg viewBox="0 0 {72 * width:g} {72 * height:g}" role="img" aria-label="{escape(alt)}" '
        f'style="--width: {_PIXELS * width:.0f}px">{body}'
    )


def _unwrapped(body: str) -> str:
    """Take out the groups without attributes, which are most of them."""
    kept: list[bool] = []

    def replace(found: re.Match[str]) -> str:
        if found[1] != "</g>":
            kept.append(found[1] != "<g>")
            return found[0] if kept[-1] else ""
        return found[0] if kept.pop() else ""

    return _GROUP.sub(replace, body)


def _shorter(found: re.Match[str]) -> str:
    """Round coordinates to a tenth of a point, and write straight lines without a letter for every corner."""
    short = _DIGITS.sub(r"\1", found[0])
    return short if "C" in short or "Q" in short else re.sub(r"\s*L ", " ", short)
