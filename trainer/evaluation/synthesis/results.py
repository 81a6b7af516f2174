"""Holds what was measured of every synthesiser, and computes the means over it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, Self

import numpy as np
from msgspec import Struct, field

from trainer.statistics.json_arrays import read_arrays
from trainer.statistics.samples import BinnedSamples

SYNTHESIS = "synthesis.json"
"""File name of an evaluation of synthesis in a run folder."""

GeneratorKind = Literal["vae", "ae", "mixture"]

OURS: dict[GeneratorKind, str] = {"vae": "ours, VAE", "ae": "ours, AE", "mixture": "plain Gaussian mixture"}
PUBLISHED: dict[Literal["ae", "vae"], str] = {"ae": "AE, published", "vae": "VAE, published"}
JITTER, SMOTE = "jitter 2 %", "SMOTE, 5 neighbours"
REAL = "real, held out"
"""Rows that no synthesiser made: the best that one could reach."""


class Fidelity(Struct, frozen=True, kw_only=True):
    """How much rows differ from real ones; 0 means equal unless noted otherwise.

    Parameters
    ----------
    ks
        Mean over columns of the Kolmogorov-Smirnov statistic.
    wasserstein
        Mean over columns of the first Wasserstein distance [standard deviations of the real column].
    std_ratio
        Standard deviation over the real one, by column key; 1 means equal.
    pearson, spearman
        Mean absolute difference of the correlations over all pairs of columns, whether they are correlated or not.
    gas_skewness, gas_p99
        Skewness and 99 % quantile of the gas over the real ones; 1 means equal, nan without a gas column.
    """

    ks: float
    wasserstein: float
    std_ratio: dict[str, float]
    pearson: float
    spearman: float
    gas_skewness: float
    gas_p99: float


class Resemblance(Struct, frozen=True, kw_only=True):
    """How closely one synthesiser's rows resemble real ones, split at random; the mean over its draws.

    Parameters
    ----------
    station
        Which board.
    synthesiser
        Name of the synthesiser.
    seed
        Seed of its training.
    train
        Comparison with the rows that it was fitted on.
    ks
        Mean Kolmogorov-Smirnov statistic against held-out rows; nan for the held-out rows themselves.
    c2st_train, c2st_test
        Classifier two-sample test, an AUROC, against the rows that it was fitted on, and against held-out rows.
    tstr
        Train on synthetic, test on real: R2 of a regression of the gas over that of one trained on real rows [-].
    moisture
        Share of rows whose moisture is at odds with temperature and humidity; nominally .010.
    nearer_share
        Share of rows, after a refit on one half of the training rows, nearer to this half than to the other; .5 is
        ideal.
    copies
        Rows that equal a training row.
    cpu_seconds
        CPU time of the fit [s].
    """

    station: str
    synthesiser: str
    seed: int
    train: Fidelity
    ks: float
    c2st_train: float = field(name="told_train")
    c2st_test: float = field(name="told_test")
    tstr: float = field(name="useful")
    moisture: float
    nearer_share: float = field(name="nearer")
    copies: float
    cpu_seconds: float


class TrainSyntheticTestReal(Struct, frozen=True, kw_only=True):
    """What synthetic rows alone are worth on held-out blocks of time.

    Parameters
    ----------
    r2
        R2 of a regression of the gas trained on as many synthetic rows as there are training rows.
    real
        R2 of the same regression trained on the training rows.
    """

    station: str
    synthesiser: str
    seed: int
    r2: float
    real: float


class Scarce(Struct, frozen=True, kw_only=True):
    """What synthetic rows add to few real ones, on one set of test blocks.

    Parameters
    ----------
    blocks
        Which set of test blocks.
    rmse, tail_rmse
        RMSE of a regression trained on both, in the gas's unit; the tail is the highest tenth of the held-out gas.
    real_rmse, real_tail_rmse
        RMSE of the same regression trained on the real rows alone.
    """

    station: str
    synthesiser: str
    seed: int
    blocks: int
    rmse: float
    tail_rmse: float
    real_rmse: float
    real_tail_rmse: float


class Detection(Struct, frozen=True, kw_only=True):
    """What synthetic rows add to the detection of faults when there are few real rows.

    Parameters
    ----------
    auroc
        Detector -> AUROC of fault rows against undisturbed ones, mean over cases.
    """

    station: str
    seed: int
    blocks: int
    auroc: dict[str, float]


class SynthesisEvaluation(Struct, frozen=True, kw_only=True):
    """All that was measured.

    Parameters
    ----------
    judged
        The synthesiser that the goals are about.
    synthesisers
        All synthesisers, in the order of the tables.
    resemblances, tstr_blocks, scarce, detections
        The measurements.
    gallery
        Binned rows of the first board, see :func:`trainer.evaluation.synthesis.sample_gallery.sample_gallery`;
        ``None`` unless it was requested.
    quick
        Whether only one seed and fewer synthesisers were measured.
    """

    judged: str
    synthesisers: tuple[str, ...]
    resemblances: tuple[Resemblance, ...]
    tstr_blocks: tuple[TrainSyntheticTestReal, ...] = field(name="usefulness")
    scarce: tuple[Scarce, ...]
    detections: tuple[Detection, ...]
    gallery: BinnedSamples | None = None
    quick: bool = False

    @classmethod
    def read(cls, folder: str | os.PathLike[str]) -> Self | None:
        """Read the evaluation of a run folder; ``None`` if it has none (TrainingError if it is damaged)."""
        return read_arrays(Path(folder) / SYNTHESIS, cls, fix=f"davylamp evaluate FILE --run {folder} --synthesis")

    @property
    def stations(self) -> tuple[str, ...]:
        """Boards that were measured, in order."""
        return tuple(dict.fromkeys(one.station for one in self.resemblances))

    def rmse(self, station: str, synthesiser: str) -> tuple[float, float, float, float]:
        """Return RMSE and tail RMSE with synthetic rows over those without, and the share of runs where each got worse.

        Means over sets of test blocks and seeds; nan where nothing was measured.
        """
        own = [one for one in self.scarce if (one.station, one.synthesiser) == (station, synthesiser)]
        return (
            mean(one.rmse for one in own) / mean(one.real_rmse for one in own),
            mean(one.tail_rmse for one in own) / mean(one.real_tail_rmse for one in own),
            mean(one.rmse > one.real_rmse for one in own),
            mean(one.tail_rmse > one.real_tail_rmse for one in own),
        )


def mean(values: Iterable[float]) -> float:
    """Return the mean; nan of no values."""
    found = list(values)
    return float(np.mean(found)) if found else float("nan")
