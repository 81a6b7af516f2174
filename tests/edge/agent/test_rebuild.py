"""Rebuilding: a restart changes no score."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.agent.rebuild import rebuild
from edge.bundles.bundle import Bundle
from edge.journal.transaction import ReadingRow
from edge.readings.reading import Reading
from edge.scoring.scorer import Scorer
from edge.scoring.state import StationState
from edge.scoring.verdict import Verdict
from edge.simulation.simulator import simulate_chamber

KEPT = 2000
AFTER = 200


def numbers(verdict: Verdict) -> list[float]:
    """Everything in a verdict that is a score, or a level [100 ppb]."""
    gas = verdict.methane
    levels = (gas.background_ppb, gas.virtual_ppb) if gas else (None, None)
    found = [
        verdict.reconstruction.score if verdict.reconstruction else None,
        verdict.consistency.score if verdict.consistency else None,
        gas.score if gas else None,
        *(None if level is None else level / 100 for level in levels),
    ]
    return [math.nan if each is None else each for each in found]


def row(reading: Reading, verdict: Verdict) -> ReadingRow:
    values = np.array(reading.values).tobytes()
    return ReadingRow(1, verdict.n, reading.ts, reading.received, None, int(verdict.late), 0, values)


def readings(*, times: bool) -> list[Reading]:
    """A record with all that happens: nulls, a channel that is away, a gap, a long one, and readings that are late."""
    values = simulate_chamber(2600, seed=4)
    values[900:905, 6] = np.nan
    values[1500:1540, 4] = np.nan  # for longer than it is held
    values[2395:, 3] = np.nan  # while it restarts
    time = 1.8e9 + 60.0 * np.arange(2600)
    time[700:] += 60.0 * 300  # a long gap
    time[1200:] += 60.0 * 10
    time[2390:] += 60.0 * 5
    time[1800] -= 7200.0
    time[620] -= 7200.0  # before what the journal keeps
    return [
        Reading(station="st", values=tuple(each), ts=t if times else None, received=t)
        for each, t in zip(values.tolist(), time.tolist(), strict=True)
    ]


@pytest.mark.parametrize("times", [True, False])
@pytest.mark.parametrize("absent", [(), ("ch4_ppb",)])
def test_scores_after_a_restart_are_those_of_an_unbroken_run(
    bundles: dict[str, Path], absent: tuple[str, ...], times: bool
) -> None:
    scorer = Scorer(Bundle.open(bundles["both"]), absent=absent, adapt=True)
    cadence = None if times else 60.0
    unbroken, record = scorer.new_state(cadence), readings(times=times)
    before = scorer.score([(unbroken, reading) for reading in record[:-AFTER]])
    rows = [row(*each) for each in zip(record[:-AFTER], before, strict=True)][-KEPT:]
    state = scorer.new_state(cadence)
    state.n = unbroken.n
    state.adaptation.restore(unbroken.adaptation.snapshot())
    rebuild(state, scorer, rows)
    expected = scorer.score([(unbroken, reading) for reading in record[-AFTER:]])
    got = scorer.score([(state, reading) for reading in record[-AFTER:]])
    assert [each.n for each in got] == [each.n for each in expected]
    assert [(each.state, each.exceeds, each.flags) for each in got] == [
        (each.state, each.exceeds, each.flags) for each in expected
    ]
    assert any(each.exceeds for each in expected)
    np.testing.assert_allclose([numbers(each) for each in got], [numbers(each) for each in expected], atol=1e-3)
    assert state.adaptation.rates == pytest.approx(unbroken.adaptation.rates)


def test_nothing_is_said_and_no_threshold_moves(bundles: dict[str, Path]) -> None:
    scorer = Scorer(Bundle.open(bundles["both"]), adapt=True)
    state = scorer.new_state()
    state.n = 5000
    record = readings(times=True)[:300]
    rebuild(
        state, scorer, [ReadingRow(1, 1, r.ts, r.received, None, 0, 0, np.array(r.values).tobytes()) for r in record]
    )
    assert state.n == 5000
    assert state.adaptation.rates == {}
    assert not state.warming_up
    assert state.cadence == 60.0


def test_without_a_past_it_is_new(bundles: dict[str, Path]) -> None:
    scorer = Scorer(Bundle.open(bundles["both"]))
    state: Any = scorer.new_state()
    assert isinstance(state, StationState)
    rebuild(state, scorer, [])
    assert state.warming_up
