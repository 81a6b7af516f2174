"""Holds the false alarms that a training had on readings older or younger than its own, and judges them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Literal, NamedTuple, Self

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from trainer.errors import TrainingError
from trainer.evaluation.ageing.layout import Direction
from trainer.evaluation.ageing.tolerance import most_allowed
from trainer.evaluation.budget import WINDOW

Place = Literal["part", "quarter", "window"]
PLACES: tuple[Place, ...] = ("part", "quarter", "window")

JUDGED = ("consistency", "reconstruction", "onset")
"""Scores that are held against the budget; peers are only shown."""
UNFITTED = "not laid out"
"""Beginning of a note about a step that could not be fitted."""
YEAR = 360.0
"""Days from which a record has seen every season; a year's export may lack its first and last days."""


class ExceedanceCounts(Struct, frozen=True, array_like=True):
    """Undisturbed readings with a score, and how many of them exceed at each requested rate."""

    readings: int
    exceeding: tuple[int, ...]

    @classmethod
    def total(cls, several: Iterable[Self]) -> Self:
        """Count several stretches, at least one, as one."""
        counts = list(several)
        return cls(
            sum(one.readings for one in counts),
            tuple(map(sum, zip(*(one.exceeding for one in counts), strict=True))),
        )


class AgedStretch(Struct, frozen=True, array_like=True):
    """A quarter of a part that was not fitted on.

    Parameters
    ----------
    part
        Which part of the record, from 0.
    age
        Mean distance from the training [rows].
    days
        The same in days; ``None`` without time stamps.
    """

    part: int
    age: float
    days: float | None


class AgeingStep(Struct, frozen=True, kw_only=True):
    """One fit and what it did on all other parts.

    Parameters
    ----------
    direction
        Where the tested parts lie.
    trained
        How many parts were fitted on.
    rows
        Rows fitted on.
    stretches
        Quarters of the other parts, the youngest first.
    counts
        Score -> its counts in each of them; scores that no reading has are left out.
    windows
        Score -> most exceedances among any 2,000 undisturbed readings, at each requested rate; scores with fewer
        readings are left out.
    following
        Score -> share of the readings that exceed where thresholds follow the station, at each requested rate. It
        approaches the requested rate for a useless score as well, and is no evidence of calibration.
    """

    direction: Direction
    trained: int
    rows: int
    stretches: tuple[AgedStretch, ...]
    counts: dict[str, tuple[ExceedanceCounts, ...]]
    windows: dict[str, tuple[int, ...]]
    following: dict[str, tuple[float, ...]]


class WorstStretch(NamedTuple):
    """The largest share of exceedances, and the place that it has.

    Parameters
    ----------
    share
        Share of the undisturbed readings that exceed.
    readings
        Number of those readings.
    kept
        Whether the share keeps the budget, see :func:`trainer.evaluation.ageing.tolerance.most_allowed`.
    age, days
        Distance from the training, in rows and in days; ``None`` where it is unknown.
    """

    share: float
    readings: int
    kept: bool
    age: float | None
    days: float | None

    @property
    def exceeding(self) -> int:
        """Number of readings that exceed."""
        return round(self.share * self.readings)


class Ageing(Struct, frozen=True, kw_only=True):
    """False alarms by age, ahead and back.

    Parameters
    ----------
    rows
        Rows of the record.
    used
        Rows that were laid out: fewer in a long record, none in one that is too short.
    requested
        Requested shares of readings that exceed.
    days
        Time from the first to the last reading [days]; ``None`` if it is unknown.
    stamped
        Whether that is by time stamps, not by the station's cadence.
    regimes
        Plateaus of the climate in the record.
    steps
        The fits; none if the record is too short.
    notes
        Sentences about what could not be laid out.
    """

    rows: int
    used: int
    requested: tuple[float, ...]
    days: float | None
    stamped: bool
    regimes: int
    steps: tuple[AgeingStep, ...] = ()
    notes: tuple[str, ...] = ()

    @classmethod
    def read(cls, metrics: dict[str, Any]) -> Self | None:
        """Read it from a run's metrics; ``None``: the run is of an earlier davylamp.

        Raises
        ------
        TrainingError
            It is damaged.
        """
        try:
            return msgspec.convert(metrics["ageing"], cls) if "ageing" in metrics else None
        except msgspec.ValidationError as error:
            raise TrainingError(f"metrics.json: ageing: {error}; fix: train again into this folder") from error

    def steps_of(self, direction: Direction) -> tuple[AgeingStep, ...]:
        """Return the fits of a direction."""
        return tuple(step for step in self.steps if step.direction == direction)

    def without(self, score: str) -> Self:
        """Return the same without a score, one that the bundle does not have."""
        parts = ("counts", "windows", "following")
        return replace(
            self,
            steps=tuple(
                replace(
                    step,
                    **{part: {name: of for name, of in getattr(step, part).items() if name != score} for part in parts},
                )
                for step in self.steps
            ),
        )

    @property
    def directions(self) -> tuple[Direction, ...]:
        """Directions that were measured, in order."""
        return tuple(dict.fromkeys(step.direction for step in self.steps))

    @property
    def scores(self) -> tuple[str, ...]:
        """Scores that were measured, in order: ours, then peers."""
        found = dict.fromkeys(name for step in self.steps for name in step.counts)
        return (*(name for name in JUDGED if name in found), *(name for name in found if name not in JUDGED))

    def worst(self, direction: Direction, score: str, requested: float, place: Place) -> WorstStretch | None:
        """Return the worst part, quarter of a part, or window of 2,000; ``None``: there is none."""
        at = self.requested.index(requested)
        found = [
            WorstStretch(
                share=aged.counts.exceeding[at] / aged.counts.readings,
                readings=aged.counts.readings,
                kept=aged.counts.exceeding[at] <= most_allowed(aged.counts.readings, requested),
                age=aged.age,
                days=aged.days,
            )
            for step in self.steps_of(direction)
            for aged in _places(step, score, place)
        ]
        # A stretch that breaks the budget counts before one that keeps it, in which a single reading may be a large
        # share.
        return max(found, key=lambda one: (not one.kept, one.share), default=None)

    def following(self, direction: Direction, score: str, requested: float) -> float | None:
        """Return the largest share of a step where thresholds follow; ``None``: it was not measured."""
        at = self.requested.index(requested)
        steps = self.steps_of(direction)
        return max((step.following[score][at] for step in steps if score in step.following), default=None)

    def keeps(self, direction: Direction, score: str, requested: float) -> bool | None:
        """Return whether every part, quarter and window keeps the budget; ``None``: there is none."""
        found = [self.worst(direction, score, requested, place) for place in PLACES]
        known = [one.kept for one in found if one is not None]
        return all(known) if known else None

    def broken(self) -> list[tuple[Direction, str, float]]:
        """Return direction, score and requested rate of every budget that breaks, ``ahead`` first."""
        return [
            (direction, score, requested)
            for direction in self.directions
            for score in JUDGED
            for requested in self.requested
            if self.keeps(direction, score, requested) is False
        ]


class _Aged(NamedTuple):
    counts: ExceedanceCounts
    age: float | None
    days: float | None


def _places(step: AgeingStep, score: str, place: Place) -> Iterator[_Aged]:
    """Yield every part, quarter or window of a step, with its age."""
    if place == "window":
        if score in step.windows:
            yield _Aged(ExceedanceCounts(WINDOW, step.windows[score]), None, None)
        return
    quarters = list(zip(step.stretches, step.counts.get(score, ()), strict=False))
    groups = [[quarter] for quarter in quarters]
    if place == "part":
        parts = dict.fromkeys(stretch.part for stretch, _ in quarters)
        groups = [[quarter for quarter in quarters if quarter[0].part == part] for part in parts]
    for group in groups:
        counts = ExceedanceCounts.total(counts for _, counts in group)
        if counts.readings:
            days = [stretch.days for stretch, _ in group if stretch.days is not None]
            age = sum(stretch.age for stretch, _ in group) / len(group)
            yield _Aged(counts, age, sum(days) / len(days) if days else None)
