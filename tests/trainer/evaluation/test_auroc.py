from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from trainer.evaluation.auroc import auroc


def test_it_is_the_area_under_the_curve_with_ties() -> None:
    rng = np.random.default_rng(1)
    negatives, positives = np.round(rng.normal(size=300), 1), np.round(rng.normal(0.7, size=200), 1)
    truth = np.repeat([0, 1], [300, 200])

    expected = roc_auc_score(truth, np.concatenate([negatives, positives]))

    assert auroc(negatives, positives) == pytest.approx(expected)
    assert auroc(np.append(negatives, np.nan), np.append(positives, np.nan)) == pytest.approx(expected)


def test_without_rows_of_one_kind_there_is_none() -> None:
    assert math.isnan(auroc(np.array([1.0]), np.array([np.nan])))
    assert math.isnan(auroc(np.array([]), np.array([1.0])))
