"""Raw records: every row, complete or not, and where time breaks."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from config.settings.station import Station
from edge.arrays import Floats
from tests.trainer.exploring.makers import MakeRecord, MakeStation
from trainer.errors import RecordError
from trainer.exploring.raw_record import MOST, RawRecord, read_raw_record


def test_incomplete_rows_stay_and_are_filled_only_for_levels(
    record: MakeRecord, methane: Station, simulated: Floats
) -> None:
    values = simulated[:40].copy()
    values[10, 0] = np.nan
    found: RawRecord = record(values, methane)
    assert (found.rows, found.complete) == (40, 39)
    assert np.isnan(found.values[10, 0])
    assert found.filled.values[10, 0] == pytest.approx((values[9, 0] + values[11, 0]) / 2)


def test_a_gap_in_time_begins_a_segment(plain: MakeStation, tmp_path: Path) -> None:
    station = msgspec.structs.replace(plain(2), time="t", cadence=60.0)
    times = [60 * i + (3600 if i >= 12 else 0) for i in range(20)]
    (tmp_path / "a.csv").write_text("t,C0,C1\n" + "".join(f"{t},{i},{-i}\n" for i, t in enumerate(times)))
    assert read_raw_record([tmp_path / "a.csv"], station).segments == ((0, 12), (12, 20))


def test_slow_computations_take_a_limited_number_of_rows(plain: MakeStation) -> None:
    values = np.zeros((2 * MOST + 1, 2))
    whole = ((0, len(values)),)
    found = RawRecord(plain(2), values, np.zeros(2, dtype=np.int64), None, whole, whole, ("a",))
    assert found.every == 3
    assert len(found.thin) <= MOST


def test_every_file_that_cannot_be_read_is_reported(plain: MakeStation, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("nothing\n")
    with pytest.raises(RecordError) as caught:
        read_raw_record([tmp_path / "a.csv", tmp_path / "b.csv"], plain(2))
    assert [line.split(":")[0][-5:] for line in str(caught.value).splitlines()] == ["a.csv", "b.csv"]
