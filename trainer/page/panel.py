"""One section of a page."""

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
    """A figure and its caption, tables, or what is missing.

    Parameters
    ----------
    key
        Anchor in the page, and name of the picture and of the numbers when they are files: letters, digits, hyphens.
    title, caption
        Heading, and a sentence or two on what to see.
    figure
        Made by :func:`~trainer.figures.style.figure`.
    alt
        What the figure shows, for readers who cannot see it.
    tables
        Tables below the figure.
    numbers
        What the figure is drawn from, as JSON (NumPy arrays allowed); the page links to it.
    missing
        Shown in place of a figure: why it is missing, and what makes it.
    wide
        Whether it takes the page's whole width, not half of it.

    Raises
    ------
    ValueError
        The key is no anchor, or a figure has no alternative text.
    """

    key: str
    title: str
    caption: str
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
            raise ValueError(f"panel {self.key}: got a figure without alt, expected a sentence on what it shows")
