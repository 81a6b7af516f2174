"""Parts of the benchmark of field records: what it writes, counts and calls found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from field_study.budgets import budget, openings
from field_study.field_onsets import field_onsets
from field_study.field_record import FieldRecord, hold
from field_study.lone_faults import found_in_time, lone_faults

from edge.readings.csv.reader import read_table

STATION = """\
name: pass
features:
  - {name: Gas, key: gas_ppm, unit: "[ppm]", role: gas, range: [0, 100]}
  - {name: S, key: s, unit: "1", role: sensor, range: [0, 9000]}
time: [Day, Hour]
time_format: dd/mm/yyyy hh.mm
cadence: 3600
"""


@pytest.fixture
def record(tmp_path: Path) -> FieldRecord:
    """Return 40 hours in the form of an old logger, one gas reading missing."""
    lines = ["Day;Hour;Gas;Other;S;;"]
    lines += [f"{1 + i // 24:02d}/05/2023;{i % 24:02d}.00;{1 + i % 3},5;x;{800 + i};;" for i in range(40)]
    lines[8] = lines[8].replace("2,5", "-200")
    (tmp_path / "pass.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "pass.yaml").write_text(STATION)
    return FieldRecord("simulated", tmp_path / "pass.yaml", tmp_path / "pass.csv")


def test_rows_are_written_as_they_were_but_for_the_cells_that_differ(record: FieldRecord, tmp_path: Path) -> None:
    rows = np.arange(5, 10)
    values = record.values[rows].copy()
    values[0, 1] = 777.25
    written = record.write(tmp_path / "part.csv", rows, values)

    lines = written.read_text().splitlines()
    assert lines[0] == "Day;Hour;Gas;Other;S;;"
    assert lines[1] == "01/05/2023;05.00;3,5;x;777,25;;"
    assert lines[3] == "01/05/2023;07.00;-200;x;807;;"
    np.testing.assert_array_equal(read_table(written, record.station).values, values)


def test_a_missing_cell_is_no_undisturbed_reading_and_is_held_for_twelve_rows(record: FieldRecord) -> None:
    assert np.flatnonzero(~record.undisturbed).tolist() == [7]
    assert record.held[7, 0] == record.values[6, 0]
    column = np.array([[4.0], *[[np.nan]] * 14])
    assert np.isfinite(hold(column)).sum() == 13


def test_a_budget_counts_windows_after_the_first_and_bursts_as_one_opening() -> None:
    exceeds = np.zeros(6000, dtype=bool)
    exceeds[100:140] = True
    exceeds[4000:4010] = True
    found = budget(exceeds, 0.01)

    assert found["overall"] == pytest.approx(50 / 60)
    assert found["first"] == pytest.approx(2.0)
    assert (found["worst"], found["least"]) == (pytest.approx(0.5), 0.0)
    assert found["worst count"] == 40
    assert openings(exceeds) == 2


def test_lone_faults_are_far_apart_and_found_only_near_their_beginning(record: FieldRecord) -> None:
    values = np.column_stack([np.full(9000, 2.0), np.full(9000, 800.0)])
    (copy,) = lone_faults(values, record.station, np.array([0.1, 9.0]), length=30, copies=1, seed=1)
    assert len(copy.starts) >= 5
    assert min(np.diff(copy.starts)) >= 1000

    exceeds = np.zeros(9000, dtype=bool)
    exceeds[copy.starts[0] + 3 : copy.starts[0] + 9] = True
    exceeds[copy.starts[1] + 40 : copy.starts[1] + 60] = True
    assert found_in_time(copy, exceeds)[:2] == [True, False]


def test_a_plume_is_found_until_the_air_is_quiet_and_quiet_rows_are_what_it_costs(tmp_path: Path) -> None:
    levels = [1.0] * 10 + [2.0, 3.5, 3.0, 1.2] + [1.0] * 16
    lines = ["Day;Hour;Gas;S", *(f"{1 + i // 24:02d}/05/2023;{i % 24:02d}.00;{x};5" for i, x in enumerate(levels))]
    (tmp_path / "pass.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "pass.yaml").write_text(STATION)
    rows = np.arange(len(levels))
    record = FieldRecord("simulated", tmp_path / "pass.yaml", tmp_path / "pass.csv")
    (plumes,) = field_onsets(record, rows, rows)

    assert plumes.spans == ((10, 13),)
    assert plumes.count(rows == 11) == {"onsets": 1, "found": 1, "quiet rows": 27, "cost": 0.0}
    assert plumes.count(rows == 13)["found"] == 0
