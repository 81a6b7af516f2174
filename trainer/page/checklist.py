"""The checklist above everything else: pass or short, number by number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Outcome = Literal["pass", "short", "not measured"]


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
    def outcome(self) -> Outcome:
        """``short`` if a number falls short, else ``not measured`` if one is unknown; only else ``pass``."""
        if any(row.met is False for row in self.rows):
            return "short"
        return "not measured" if any(row.met is None for row in self.rows) else "pass"

    @property
    def headline(self) -> str:
        """One sentence: whether everything is as it should be."""
        short = [row for row in self.rows if row.met is False]
        unknown = [row.name for row in self.rows if row.met is None]
        if short:
            first = f"{short[0].name} ({short[0].got})"
            if len(short) == 1:
                return f"Does not pass: 1 of {len(self.rows)} numbers falls short: {first}."
            return f"Does not pass: {len(short)} of {len(self.rows)} numbers fall short, among them {first}."
        if unknown:
            return f"Not decided: what was measured is as it should be, but not measured: {'; '.join(unknown)}."
        return f"Passes: all {len(self.rows)} numbers are as they should be."

    @property
    def caption(self) -> str:
        """One sentence: how many goals are reached."""
        measured = [row for row in self.rows if row.met is not None]
        met = sum(bool(row.met) for row in measured)
        unknown = len(self.rows) - len(measured)
        reached = f"{met} of {len(measured)} numbers reach what is wanted"
        return reached + (f"; {unknown} {'is' if unknown == 1 else 'are'} not measured." if unknown else ".")
