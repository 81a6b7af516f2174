from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.trainer.data.test_overlapping_files import minutes
from tests.trainer.data.test_record import STATION, TIMED, csv
from trainer.data.record import Record, load_record
from trainer.errors import TrainingError
from trainer.evaluation.retraining.newest_part import CONTEXT, NewestPart, cut_newest


def timed(record: Record, first: float) -> Record:
    return replace(record, time=np.array([first + 60.0 * n for n in range(len(record.values))]))


def part_of(record: Record, rows: range) -> Record:
    """Return the record of a file that has some of the rows."""
    part = Record.from_values(record.values[rows.start : rows.stop], record.station)
    return part if record.time is None else timed(part, float(record.time[rows.start]))


def joined(*records: Record) -> Record:
    whole = Record.from_values(np.concatenate([one.values for one in records]), records[0].station)
    return replace(whole, time=np.concatenate([one.time for one in records if one.time is not None]))


def nothing_leaks(part: NewestPart, until_old: float) -> None:
    """Assert that no row that is tested is in an old file, or as old as one that is trained on."""
    assert part.earlier.time is not None
    assert part.recent.time is not None
    assert part.since == part.recent.time[part.tested].min() > until_old
    assert part.earlier.time.max() < part.since


def test_the_newest_third_of_what_is_newer_is_cut_off(chamber: Record) -> None:
    whole = timed(chamber, 0.0)
    part = cut_newest(whole, part_of(whole, range(1200)), absent=False)
    assert len(part.tested) == 600
    assert len(part.earlier.values) == 2400
    assert (part.since, part.until) == (2400 * 60.0, 2999 * 60.0)
    np.testing.assert_array_equal(part.recent.values[part.tested], chamber.values[2400:])
    np.testing.assert_array_equal(part.earlier.values, chamber.values[:2400])
    assert part.tested[0] <= CONTEXT
    fold = part.fold
    np.testing.assert_array_equal(fold.test, part.tested)
    assert fold.train[-1] == part.tested[0] - 1


def test_without_times_the_rows_behind_the_old_ones_are_newer(chamber: Record) -> None:
    part = cut_newest(chamber, part_of(chamber, range(2100)), absent=False)
    assert len(part.tested) == 300
    assert part.since is part.until is None


def test_readings_that_both_have_even_rounded_are_not_tested(chamber: Record) -> None:
    whole = timed(chamber, 0.0)
    old, again = part_of(whole, range(2400)), part_of(whole, range(600, 3000))
    again.values[:] = again.values.astype(np.float32)
    part = cut_newest(joined(old, again), old, absent=False)
    nothing_leaks(part, 2399 * 60.0)
    assert len(part.tested) == 200


def test_collected_files_may_be_given_in_any_order(chamber: Record) -> None:
    whole = timed(chamber, 0.0)
    old, later, earlier = (part_of(whole, rows) for rows in (range(900), range(1500, 3000), range(900, 1500)))
    part = cut_newest(joined(old, later, earlier), old, absent=False)
    nothing_leaks(part, 899 * 60.0)
    np.testing.assert_array_equal(part.recent.values[part.tested], chamber.values[2300:])
    assert len(part.earlier.values) == 2300


def test_a_collected_file_may_begin_before_the_old_one(tmp_path: Path) -> None:
    header = "Time,Temperature,RMQ4"
    old = csv(tmp_path / "old.csv", *minutes(100, 200), header=header)
    recent = csv(tmp_path / "recent.csv", *minutes(0, 400), header=header)
    record = load_record([old, recent], TIMED)
    assert record.files == ("recent.csv",), "the old one has no row of its own"
    part = cut_newest(record, load_record([old], TIMED), absent=False)
    nothing_leaks(part, 199 * 60.0)
    assert part.until == 399 * 60.0


def test_without_times_a_collected_file_that_begins_before_the_old_one_is_refused(tmp_path: Path) -> None:
    rows = [f"{20 + i / 64},{1000 + 3 * i}" for i in range(400)]
    old, recent = csv(tmp_path / "old.csv", *rows[100:200]), csv(tmp_path / "recent.csv", *rows)
    with pytest.raises(TrainingError, match=r"begin within the old ones or before them.*name it under time:"):
        cut_newest(load_record([old, recent], STATION), load_record([old], STATION), absent=False)


def test_nothing_that_is_newer_is_an_error_that_says_until_when_the_old_files_go(chamber: Record) -> None:
    whole = timed(chamber, 0.0)
    with pytest.raises(TrainingError, match="newer than the old files, which end at 1970-01-03T01:59:00"):
        cut_newest(whole, whole, absent=False)
