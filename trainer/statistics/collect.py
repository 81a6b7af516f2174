"""Collects the statistics of what was just trained."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from edge.bundles.manifest import SCORER_ABSENT
from edge.synthesis.sampler import Sampler
from trainer.data.record import Record
from trainer.data.splits import Split, blocked
from trainer.generation.fitted_generator import FittedGenerator
from trainer.scoring.fit_scorer import FittedScorer
from trainer.statistics.binning import bin_samples, column_axes, pairs
from trainer.statistics.network_statistics import generator_statistics, scorer_statistics
from trainer.statistics.run_statistics import NetworkStatistics, RunStatistics

MOST_GENERATED = 20_000
"""Most rows to generate."""


def collect(
    record: Record,
    generator: FittedGenerator,
    split: Split,
    scorers: Mapping[str, FittedScorer],
    *,
    seed: int,
) -> RunStatistics:
    """Bin rows, and what networks give back of them.

    Parameters
    ----------
    record
        The rows.
    generator, split
        The generator, and the rows that it was fitted and is tested on.
    scorers
        The scorers by name; they are described by the blocks of time that they were fitted and are tested on.
    seed
        Seed of the generated rows, of which there are as many as training rows, at most 20,000.
    """
    station = record.station
    train, test = (record.values[record.intact_rows(rows)] for rows in (split.train, split.test))
    axes = column_axes(np.concatenate([train, test]), station)
    made = np.asarray(Sampler(generator.generator).prior(min(len(train), MOST_GENERATED), seed), dtype=np.float64)
    networks: dict[str, NetworkStatistics] = {}
    network = generator_statistics(generator, axes, {"train": train, "test": test})
    if network is not None:
        networks["generator"] = network
    for name, scorer in scorers.items():
        kind = scorer.spec.network.kind
        seen = record.without_gas if name == SCORER_ABSENT else record
        blocks = blocked(seen)
        networks[name] = scorer_statistics(scorer.model, kind, seen, {"train": blocks.train, "test": blocks.test})
    return RunStatistics(
        rows=bin_samples(axes, {"train": train, "test": test, "generated": made}, pairs(station)), networks=networks
    )
