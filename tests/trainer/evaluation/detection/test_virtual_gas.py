from __future__ import annotations

import numpy as np
import pytest

from config.settings.training import Training
from edge.models.scoring_model import ScoringModel
from trainer.data.record import Record
from trainer.evaluation.detection.folds import Fold
from trainer.evaluation.detection.virtual_gas import virtual_gas_curve
from trainer.scoring.fit_scorer import fit_scorer

TRAIN = np.arange(2000)
CELL = Fold(train=TRAIN, validation=TRAIN[1600:], test=np.arange(2000, 3000), spans=((2000, 2700), (2700, 3000)))


@pytest.fixture(scope="module")
def model(chamber: Record) -> ScoringModel:
    return fit_scorer(chamber, TRAIN, Training(hidden=(8,), epochs=2), absent=True, folds=2).model


def test_the_sensors_follow_the_gas_column_that_they_do_not_get(chamber: Record, model: ScoringModel) -> None:
    found = virtual_gas_curve(chamber, CELL, model, folds=4)

    assert found is not None
    assert found.sd > 0
    assert (found.low <= found.median).all()
    assert (found.median <= found.high).all()
    assert np.corrcoef(np.log(found.reference), np.log(found.median))[0, 1] > 0.8
    assert found.joint.sum() == pytest.approx(100, abs=1)
    assert found.axis.key == "ch4_ppb"


def test_the_line_breaks_between_blocks(chamber: Record, model: ScoringModel) -> None:
    found = virtual_gas_curve(chamber, CELL, model, folds=4)

    assert found is not None
    assert found.row[np.isnan(found.line)].tolist() == [2700, 3000]
    assert (np.isnan(found.line) == np.isnan(found.virtual)).all()
    mean = np.nanmean(found.line)
    assert mean == pytest.approx(chamber.values[2000:, 0].mean(), rel=0.01)


def test_sensors_that_do_not_respond_have_no_curve(chamber: Record, model: ScoringModel) -> None:
    values = chamber.values.copy()
    values[:, 0] = np.random.default_rng(1).uniform(2000, 3000, len(values))

    assert virtual_gas_curve(Record.from_values(values, chamber.station), CELL, model, folds=4) is None
