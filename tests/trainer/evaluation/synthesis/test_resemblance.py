"""resemblance: what is fitted on which rows."""

from __future__ import annotations

import numpy as np

from config.settings.station import Station
from edge.arrays import Floats
from trainer.data.record import Record
from trainer.data.splits import random_split
from trainer.evaluation.synthesis.resemblance import resemblance
from trainer.evaluation.synthesis.synthesisers import FittedSynthesiser


def test_what_is_shipped_is_fitted_on_all_training_rows_in_order_and_only_the_refit_is_not(chamber: Record) -> None:
    record = Record.from_values(chamber.values[:400], chamber.station)
    seen: dict[str, list[Floats]] = {"here": [], "shipped": []}

    def fit(where: str, seconds: float | None) -> FittedSynthesiser:
        rows = seen[where][-1]

        def draw(n: int, seed: int) -> Floats:
            rng = np.random.default_rng(seed)
            return np.asarray(rows[rng.integers(len(rows), size=n)] * rng.uniform(0.999, 1.001, (n, 1)))

        return FittedSynthesiser(draw, cpu_seconds=seconds)

    def here(train: Floats, validation: Floats, station: Station, seed: int) -> FittedSynthesiser:
        seen["here"].append(train)
        return fit("here", None)

    def shipped(train: Floats, validation: Floats, station: Station, seed: int) -> FittedSynthesiser:
        seen["shipped"].append(train)
        return fit("shipped", 12.5)

    found = resemblance(record, "copies", here, shipped=shipped, seed=3, draws=1)

    (whole,), (half,) = seen["shipped"], seen["here"]
    np.testing.assert_array_equal(whole, record.values[np.sort(random_split(record).train)])
    assert len(half) == len(whole) // 2
    assert found.cpu_seconds == 12.5
    assert found.nearer_share > 0.9
