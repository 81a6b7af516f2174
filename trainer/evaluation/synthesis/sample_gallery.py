"""Bins one synthesiser's rows beside real ones, on the published random split."""

from __future__ import annotations

import numpy as np

from trainer.data.record import Record
from trainer.data.splits import random_split
from trainer.evaluation.synthesis.results import OURS, PUBLISHED, REAL
from trainer.evaluation.synthesis.synthesisers import Fit
from trainer.statistics.binning import bin_samples, column_axes, pairs
from trainer.statistics.samples import BinnedSamples

NOISES: dict[str, float | None] = {"auto": None, ".1": 0.1, ".5": 0.5, "1": 1.0}
"""Noise on the codes, by its part of a sample's name (``ours, AE, noise .5``)."""
NAMES = (*OURS.values(), *PUBLISHED.values())
"""Synthesisers whose rows are binned."""
TRAINED = "real"
"""Sample of the training rows; that of the held-out rows is :data:`trainer.evaluation.synthesis.results.REAL`."""
MOST = 20_000


def sample_gallery(record: Record, name: str, make: Fit, *, seed: int) -> BinnedSamples:
    """Fit a synthesiser on the training rows and bin what it draws, freely and around training rows.

    Parameters
    ----------
    record
        Its rows are split at random, as published.
    name
        Name of the synthesiser.
    make
        Fits it.
    seed
        Seed of its training.

    Returns
    -------
    BinnedSamples
        Samples: the real rows; NAME; and, for networks, ``NAME, noise auto``, ``.1``, ``.5`` and ``1``. Each has as
        many rows as there are training rows, at most 20,000.
    """
    split = random_split(record)
    train, test = record.values[split.train], record.values[split.test]
    fitted = make(train, test, record.station, seed)
    count = min(len(train), MOST)
    samples = {TRAINED: train, REAL: test, name: fitted.draw(count, 0)}
    if fitted.around is not None:
        samples |= {f"{name}, noise {label}": fitted.around(count, 0, noise) for label, noise in NOISES.items()}
    return bin_samples(
        column_axes(record.values, record.station),
        {one: np.asarray(rows, dtype=np.float64) for one, rows in samples.items()},
        pairs(record.station),
    )
