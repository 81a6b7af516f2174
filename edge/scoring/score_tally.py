"""Counts, for the command that scores files, its readings and those that have no score."""

from __future__ import annotations

from collections import Counter
from typing import TextIO

import msgspec

from edge.scoring.unit_doubt import UnitDoubt
from edge.scoring.verdict import Verdict


class FileSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What was counted in a file or stream.

    Parameters
    ----------
    file
        Its name.
    readings
        Readings that have a verdict.
    unusable
        Those that could not be read.
    without_score
        Reason -> how many have no reconstruction score for it.
    states
        State -> how many are in it.
    exceeds
        Kind -> how many exceed by it.
    """

    file: str
    readings: int
    unusable: int
    without_score: dict[str, int]
    states: dict[str, int]
    exceeds: dict[str, int]


class ScoreTally:
    """Counts the readings, and reports those without a score on a stream, or everything as JSON.

    Parameters
    ----------
    err
        The stream; ``None``: what it would get is kept for :meth:`as_json`.
    """

    def __init__(self, err: TextIO | None) -> None:
        self._err = err
        self._files: list[FileSummary] = []
        self._notes: list[str] = []
        self._readings = self._unusable = 0
        self._unscored: Counter[str] = Counter()
        self._states: Counter[str] = Counter()
        self._exceeds: Counter[str] = Counter()
        self._doubted: set[tuple[str, tuple[str, ...]]] = set()

    def add(self, verdict: Verdict) -> None:
        """Count a reading."""
        self._readings += 1
        self._states[verdict.state] += 1
        self._exceeds.update(verdict.exceeds)
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
        if self._err is None:
            self._notes.append(sentence)
        else:
            print(sentence, file=self._err, flush=True)

    def report(self, name: str, what: str) -> None:
        """Report the counts since the last report."""
        if self._unscored:
            reasons = ", ".join(f"{count:,} {why}" for why, count in self._unscored.items())
            share = f"{self._unscored.total():,} of {self._readings:,} {what}"
            self.say(f"{name}: {share} have no reconstruction score: {reasons}")
        if self._unusable:
            self.say(f"{name}: {self._unusable:,} {what} cannot be used; each has its error in the output")
        self._files.append(
            FileSummary(
                file=name, readings=self._readings, unusable=self._unusable, without_score=dict(self._unscored),
                states=dict(self._states), exceeds=dict(self._exceeds),
            )
        )  # fmt: skip
        self._readings = self._unusable = 0
        for counter in (self._unscored, self._states, self._exceeds):
            counter.clear()

    @property
    def notes(self) -> list[str]:
        """What was said, if there is no stream."""
        return self._notes

    def as_json(self, *, bundle: str, output: str) -> str:
        """Return everything that was counted and said, with the id of the bundle and where the scores are."""
        document = {"bundle": bundle, "output": output, "files": self._files, "notes": self._notes}
        return msgspec.json.encode(document).decode()
