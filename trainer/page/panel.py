"""Panel: one section of a page."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure

from trainer.page.table import HtmlTable

_KEY = re.compile(r"[a-z][a-z0-9-]*")


@dataclass(frozen=True)
class Panel:
    """A figure and what is to be seen in it, tables, or what is missing.

    Parameters
    ----------
    key
        Anchor in the page, and name of the picture and of the numbers when they are files: letters, digits, hyphens.
    title, says
        Heading, and one sentence: what to see.
    figure
        Made by :func:`~trainer.figures.style.figure`.
    alt
        What the figure shows, for who does not see it.
    tables
        Below the figure.
    numbers
        What the figure is drawn from, as JSON (arrays of numpy may be inside); the page links to it.
    missing
        In place of a figure: what makes it.
    wide
        Takes the page's whole width, in place of half of it.

    Raises
    ------
    ValueError
        A key that is no anchor, or a figure without alternative text.
    """

    key: str
    title: str
    says: str
    figure: Figure | None = None
    alt: str = ""
    tables: Sequence[HtmlTable] = ()
    numbers: Mapping[str, Any] | None = None
    missing: str | None = None
    wide: bool = False

    def __post_init__(self) -> None:
        if not _KEY.fullmatch(self.key):
            raise ValueError(f"panel: got the key {self.key!r}, expected lower-case letters, digits and hyphens")
        if self.figure is not None and not self.alt:
            raise ValueError(f"panel {self.key}: got a figure without alt, expected a sentence of what it shows")
