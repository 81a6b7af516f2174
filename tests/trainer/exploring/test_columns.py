"""Columns that have readings missing, are coarse, flat or copied."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from config.settings.station import Station
from edge.arrays import Floats
from tests.trainer.exploring.makers import MakeRecord, MakeStation
from trainer.exploring.columns import columns, duplicates
from trainer.exploring.raw_record import read_raw_record


def test_a_column_is_counted(record: MakeRecord, methane: Station, simulated: Floats) -> None:
    values = simulated[:200].copy()
    values[3:8, 2] = np.nan
    values[20, 2] = 900.0  # beyond what is physically possible
    values[50:90, 2] = 21.5
    found = columns(record(values, methane))[2]
    assert (found.key, found.missing, found.outside) == ("temperature_c", 6, 1)
    assert found.longest == 40
    assert found.flat == pytest.approx(0.2)
    assert found.high < 60
    assert not found.constant


def test_a_grid_is_distinguished_from_chance(record: MakeRecord, plain: MakeStation) -> None:
    rng = np.random.default_rng(0)
    values = np.column_stack([np.round(rng.normal(size=4000) / 0.05) * 0.05, rng.normal(size=4000)])
    coarse, fine = columns(record(values, plain(2)))
    assert coarse.step == pytest.approx(0.05)
    assert coarse.coarse(4000)
    assert np.isnan(fine.step)
    assert not fine.coarse(4000)


def test_a_stretch_does_not_run_on_from_one_file_to_the_next(plain: MakeStation, tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.csv").write_text(
            "C0,C1\n" + "".join(f"7,{name == 'a'}\n".replace("True", "1").replace("False", "0") for _ in range(20))
        )
    both = read_raw_record([tmp_path / "a.csv", tmp_path / "b.csv"], plain(2))
    assert columns(both)[0].longest == 20


def test_a_constant_is_no_duplicate_and_a_copy_is(record: MakeRecord, plain: MakeStation) -> None:
    x = np.random.default_rng(0).normal(size=100)
    assert duplicates(record(np.column_stack([x, -x, np.ones(100), x, np.ones(100)]), plain(5))) == (("c0", "c3"),)


def test_a_copy_from_another_file_is_reported_with_both_files(plain: MakeStation, tmp_path: Path) -> None:
    rows = np.random.default_rng(0).normal(size=(50, 3))
    for name, second in (("a", rows[:, 1]), ("b", rows[:, 2])):
        np.savetxt(
            tmp_path / f"{name}.csv", np.column_stack([rows[:, 0], second]), delimiter=",", header="C0,C1", comments=""
        )
    both = read_raw_record([tmp_path / "a.csv", tmp_path / "b.csv"], plain(2))
    assert duplicates(both) == (("a.csv: c0", "b.csv: c0"),)
