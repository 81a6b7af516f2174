from __future__ import annotations

from collections.abc import Callable

import numpy as np

from config.settings.training import Training
from edge.arrays import Floats
from trainer.data.onsets import onsets
from trainer.data.record import Record
from trainer.evaluation.detection.folds import Fold
from trainer.evaluation.detection.peers import Peer
from trainer.evaluation.detection.results import ONSET
from trainer.evaluation.detection.without_gas import evaluate_without_gas
from trainer.scoring.fit_scorer import fit_scorer


def test_a_detector_is_judged_by_background_and_plumes_on_held_out_rows_alone(chamber: Record) -> None:
    train, test = np.arange(1500), np.arange(1500, 3000)
    fold = Fold(train=train, validation=train[-250:], test=test, spans=((1500, 3000),))
    settings = Training(hidden=(8,), epochs=2)
    model = fit_scorer(chamber, train, settings, absent=True, folds=2).model
    level = chamber.values[:, 0]
    given = {"all": level, "none": -level, "dumb": np.zeros(3000)}  # scores, whatever the rows are

    def constant(scores: Floats) -> Callable[[Floats], Floats]:
        return lambda rows: scores

    peers = [Peer(name, constant(scores), np.sort(level[train])) for name, scores in given.items()]

    found = evaluate_without_gas(chamber, fold, model, peers, [0.01])

    ours, knows, contrary, dumb = found
    steps = [row for row in onsets(chamber, float(np.quantile(level[train], 0.1))) if row >= 1500]
    assert [one.detector for one in found] == [ONSET, "all", "none", "dumb"]
    assert [one.onsets for one in found] == [len(steps)] * 4
    assert (knows.auroc, contrary.auroc, dumb.auroc) == (1.0, 0.0, 0.5)
    assert (contrary.found, contrary.realised, dumb.found) == (0, 0.0, 0)
    assert 0.9 < ours.auroc <= 1.0
