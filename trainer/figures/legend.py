"""Adds a legend of colours below a figure."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

_ACROSS = 4  # names in a row


def add_legend(picture: Figure, colours: Mapping[str, str]) -> None:
    """Add the names of colours below a figure."""
    handles = [Line2D([], [], color=colour, linewidth=3.0, label=name) for name, colour in colours.items()]
    picture.legend(handles=handles, loc="outside lower left", ncols=min(len(handles), _ACROSS))
