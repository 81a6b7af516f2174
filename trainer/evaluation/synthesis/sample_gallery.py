"""pictured: what one synthesiser's rows look like, binned, beside real ones, on the published random split."""

from __future__ import annotations

import numpy as np

from trainer.data.record import Record
from trainer.data.splits import random_split
from trainer.evaluation.synthesis.results import OURS, PUBLISHED, REAL
from trainer.evaluation.synthesis.synthesisers import Fit
from trainer.statistics.binning import columns, gallery, pairs
from trainer.statistics.samples import BinnedSamples

NOISES: dict[str, float | None] = {"auto": None, ".1": 0.1, ".5": 0.5, "1": 1.0}
"""Noise on codes, by the name that it has in a sample's: ``ours, AE, noise .5``."""
NAMES = (*OURS.values(), *PUBLISHED.values())
"""Who is pictured."""
TRAINED = "real"
"""The training rows' sample; the held-out rows' is :data:`trainer.evaluation.synthesis.results.REAL`."""
MOST = 20_000


def sample_gallery(record: Record, name: str, make: Fit, *, seed: int) -> BinnedSamples:
    """Fit a synthesiser on the training rows and bin what it draws: as it is used, and around training rows.

    Parameters
    ----------
    record
        Its rows are split at random, as published.
    name, make
        What it is called, and what fits it.
    seed
        Of its training.

    Returns
    -------
    Gallery
        Samples: the real rows; NAME; and, of networks, ``NAME, noise auto``, ``.1``, ``.5`` and ``1``. Each has as many
        rows as there are training rows, at most 20,000.
    """
    split = random_split(record)
    train, test = record.values[split.train], record.values[split.test]
    fitted = make(train, test, record.station, seed)
    count = min(len(train), MOST)
    samples = {TRAINED: train, REAL: test, name: fitted.draw(count, 0)}
    if fitted.around is not None:
        samples |= {f"{name}, noise {told}": fitted.around(count, 0, noise) for told, noise in NOISES.items()}
    return gallery(
        columns(record.values, record.station),
        {one: np.asarray(rows, dtype=np.float64) for one, rows in samples.items()},
        pairs(record.station),
    )
