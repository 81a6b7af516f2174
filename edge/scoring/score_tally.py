"""Counts, for the command that scores files, the readings that have no score."""

from __future__ import annotations

from collections import Counter
from typing import TextIO

from edge.scoring.unit_doubt import UnitDoubt
from edge.scoring.verdict import Verdict


class ScoreTally:
    """Counts the readings without a score, and reports them on a stream.

    Parameters
    ----------
    err
        The stream.
    """

    def __init__(self, err: TextIO) -> None:
        self._err = err
        self._readings = self._unusable = 0
        self._unscored: Counter[str] = Counter()
        self._doubted: set[tuple[str, tuple[str, ...]]] = set()

    def add(self, verdict: Verdict) -> None:
        """Count a reading."""
        self._readings += 1
        if verdict.reconstruction is None:
            why = (
                "warming up, at the start or behind a gap"
                if verdict.state == "warming_up" or not verdict.flags
                else "values are missing"
            )
            self._unscored[why] += 1

    def leave_out(self) -> None:
        """Count one that cannot be used."""
        self._unusable += 1

    def note_doubt(self, name: str, doubt: UnitDoubt | None) -> None:
        """Say once that channels come in another unit: there is no entry of gateway.yaml that could convert them."""
        if doubt is not None and (name, doubt.keys) not in self._doubted:
            self._doubted.add((name, doubt.keys))
            self.say(f"{name}: {doubt.sentence.partition('; fix: ')[0]}; fix: convert the column")

    def say(self, sentence: str) -> None:
        """Print a sentence."""
        print(sentence, file=self._err, flush=True)

    def report(self, name: str, what: str) -> None:
        """Report the counts since the last report."""
        if self._unscored:
            reasons = ", ".join(f"{count:,} {why}" for why, count in self._unscored.items())
            share = f"{self._unscored.total():,} of {self._readings:,} {what}"
            self.say(f"{name}: {share} have no reconstruction score: {reasons}")
        if self._unusable:
            self.say(f"{name}: {self._unusable:,} {what} cannot be used; each has its error in the output")
        self._readings = self._unusable = 0
        self._unscored.clear()
