from __future__ import annotations

import math

import numpy as np
import pytest

from trainer.evaluation.detection.roc import RATES, auroc, mean_by_family, recall_at_rates

USUAL = np.random.default_rng(1).normal(size=20_000)


def test_the_curve_of_chance_is_the_rate_itself() -> None:
    np.testing.assert_allclose(recall_at_rates(USUAL, USUAL), RATES, atol=1e-4)


def test_a_high_score_is_found_at_every_rate_and_a_missing_one_only_at_rate_one() -> None:
    assert (recall_at_rates(USUAL, np.full(10, 99.0)) == 1).all()
    missing = recall_at_rates(USUAL, np.array([np.nan, 99.0]))
    assert (missing[:-1] == 0.5).all()
    assert missing[-1] == 1


def test_a_family_counts_once_however_many_cases_it_has() -> None:
    one, none = np.ones(len(RATES)), np.zeros(len(RATES))

    found = mean_by_family({"a1": one, "a2": one, "a3": one, "b": none}, {"a1": "a", "a2": "a", "a3": "a", "b": "b"})

    assert found == pytest.approx(0.5 * one)
    assert np.isnan(mean_by_family({}, {})).all()


def test_auroc_is_the_chance_that_a_positive_is_higher_and_a_tie_counts_half() -> None:
    rng = np.random.default_rng(1)
    negatives, positives = np.round(rng.normal(size=300), 1), np.round(rng.normal(0.7, size=200), 1)
    wins, ties = (compare(positives[:, None], negatives).mean() for compare in (np.greater, np.equal))

    assert auroc(negatives, positives) == pytest.approx(wins + ties / 2, rel=1e-15)
    assert auroc(np.append(negatives, np.nan), np.append(positives, np.nan)) == auroc(negatives, positives)


def test_an_infinite_score_is_higher_than_every_other() -> None:
    assert auroc(np.array([1.0, 2.0]), np.array([np.inf, 0.0])) == 0.5
    assert auroc(np.array([1.0, np.inf]), np.array([np.inf, np.inf])) == 0.75


def test_without_scores_of_one_kind_auroc_is_nan() -> None:
    assert math.isnan(auroc(np.array([1.0]), np.array([np.nan])))
    assert math.isnan(auroc(np.array([]), np.array([1.0])))
