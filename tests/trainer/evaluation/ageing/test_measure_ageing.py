"""A station that drifts breaks its budget from past to future; one that stays as it is keeps it."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from config.settings.station import Feature, Station
from config.settings.training import Training
from edge.arrays import Floats
from trainer.data.record import Record
from trainer.evaluation.ageing.exceedances import Exceedances, settled
from trainer.evaluation.ageing.measure_ageing import measure_ageing
from trainer.evaluation.ageing.results import Ageing
from trainer.evaluation.ageing.table import ageing_lines
from trainer.evaluation.ageing.verdict import outcome

QUICK = Training.quick(model="ae")
STATION = Station(
    name="post",
    features=(
        Feature(name="T", key="t", unit="Cel", role="environment", range=(-100, 100)),
        Feature(name="A", key="a", unit="1", role="sensor", range=(-1000, 1000)),
        Feature(name="B", key="b", unit="1", role="sensor", range=(-1000, 1000)),
    ),
)


def weather(rows: int, spread: Floats | float = 1.0) -> Floats:
    """Two sensors that follow a temperature, with noise of a spread [rows] of its own."""
    rng = np.random.default_rng(4)
    common = np.zeros(rows)
    for n in range(1, rows):
        common[n] = 0.95 * common[n - 1] + rng.normal()
    noise = (rng.normal(size=(rows, 2)).T * spread).T
    return np.column_stack([15 + common, 40 + 2 * common + noise[:, 0], 60 - common + noise[:, 1]])


@pytest.fixture(scope="module")
def steady() -> Ageing:
    return measure_ageing(Record.from_values(weather(3000), STATION), QUICK)


@pytest.fixture(scope="module")
def drifting() -> Ageing:
    # Noise that grows over the record: the past promises less than the future brings.
    record = Record.from_values(weather(3000, np.linspace(0.5, 3.0, 3000)), STATION)
    return measure_ageing(replace(record, time=np.asarray(1.7e9 + 3600.0 * np.arange(3000))), QUICK)


def test_a_steady_station_keeps_its_budget_both_ways(steady: Ageing) -> None:
    assert steady.broken() == []
    assert outcome(steady) == "keeps"
    assert steady.days is None
    assert steady.scores == ("consistency", "reconstruction")  # no gas, so no onset


def test_a_drifting_station_breaks_it_ahead_and_the_worst_is_the_oldest(drifting: Ageing) -> None:
    assert ("ahead", "consistency", 0.01) in drifting.broken()
    assert outcome(drifting) == "breaks"
    worst = drifting.worst("ahead", "consistency", 0.01, "quarter")
    assert worst is not None
    assert worst.share > 0.03
    assert worst.age is not None
    assert worst.age > 600  # it lies in the second part behind the training
    earlier = drifting.worst("back", "consistency", 0.01, "part")
    assert earlier is not None
    assert earlier.share < 0.01
    assert drifting.days == pytest.approx(2999 / 24)


def test_following_is_shown_apart(drifting: Ageing) -> None:
    text = "\n".join(ageing_lines(drifting))
    assert "BREAKS" in text
    assert "no evidence of calibration" in text
    assert "one season only: 125 days" in text


def test_a_record_too_short_says_so_and_one_that_cannot_be_fitted_gives_the_reason() -> None:
    short = measure_ageing(Record.from_values(weather(1400), STATION), QUICK)
    assert short.steps == ()
    assert short.notes == ("too short to lay out from past to future: 1,400 rows, expected at least 1,500",)
    values = weather(1600)
    values[:1000, 2] = 7.0  # dead for the first 1,000 rows
    dead = measure_ageing(Record.from_values(values, STATION), QUICK)
    assert dead.directions == ("back",)
    assert dead.notes[0].startswith("not laid out from the first 2 of 5 parts: ")
    assert outcome(dead) != "keeps"


def test_it_reproduces_and_a_long_record_is_thinned(steady: Ageing) -> None:
    record = Record.from_values(weather(3000), STATION)
    thin = measure_ageing(record, QUICK, most=2000)
    assert (thin.rows, thin.used) == (3000, 2000)
    assert thin.notes[0].startswith("laid out by 2,000 of 3,000 rows")
    assert measure_ageing(record, QUICK).steps == steady.steps


def test_boards_that_shared_their_hours_have_seen_no_more_days_than_one_of_them() -> None:
    hourly = msgspec.structs.replace(STATION, cadence=3600.0)
    boards = replace(Record.from_values(weather(1200), hourly), parts=((0, 600), (600, 1200)), sent=2400)
    assert measure_ageing(boards, QUICK).days == 50.0  # every second row of each was left out


def test_only_undisturbed_readings_count() -> None:
    score = np.array([5.0, np.nan, 5.0, 1.0, 5.0])
    undisturbed = np.array([True, True, False, True, True])
    found = Exceedances(score, (2.0, 6.0), undisturbed)
    counts = found.count(np.arange(5))
    assert (counts.readings, counts.exceeding) == (3, (2, 0))
    assert found.most_in_window(np.arange(5), window=2) == (1, 0)
    assert found.most_in_window(np.arange(5), window=4) == ()
    assert found.following(np.arange(5)) == ()


def test_readings_of_the_warm_up_do_not_count() -> None:
    behind = settled(Record.from_values(weather(20), STATION, [(0, 10), (10, 20)]), warm_up=6)
    assert np.array_equal(np.flatnonzero(behind), [6, 7, 8, 9, 16, 17, 18, 19])
