from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from trainer.data.record import Record
from trainer.errors import TrainingError
from trainer.evaluation.retraining.newest_part import CONTEXT, cut_newest


def timed(record: Record, first: float) -> Record:
    return replace(record, time=np.array([first + 60.0 * n for n in range(len(record.values))]))


def test_the_newest_third_of_the_collected_rows_is_cut_off(chamber: Record) -> None:
    whole = timed(chamber, 0.0)
    collected = timed(Record.from_values(chamber.values[1200:], chamber.station), 1200 * 60.0)
    part = cut_newest(whole, collected, absent=False)
    assert len(part.tested) == 600
    assert len(part.earlier.values) == 2400
    assert (part.since, part.until) == (2400 * 60.0, 2999 * 60.0)
    np.testing.assert_array_equal(part.recent.values[part.tested], chamber.values[2400:])
    np.testing.assert_array_equal(part.earlier.values, chamber.values[:2400])
    assert part.tested[0] <= CONTEXT
    fold = part.fold
    np.testing.assert_array_equal(fold.test, part.tested)
    assert fold.train[-1] == part.tested[0] - 1


def test_without_times_the_collected_rows_are_the_last_ones(chamber: Record) -> None:
    part = cut_newest(chamber, Record.from_values(chamber.values[-900:], chamber.station), absent=False)
    assert len(part.tested) == 300
    assert part.since is part.until is None


def test_a_record_that_is_newer_than_what_was_collected_is_refused(chamber: Record) -> None:
    times = np.array([60.0 * n for n in range(len(chamber.values))])
    whole = replace(chamber, time=np.concatenate([times[1000:], times[:1000]]))
    collected = replace(Record.from_values(chamber.values[-900:], chamber.station), time=times[:900])
    with pytest.raises(TrainingError, match="give the old ones first"):
        cut_newest(whole, collected, absent=False)
