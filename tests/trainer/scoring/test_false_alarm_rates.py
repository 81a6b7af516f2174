"""Exceedances are counted on held-out rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from msgspec.structs import replace as change

from config.settings.training import Training
from edge.models.pvalue import PValueTable
from trainer.data.record import Record
from trainer.scoring.false_alarm_rates import false_alarm_rates
from trainer.scoring.fit_scorer import FittedScorer, fit_scorer
from trainer.scoring.onset import without_plume


@pytest.fixture(scope="module")
def fitted(chamber: Record) -> FittedScorer:
    return fit_scorer(chamber, np.arange(1500), change(Training.quick(), epochs=1), folds=2)


def test_shares_are_of_the_rows_asked_for_and_onsets_only_of_quiet_ones(chamber: Record, fitted: FittedScorer) -> None:
    rows = np.arange(2000, 3000)
    tables = dict(fitted.model.tables)
    tables["reconstruction"] = PValueTable([0, 1e12], [2.5, 2.5])  # everything beyond 1 %, nothing beyond 0.1 %
    assert fitted.onset.table is not None
    knots = fitted.onset.table.knots[0]  # whether it was refused or not
    tables["onset"] = PValueTable([knots[0] - 10, knots[-1] + 10], [0.0, 0.0])
    one, tenth = false_alarm_rates(replace(fitted.model, tables=tables), chamber, rows)
    assert (one["requested"], tenth["requested"]) == (0.01, 0.001)
    assert (one["reconstruction"], tenth["reconstruction"]) == (1.0, 0.0)
    assert (one["onset"], tenth["onset"]) == (0.0, 0.0)
    assert without_plume(chamber, rows).any()


def test_a_score_that_no_row_has_yet_is_none(chamber: Record, fitted: FittedScorer) -> None:
    rows = np.arange(15)  # nothing is recentred, and virtual gas has no background
    for rate in false_alarm_rates(fitted.model, chamber, rows):
        assert rate["reconstruction"] is None
        assert rate["onset"] is None
        assert rate["consistency"] is not None
