"""Holds what was measured on held-out rows, and computes the means over it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal, Self

import numpy as np
from msgspec import Struct, field

from trainer.evaluation.ageing.results import Ageing
from trainer.evaluation.detection.curves import Curves
from trainer.evaluation.detection.faults import Family
from trainer.evaluation.detection.folds import SplitName
from trainer.evaluation.detection.labelled_case import LabelledCase
from trainer.statistics.json_arrays import read_arrays

Mode = Literal["static", "adaptive", "in sample"]
Spacing = Literal["dense", "sparse"]
Measure = Literal["auroc", "recall_at_1pct", "recall_at_01pct"]

CONSISTENCY = "ours, consistency"
DETECTION = "detection.json"
"""File name of an evaluation in a run folder."""

RECONSTRUCTION = {"ae": "ours, AE", "vae": "ours, VAE"}
ONSET = "ours, onset"
PUBLISHED_AE = "AE, published"
PUBLISHED_VAE = "VAE, published"

REQUESTED = (0.01, 0.001)
"""Requested rates."""
MODES: dict[Mode, bool] = {"static": False, "adaptive": True}
"""Mode of our thresholds -> whether they follow the station."""


class CaseResult(Struct, frozen=True, kw_only=True):
    """How well one detector finds one case of faults.

    Parameters
    ----------
    auroc
        AUROC of fault rows against undisturbed ones.
    recall_at_1pct, recall_at_01pct
        Share of the fault rows above the 99 % and the 99.9 % quantile of the undisturbed held-out rows.
    """

    auroc: float
    recall_at_1pct: float = field(name="r1")
    recall_at_01pct: float = field(name="r01")


class Rate(Struct, frozen=True, kw_only=True):
    """Share of undisturbed held-out rows that exceed a threshold set on the training rows alone.

    Parameters
    ----------
    mode
        ``static``: our p-value table, made out of fold; ``adaptive``: the same with the gateway's adaptation;
        ``in sample``: the quantile of the training scores, as published.
    """

    detector: str
    mode: Mode
    requested: float
    realised: float


class Events(Struct, frozen=True, kw_only=True):
    """Events of one case that the consistency found, which takes an exceedance in at least one row.

    Parameters
    ----------
    spacing
        ``dense``: one after the other, 20 rows apart; ``sparse``: one in about 500 rows.
    named
        Events found in which the row of the highest score names the channel at fault; ``None`` where the fault is not
        in a single channel.
    """

    case: str
    spacing: Spacing
    mode: Mode
    requested: float
    total: int
    found: int
    named: int | None


class WithoutGas(Struct, frozen=True, kw_only=True):
    """How well a detector does that gets every column but the gas.

    Parameters
    ----------
    auroc
        AUROC of background rows against rows above the training rows' 95 % quantile of the gas.
    requested, realised
        Share of the background rows that may exceed, and that do.
    onsets, found
        Onsets of the gas among the held-out rows, and those with an exceedance within 30 rows.
    """

    detector: str
    auroc: float
    requested: float
    realised: float
    onsets: int
    found: int


class FoldResult(Struct, frozen=True, kw_only=True):
    """All measurements of one station's record on one split.

    Parameters
    ----------
    cases
        Detector -> case -> result, for the cases that the held-out rows had room for.
    alarms, readings
        Consistency alarms that an operator sees with the gateway's default settings, and the undisturbed readings that
        they were raised in.
    without_gas
        Results of the detectors that get every column but the gas.
    notes
        What the station cannot be measured for, in sentences.
    curves
        What figures need besides; ``None`` unless it was requested.
    """

    station: str
    split: SplitName
    train_rows: int
    test_rows: int
    cases: dict[str, dict[str, CaseResult]] = field(name="findings")
    rates: tuple[Rate, ...]
    events: tuple[Events, ...]
    alarms: int
    readings: int
    without_gas: tuple[WithoutGas, ...] = field(name="withheld")
    notes: tuple[str, ...]
    curves: Curves | None = None


class Evaluation(Struct, frozen=True, kw_only=True):
    """All folds, and the family of each case.

    An AUROC or a recall over several cases is the mean over the families of their means, and over several folds the
    mean over the folds: a family counts once, however many sizes it comes in.

    Parameters
    ----------
    families
        Case -> its family.
    folds
        Results of every split of every station.
    quick
        Whether only one case of each family was measured.
    ageing
        Station -> false alarms by age, ours and those of peers.
    notes
        Sentences about splits that could not be measured.
    labelled
        What people have labelled in collected files, and whether the scores find it.
    """

    families: dict[str, Family]
    folds: tuple[FoldResult, ...] = field(name="cells")
    quick: bool = False
    ageing: dict[str, Ageing] = {}
    notes: tuple[str, ...] = ()
    labelled: tuple[LabelledCase, ...] = ()

    @classmethod
    def read(cls, folder: str | os.PathLike[str]) -> Self | None:
        """Read the evaluation of a run folder; ``None`` if it has none (TrainingError if it is damaged)."""
        return read_arrays(Path(folder) / DETECTION, cls, fix=f"davylamp evaluate FILE --run {folder}")

    @property
    def splits(self) -> tuple[SplitName, ...]:
        """Splits that were measured, in order."""
        return tuple(dict.fromkeys(fold.split for fold in self.folds))

    @property
    def detectors(self) -> tuple[str, ...]:
        """Detectors that were measured, in order."""
        return tuple(dict.fromkeys(name for fold in self.folds for name in fold.cases))

    def folds_of(self, split: SplitName | None = None) -> Iterator[FoldResult]:
        """Yield the folds of a split, or all folds."""
        return (fold for fold in self.folds if split in (None, fold.split))

    def mean(
        self,
        detector: str,
        measure: Measure = "auroc",
        *,
        split: SplitName | None = None,
        families: Iterable[Family] | None = None,
        case: str | None = None,
    ) -> float:
        """Return a detector's mean over folds and families, all or selected; nan where nothing was measured.

        Parameters
        ----------
        detector
            One of :attr:`detectors`.
        measure
            Field of :class:`CaseResult`.
        split, families, case
            Restrict the mean to one split, to these families, to one case; ``None`` restricts nothing.
        """
        wanted = None if families is None else set(families)
        means = []
        for fold in self.folds_of(split):
            by_family: dict[str, list[float]] = {}
            for name, result in fold.cases.get(detector, {}).items():
                family = self.families[name]
                if (wanted is None or family in wanted) and case in (None, name):
                    by_family.setdefault(family, []).append(getattr(result, measure))
            if by_family:
                means.append(float(np.mean([np.mean(values) for values in by_family.values()])))
        return float(np.mean(means)) if means else float("nan")
