"""Painting: the portrait of what was just trained."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from edge.synthesis.sampler import Sampler
from trainer.data.record import Record
from trainer.data.splits import Split
from trainer.generation.fitted_generator import FittedGenerator
from trainer.scoring.fit_scorer import FittedScorer
from trainer.statistics.binning import column_axes, gallery, pairs
from trainer.statistics.network_statistics import inside_generator, inside_scorer
from trainer.statistics.run_statistics import NetworkStatistics, RunStatistics

MOST_GENERATED = 20_000


def collect(
    record: Record,
    generator: FittedGenerator,
    split: Split,
    scorers: Mapping[str, FittedScorer],
    blocks: Split,
    *,
    seed: int,
) -> RunStatistics:
    """Bin rows, and what networks make of them.

    Parameters
    ----------
    record
        What was trained on.
    generator, split
        What makes rows, and on which rows it was fitted.
    scorers, blocks
        What scores readings by name, and which rows it was fitted on and is judged on.
    seed
        Of the generated rows: as many as training rows, at most 20,000.
    """
    station = record.station
    train, test = record.values[split.train], record.values[split.test]
    axes = column_axes(np.concatenate([train, test]), station)
    made = np.asarray(Sampler(generator.generator).prior(min(len(train), MOST_GENERATED), seed), dtype=np.float64)
    networks: dict[str, NetworkStatistics] = {}
    inside = inside_generator(generator, axes, {"train": train, "test": test})
    if inside is not None:
        networks["generator"] = inside
    for name, scorer in scorers.items():
        kind = scorer.spec.network.kind
        networks[name] = inside_scorer(scorer.model, kind, record, {"train": blocks.train, "test": blocks.test})
    return RunStatistics(
        rows=gallery(axes, {"train": train, "test": test, "generated": made}, pairs(station)), networks=networks
    )
