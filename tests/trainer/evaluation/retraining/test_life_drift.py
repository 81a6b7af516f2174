from __future__ import annotations

from pathlib import Path

import numpy as np

from edge.bundles.bundle import Bundle
from edge.scoring.scorer import Scorer
from edge.simulation.simulator import simulate_chamber
from tests.edge.scoring.fed_scorer import readings
from trainer.data.record import Record
from trainer.evaluation.retraining.life_drift import measure_drift
from trainer.scoring.measure import measure

ROWS = 1440  # the last block of a drift ends here


def test_the_drift_of_a_life_is_the_one_that_a_gateway_publishes(bundles: dict[str, Path]) -> None:
    bundle = Bundle.open(bundles["ae"])
    values = simulate_chamber(3000, seed=5)[:ROWS]
    values[ROWS // 2 :, 5] *= 1.5  # a sensor that has aged
    scorer = Scorer(bundle, absent=("ch4_ppb",))
    state = scorer.new_state()
    scorer.score([(state, each) for each in readings(values.tolist())])
    assert state.drift is not None

    record = Record.from_values(values, bundle.station)
    scores = measure(bundle.scoring(True), record, np.arange(ROWS))
    found = measure_drift(bundle, record, scores, [(0, 400), (400, ROWS - 8), (ROWS - 8, ROWS)], absent=True)

    assert found is not None
    assert dict(zip(found.names, found.shares[-1].tolist(), strict=True)) == state.drift.shares
    assert found.stands == (False, bool(state.drift.drifted), bool(state.drift.drifted))
    assert state.drift.drifted
    assert np.isnan(found.shares[0]).all(), "the window of 960 readings is not full"
