"""Box: the verdict above everything else, pass or short, number by number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """One number that matters.

    Parameters
    ----------
    name, got, wanted
        What it is, what was measured and what it should be, as they are shown.
    met
        ``None``: it was not measured.
    split
        Of which rows it is.
    """

    name: str
    got: str
    wanted: str
    met: bool | None
    split: str


@dataclass(frozen=True)
class Checklist:
    """All of them.

    Parameters
    ----------
    rows
        Line by line.
    about
        What is to be known of all, in a sentence or two.
    """

    rows: Sequence[Check]
    about: str = ""

    @property
    def says(self) -> str:
        """How many are met, in a sentence."""
        measured = [row for row in self.rows if row.met is not None]
        met = sum(bool(row.met) for row in measured)
        unknown = len(self.rows) - len(measured)
        said = f"{met} of {len(measured)} numbers reach what is wanted"
        return said + (f"; {unknown} {'is' if unknown == 1 else 'are'} not measured." if unknown else ".")
