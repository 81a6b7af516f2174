"""A record is laid out from past to future, and back; a long one is represented by runs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from config.settings.station import Feature, Station
from edge.arrays import Floats
from trainer.data.record import Record
from trainer.evaluation.ageing.layout import lay_out_in_time

STATION = Station(
    name="two",
    features=(
        Feature(name="a", key="a", unit="1", role="sensor", range=(-1e9, 1e9)),
        Feature(name="b", key="b", unit="1", role="sensor", range=(-1e9, 1e9)),
    ),
)


def numbered(rows: int) -> Record:
    """Rows that hold their own number."""
    return Record.from_values(np.column_stack([np.arange(rows), np.arange(rows)]), STATION)


def times(cadence: float) -> Floats:
    return np.asarray(1.7e9 + cadence * np.arange(2000))


def test_every_later_part_is_tested_and_every_earlier_one_for_the_way_back() -> None:
    laid = lay_out_in_time(numbered(2000))
    assert [(one.direction, one.trained) for one in laid.layouts] == [
        *(("ahead", trained) for trained in (2, 3, 4)),
        *(("back", trained) for trained in (2, 3, 4)),
    ]
    first, last = laid.layouts[0], laid.layouts[-1]
    assert (first.train[0], first.train[-1]) == (0, 799)
    assert np.array_equal(first.tested_rows, np.arange(800, 2000))
    assert [quarter.part for quarter in first.tested] == [2] * 4 + [3] * 4 + [4] * 4
    assert (last.train[0], last.train[-1]) == (400, 1999)
    assert [quarter.rows[0] for quarter in last.tested] == [300, 200, 100, 0]  # the youngest first


def test_an_age_is_counted_from_the_nearest_row_of_the_training() -> None:
    record = numbered(2000)
    record = replace(record, time=times(3600.0))
    ahead, *_, back = lay_out_in_time(record).layouts
    assert [quarter.age for quarter in ahead.tested[:2]] == [50.5, 150.5]
    assert ahead.tested[0].days == pytest.approx(50.5 / 24)
    assert [quarter.age for quarter in back.tested[:2]] == [50.5, 150.5]
    assert lay_out_in_time(numbered(2000)).layouts[0].tested[0].days is None


def test_fewer_fits_are_laid_out_when_fewer_are_wanted() -> None:
    assert [one.trained for one in lay_out_in_time(numbered(2000), fits=1).layouts] == [2, 2]
    assert [one.trained for one in lay_out_in_time(numbered(2000), fits=2).layouts] == [2, 4, 2, 4]


def test_a_long_record_is_represented_by_a_run_of_each_quarter_and_keeps_its_ages() -> None:
    record = numbered(100_000)
    laid = lay_out_in_time(record, most=2000)
    assert len(laid.record.values) == 2000
    assert len(laid.record.segments) == 20
    whole = lay_out_in_time(record, most=100_000).layouts[0].tested[5]
    part = laid.layouts[0].tested[5]
    assert len(part.rows) == 100
    assert np.isclose(part.age, whole.age, rtol=0.1)
    rows = laid.record.values[part.rows, 0]
    assert np.array_equal(np.diff(rows), np.ones(99))  # consecutive rows of the record
    assert np.isclose(rows.mean(), record.values[whole.rows, 0].mean(), atol=1)


def test_boards_of_the_same_hours_are_cut_each_and_files_that_follow_one_another_are_not() -> None:
    boards = replace(numbered(2000), parts=((0, 1000), (1000, 2000)), segments=((0, 1000), (1000, 2000)))
    train = lay_out_in_time(boards).layouts[0].train
    assert np.array_equal(train, np.concatenate([np.arange(400), np.arange(1000, 1400)]))
    assert lay_out_in_time(boards).layouts[0].tested[0].age == 25.5
    months = replace(boards, time=times(60.0))
    assert np.array_equal(lay_out_in_time(months).layouts[0].train, np.arange(800))
    swapped = replace(boards, time=np.roll(times(60.0), 1000))  # the later month comes first
    assert np.array_equal(lay_out_in_time(swapped).layouts[0].train, np.arange(1000, 1800))


def test_rows_and_files_without_a_time_are_laid_out_all_the_same() -> None:
    time = times(60.0)
    time[1000:] = np.nan
    boards = replace(numbered(2000), parts=((0, 1000), (1000, 2000)), segments=((0, 1000), (1000, 2000)), time=time)
    ahead = lay_out_in_time(boards).layouts[0]
    assert np.array_equal(ahead.train, np.concatenate([np.arange(400), np.arange(1000, 1400)]))
    assert ahead.tested[0].days == pytest.approx(25.5 * 60 / 86400)
