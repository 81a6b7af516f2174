"""The checklist above everything else: pass or short, number by number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """One number that matters.

    Parameters
    ----------
    name
        What was measured.
    got, wanted
        Measured value and goal, as they are shown.
    met
        Whether the goal is reached; ``None``: it was not measured.
    split
        The rows it was measured on.
    """

    name: str
    got: str
    wanted: str
    met: bool | None
    split: str


@dataclass(frozen=True)
class Checklist:
    """All numbers that matter.

    Parameters
    ----------
    rows
        The checks, in order.
    about
        What applies to all of them, in a sentence or two.
    """

    rows: Sequence[Check]
    about: str = ""

    @property
    def caption(self) -> str:
        """One sentence: how many goals are reached."""
        measured = [row for row in self.rows if row.met is not None]
        met = sum(bool(row.met) for row in measured)
        unknown = len(self.rows) - len(measured)
        reached = f"{met} of {len(measured)} numbers reach what is wanted"
        return reached + (f"; {unknown} {'is' if unknown == 1 else 'are'} not measured." if unknown else ".")
