"""Measures how closely a synthesiser's rows resemble real ones, on the published random split."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from msgspec.structs import asdict

from config.settings.station import Station
from edge.arrays import Floats, Indices
from trainer.data.record import Record
from trainer.data.splits import random_split
from trainer.evaluation.synthesis.downstream import regress
from trainer.evaluation.synthesis.fidelity import fidelity
from trainer.evaluation.synthesis.memorisation import exact_copies, nearer_share
from trainer.evaluation.synthesis.moisture_check import moisture_broken
from trainer.evaluation.synthesis.results import Fidelity, Resemblance, mean
from trainer.evaluation.synthesis.synthesisers import Fit
from trainer.evaluation.synthesis.two_sample_test import c2st

HALVING = 7
"""Seed of the halves of the training rows."""


def resemblance(
    record: Record, name: str, make: Fit | None, *, shipped: Fit | None = None, seed: int, draws: int
) -> Resemblance:
    """Fit a synthesiser on the training rows and compare what it draws with them and with held-out rows.

    Every draw has as many rows as there are training rows; the classifier, whose AUROC depends on the count, gets as
    many as are held out. The split is the same for all seeds. The refit that tests for copies is drawn from once.

    Parameters
    ----------
    record
        Its rows are split at random, as published.
    name
        Name of the synthesiser.
    make
        Fits it on rows in their order in the record; ``None`` compares the held-out rows themselves with the training
        rows.
    shipped
        Fits it in place of ``make``, except for the refit on one half.
    seed
        Seed of its training.
    draws
        Draws to average over, at least 1.
    """
    station, split = record.station, random_split(record)
    train, test = record.values[split.train], record.values[split.test]
    first, second = (train[half] for half in _halves(len(train)))
    started = time.process_time()
    fitted = None if make is None else (shipped or make)(record.values[np.sort(split.train)], test, station, seed)
    seconds = time.process_time() - started
    if fitted is not None and fitted.cpu_seconds is not None:
        seconds = fitted.cpu_seconds
    made = [test] if fitted is None else [fitted.draw(len(train), one) for one in range(draws)]
    refit = test if make is None else make(first, test, station, seed).draw(len(first), 0)
    return Resemblance(
        station=", ".join(record.files) or station.name,
        synthesiser=name,
        seed=seed,
        train=_mean([fidelity(train, rows, station) for rows in made]),
        ks=mean(fidelity(test, rows, station).ks for rows in made) if fitted else float("nan"),
        c2st_train=c2st(train[: len(test)], made[0], seed=0),
        c2st_test=mean(c2st(test, rows, seed=k) for k, rows in enumerate(made)) if fitted else float("nan"),
        tstr=_tstr(made, train, test, station) if fitted and station.gas else float("nan"),
        moisture=mean(moisture_broken(train, rows, station) for rows in made),
        nearer_share=nearer_share(first, second, refit),
        copies=mean(exact_copies(train, rows) for rows in made),
        cpu_seconds=seconds,
    )


def _tstr(made: Sequence[Floats], train: Floats, test: Floats, station: Station) -> float:
    alone = regress(train, test, station, seed=0).r2
    return mean(regress(rows, test, station, seed=0).r2 / alone for rows in made)


def _halves(count: int) -> Sequence[Indices]:
    return np.array_split(np.random.default_rng(HALVING).permutation(count), 2)


def _mean(several: Sequence[Fidelity]) -> Fidelity:
    every = [asdict(one) for one in several]
    spread = {key: mean(one.std_ratio[key] for one in several) for key in several[0].std_ratio}
    rest = {name: mean(one[name] for one in every) for name in every[0] if name != "std_ratio"}
    return Fidelity(std_ratio=spread, **rest)
