from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from config.settings.training import Training
from edge.models.scoring_model import ScoringModel
from trainer.data.record import Record, Span
from trainer.evaluation.detection.curves import ScoreTimeline
from trainer.evaluation.detection.faults import GAP, Case, Faulted, cases, inject_faults
from trainer.evaluation.detection.folds import Fold
from trainer.evaluation.detection.timelines import timelines
from trainer.scoring.fit_scorer import fit_scorer

TRAIN = np.arange(2000)
CELL = Fold(train=TRAIN, validation=TRAIN[1600:], test=np.arange(2000, 3000), spans=((2000, 2700), (2700, 3000)))


@pytest.fixture(scope="module")
def model(chamber: Record) -> ScoringModel:
    return fit_scorer(chamber, TRAIN, Training(hidden=(8,), epochs=2), folds=2).model


def drawn(chamber: Record, model: ScoringModel, *names: str) -> tuple[ScoreTimeline, ...]:
    station = chamber.station
    chosen = [case for name in names for case in cases(station) if case.name == name]

    def put(case: Case, values: np.ndarray, where: Sequence[Span]) -> Faulted:
        return inject_faults(
            case, values, station, sigma=chamber.values.std(axis=0), sensitivity=None, background=2000.0,
            segments=where, seed=1,
        )  # fmt: skip

    return timelines(chamber, CELL, model, chosen, put, rate=0.001)


def test_faults_go_one_after_the_other_into_the_first_blocks_that_have_room(
    chamber: Record, model: ScoringModel
) -> None:
    found = drawn(chamber, model, "drift to 1 sigma", "open circuit", "zero", "stuck 60 rows", "blind reference")

    first, second = found
    assert [(one.start, one.end) for one in found] == list(CELL.spans)
    # A drift of 240 rows leaves room for two more in 700 rows; a blind reference has no length of its own.
    assert [fault.family for fault in first.faults] == ["drift", "open", "zero"]
    assert [fault.family for fault in second.faults] == ["stuck"]
    for one in found:
        ends = [one.start, *(fault.end for fault in one.faults)]
        assert all(fault.start - end >= GAP for end, fault in zip(ends, one.faults, strict=False))
        assert all(fault.end <= one.end for fault in one.faults)


def test_scores_rise_where_the_fault_is_and_an_alarm_stands(chamber: Record, model: ScoringModel) -> None:
    (found,) = drawn(chamber, model, "open circuit")

    (fault,) = found.faults
    assert fault.found
    inside = (found.row >= fault.start) & (found.row < fault.end)
    before = (found.row > found.start + 100) & (found.row < fault.start - 2)
    assert found.scores["consistency"][inside].max() > found.scores["consistency"][before].max() + 1
    assert any(fault.start <= start < fault.end for start, _ in found.alarms)
    assert all(found.start <= start < end <= found.end for start, end in found.alarms)
    assert len(found.row) <= 480
    assert found.gas is not None
    assert found.gas.mean() == pytest.approx(chamber.values[2000:2700, 0].mean(), rel=0.01)


def test_a_station_that_warms_up_has_no_threshold_yet(chamber: Record, model: ScoringModel) -> None:
    (found,) = drawn(chamber, model, "zero")

    threshold = found.thresholds["consistency"]
    assert np.isnan(threshold[0])
    assert np.isfinite(threshold[found.row > found.start + 100]).all()
    assert not np.isinf(threshold).any()
