from __future__ import annotations

import numpy as np
import pytest

from config.settings.training import Training
from edge.models.pvalue import SCORE_CAP
from edge.models.scoring_model import ScoringModel
from trainer.data.record import Record
from trainer.evaluation.detection.folds import Fold
from trainer.evaluation.detection.held_out import (
    HeldOutScores,
    count_alarms,
    exceedances,
    replay_alarms,
    score_held_out,
)
from trainer.scoring.fit_scorer import fit_scorer

TEST = np.arange(2000, 3000)
CELL = Fold(train=np.arange(2000), validation=np.arange(1600, 2000), test=TEST, spans=((2000, 2400), (2400, 3000)))
DEAD = 6


@pytest.fixture(scope="module")
def model(chamber: Record) -> ScoringModel:
    return fit_scorer(chamber, CELL.train, Training(hidden=(8,), epochs=2), folds=2).model


def judged(*scores: float, broken: tuple[int, ...] = ()) -> HeldOutScores:
    rows = np.zeros(len(scores), dtype=bool)
    rows[list(broken)] = True
    return HeldOutScores(
        np.array(scores), np.array(scores), np.zeros(len(scores)), np.zeros(len(scores), dtype=int), rows
    )


def fold(*lengths: int) -> Fold:
    ends = np.cumsum(lengths).tolist()
    spans = tuple((end - length, end) for end, length in zip(ends, lengths, strict=True))
    return Fold(train=np.arange(0), validation=np.arange(0), test=np.arange(sum(lengths)), spans=spans)


def test_every_span_is_judged_as_if_it_were_alone(model: ScoringModel, chamber: Record) -> None:
    both = score_held_out(model, chamber.values, chamber.station, CELL)
    alone = score_held_out(
        model,
        chamber.values,
        chamber.station,
        Fold(train=CELL.train, validation=CELL.validation, test=np.arange(2400, 3000), spans=((2400, 3000),)),
    )

    assert np.array_equal(both.consistency[400:], alone.consistency)
    assert np.array_equal(both.error[400:], alone.error, equal_nan=True)
    assert np.array_equal(np.flatnonzero(np.isnan(both.error)), [*range(20), *range(400, 420)])


def test_a_dead_sensor_breaks_a_rule_for_as_long_as_it_is_dead(model: ScoringModel, chamber: Record) -> None:
    values = chamber.values.copy()
    values[2500:2530, DEAD] = 0.0

    clean, found = (score_held_out(model, each, chamber.station, CELL) for each in (chamber.values, values))

    dead = slice(500, 530)
    assert np.array_equal(np.flatnonzero(found.broken), np.arange(500, 530))
    assert (found.consistency[dead] == SCORE_CAP).all()
    assert (found.culprit[dead] == DEAD).all()
    # The network sees the zero as it is; after 12 readings there is nothing left to hold.
    assert (found.error[500:512] > 2 * np.nanmax(clean.error)).all()
    assert np.isnan(found.error[512:530]).all()
    assert np.array_equal(found.consistency[:500], clean.consistency[:500])


def test_a_sensor_that_jumps_is_named(model: ScoringModel, chamber: Record) -> None:
    values = chamber.values.copy()
    values[2700, DEAD] *= 3.0

    assert score_held_out(model, values, chamber.station, CELL).culprit[700] == DEAD


def test_without_adaptation_the_threshold_is_the_requested_one_and_with_it_the_rate_is() -> None:
    often = judged(*[0.0, 0.0, 0.0, 2.5] * 500)

    assert exceedances(often, "consistency", 0.01, adapt=False).mean() == 0.25
    assert exceedances(often, "consistency", 0.001, adapt=False).sum() == 0
    assert exceedances(often, "consistency", 0.01, adapt=True).mean() < 0.03


def test_a_broken_rule_exceeds_and_teaches_the_threshold_nothing() -> None:
    broken = judged(*[SCORE_CAP] * 100, 2.1, broken=tuple(range(100)))

    assert exceedances(broken, "consistency", 0.01, adapt=True).all()
    # That of the network is judged by its score, and learns nothing, either.
    assert exceedances(broken, "reconstruction", 0.01, adapt=True).all()


def test_what_has_no_score_does_not_exceed() -> None:
    assert exceedances(judged(np.nan, 9.0), "reconstruction", 0.01, adapt=True).tolist() == [False, True]


def test_three_exceedances_in_five_are_an_alarm_and_what_follows_belongs_to_it() -> None:
    scores = np.zeros(600)
    scores[[100, 102, 104, 110]] = 9.0  # one
    scores[[300, 302, 306]] = 9.0  # too far apart
    scores[[500, 501, 502, 503]] = 9.0  # one more

    assert count_alarms(judged(*scores), fold(600), 0.01) == 2


def test_an_alarm_stands_from_the_reading_that_raises_it_to_the_one_that_clears_it() -> None:
    scores = np.zeros(600)
    scores[[100, 102, 104]] = 9.0
    scores[590:] = 9.0  # at the end of the block nobody has cleared it

    found = replay_alarms(judged(*scores), fold(600), 0.001)

    assert found.alarms == ((104, 135), (592, 600))
    assert np.isinf(found.thresholds[:50]).all()
    assert found.thresholds[100] == pytest.approx(3.0, abs=0.2)


def test_a_station_that_has_just_come_up_does_not_alarm() -> None:
    scores = np.zeros(200)
    scores[[30, 31, 32, 130, 131, 132]] = 9.0

    assert count_alarms(judged(*scores), fold(200), 0.001) == 1
    assert count_alarms(judged(*scores), fold(100, 100), 0.001) == 0
