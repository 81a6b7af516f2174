"""Thresholds replayed over scores, and what exceeds them in windows of readings."""

from __future__ import annotations

import numpy as np

from trainer.evaluation.budget import replay_thresholds, window_counts


def test_a_fixed_threshold_exceeds_as_often_as_the_scores_do_in_every_window() -> None:
    scores = np.zeros(5000)
    scores[::50] = 2.5
    replay = replay_thresholds(scores, 0.01, adapt=False)
    assert set(window_counts(replay.exceeds).tolist()) == {40}
    assert len(window_counts(replay.exceeds)) == 3001
    assert len(window_counts(replay.exceeds, 5001)) == 0
    assert not replay.alarms


def test_where_thresholds_follow_another_place_costs_no_more_than_the_budget() -> None:
    scores = np.minimum(12.0, np.random.default_rng(3).exponential(1.5, 8000))
    replay = replay_thresholds(scores, 0.01)
    later = window_counts(replay.exceeds[2000:])
    assert (scores >= 2).mean() > 0.2
    assert replay.exceeds[:2000].sum() <= 30
    assert 10 <= later.min() < later.max() <= 30
    assert replay.shift[-1] > 1.0


def test_readings_without_a_score_and_broken_ones_are_not_learnt() -> None:
    scores = np.full(3000, 0.5)
    scores[100:200] = np.nan
    broken = np.zeros(3000, dtype=bool)
    broken[300:400] = True
    replay = replay_thresholds(scores, 0.01, broken=broken)
    assert replay.exceeds[300:400].all()
    assert np.isnan(replay.shift[100:200]).all()
    assert replay.shift[400] == replay.shift[300]
    assert replay.alarms[0][0] == 302


def test_a_lasting_change_is_taken_as_normal_once() -> None:
    scores = np.random.default_rng(1).uniform(0.0, 1.0, 7000)
    scores[500:] += 5.0
    replay = replay_thresholds(scores, 0.01)
    (row,) = replay.normal
    assert 3500 <= row < 3510
    assert replay.alarms[0] == (502, row)
    assert sum(end - start for start, end in replay.alarms[1:]) < 500
