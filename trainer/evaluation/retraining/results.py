"""Holds what two bundles did on the same readings, side by side."""

from __future__ import annotations

from typing import Any, Self

import msgspec
from msgspec import Struct

from edge.clock import rfc3339
from trainer.errors import TrainingError

RETRAINED = "retrained"
"""Key of a comparison in a run's metrics, and so in a bundle's manifest."""


class BudgetCount(Struct, frozen=True, kw_only=True):
    """How often one score of a bundle exceeds on undisturbed readings.

    Parameters
    ----------
    score
        ``consistency``, ``reconstruction`` or ``onset``.
    requested
        Requested share of readings that exceed [-].
    readings
        Undisturbed readings with a score.
    exceeding
        How many of them exceed with thresholds as they were fitted.
    following
        Share of them that exceed where thresholds follow the station [-]; ``None``: they never follow.
    kept
        Whether the budget is kept, see :func:`trainer.evaluation.ageing.tolerance.most_allowed`.
    """

    score: str
    requested: float
    readings: int
    exceeding: int
    following: float | None
    kept: bool

    @property
    def share(self) -> float:
        """Share of the readings that exceed [-]."""
        return self.exceeding / self.readings if self.readings else 0.0


class FaultsFound(Struct, frozen=True, kw_only=True):
    """How well the consistency score finds one family of faults that were put into the readings.

    Parameters
    ----------
    family
        Kind of fault.
    auroc
        AUROC of fault rows against undisturbed ones.
    recall
        Share of the fault rows above the 99 % quantile of the undisturbed ones [-].
    """

    family: str
    auroc: float
    recall: float


class BundleResult(Struct, frozen=True, kw_only=True):
    """What one bundle did.

    Parameters
    ----------
    name
        What it is called.
    budget
        Its scores at each requested rate.
    faults
        By family, in the same order for both bundles.
    labelled, labelled_found
        Stretches that people have labelled as a plume or a fault, and how many of them raise an alarm.
    """

    name: str
    budget: tuple[BudgetCount, ...]
    faults: tuple[FaultsFound, ...]
    labelled: int = 0
    labelled_found: int = 0

    @property
    def auroc(self) -> float | None:
        """Mean AUROC over the families; ``None``: nothing was injected."""
        return sum(one.auroc for one in self.faults) / len(self.faults) if self.faults else None

    @property
    def recall(self) -> float | None:
        """Mean recall over the families; ``None``: nothing was injected."""
        return sum(one.recall for one in self.faults) / len(self.faults) if self.faults else None

    @property
    def broken(self) -> tuple[BudgetCount, ...]:
        """The budgets that it breaks."""
        return tuple(one for one in self.budget if not one.kept)


class Comparison(Struct, frozen=True, kw_only=True):
    """Two bundles on the newest part of a record, which the new one has not seen.

    Parameters
    ----------
    old, new
        What they did.
    readings
        Readings of that part.
    since, until
        Time of the first and the last of them, Unix time [s]; ``None`` where it is unknown.
    trained
        Rows that the new bundle was fitted on.
    notes
        Sentences about what the comparison does not show.
    unseen
        Whether the old one, too, is known not to have seen them.
    """

    old: BundleResult
    new: BundleResult
    readings: int
    since: float | None
    until: float | None
    trained: int
    notes: tuple[str, ...] = ()
    unseen: bool = True

    @property
    def where(self) -> str:
        """What was compared on, as the end of a sentence."""
        when = ""
        if self.since is not None and self.until is not None:
            when = f", {rfc3339(self.since)} to {rfc3339(self.until)}"
        return f"the newest {self.readings:,} readings{', which neither has seen' if self.unseen else ''}{when}"

    @classmethod
    def read(cls, metrics: dict[str, Any]) -> Self | None:
        """Read it from metrics; ``None``: that bundle was no retraining.

        Raises
        ------
        TrainingError
            It is damaged.
        """
        try:
            return msgspec.convert(metrics[RETRAINED], cls) if RETRAINED in metrics else None
        except msgspec.ValidationError as error:
            raise TrainingError(f"metrics: {RETRAINED}: {error}; fix: retrain again") from error
