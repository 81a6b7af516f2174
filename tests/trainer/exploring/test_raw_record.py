"""Sheet: every row, holes and all, and where time breaks."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

from trainer.errors import RecordError
from trainer.exploring.raw_record import MOST, RawRecord, read_raw_record


def test_rows_with_holes_stay_and_are_filled_only_for_levels(sheet: Any, methane: Any, simulated: Any) -> None:
    values = simulated[:40].copy()
    values[10, 0] = np.nan
    found: RawRecord = sheet(values, methane)
    assert (found.rows, found.complete) == (40, 39)
    assert np.isnan(found.values[10, 0])
    assert found.filled.values[10, 0] == pytest.approx((values[9, 0] + values[11, 0]) / 2)


def test_a_gap_in_time_begins_a_segment(plain: Any, tmp_path: Any) -> None:
    station = msgspec.structs.replace(plain(2), time="t", cadence=60.0)
    times = [60 * i + (3600 if i >= 12 else 0) for i in range(20)]
    (tmp_path / "a.csv").write_text("t,C0,C1\n" + "".join(f"{t},{i},{-i}\n" for i, t in enumerate(times)))
    assert read_raw_record([tmp_path / "a.csv"], station).segments == ((0, 12), (12, 20))


def test_slow_looks_take_at_most_so_many_rows(plain: Any) -> None:
    values = np.zeros((2 * MOST + 1, 2))
    whole = ((0, len(values)),)
    found = RawRecord(plain(2), values, np.zeros(2, dtype=np.int64), None, whole, whole, ("a",))
    assert found.every == 3
    assert len(found.thin) <= MOST


def test_every_file_that_cannot_be_read_is_told(plain: Any, tmp_path: Any) -> None:
    (tmp_path / "a.csv").write_text("nothing\n")
    with pytest.raises(RecordError) as caught:
        read_raw_record([tmp_path / "a.csv", tmp_path / "b.csv"], plain(2))
    assert [line.split(":")[0][-5:] for line in str(caught.value).splitlines()] == ["a.csv", "b.csv"]
