"""The windows of a record follow its cadence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from config.settings.station import Station
from config.settings.windows import WindowSettings
from config.templates.templates import METHANE
from config.yaml.load import load_station
from trainer.data.record import Record, load_record
from trainer.data.window_rule import resolve_windows
from trainer.errors import TrainingError
from trainer.scoring.record_windows import record_windows

STATION = load_station(METHANE)


def written(folder: Path, seconds: float, station: Station) -> Record:
    """A record of 200 rows so far apart, read from a file with stamps."""
    rows = np.random.default_rng(1).uniform(2000, 3000, (200, 9)).round(1)
    rows[:, 2:4] = rows[:, 2:4] / 100 - 5
    lines = [f"{1.8e9 + seconds * i:.3f},{','.join(map(str, row))}" for i, row in enumerate(rows.tolist())]
    path = folder / "record.csv"
    path.write_text("\n".join([",".join(["t", *station.names]), *lines]) + "\n", encoding="utf-8")
    return load_record([path], station)


@pytest.mark.parametrize("seconds", [2.0, 60.0, 3600.0])
def test_the_cadence_is_that_of_the_stamps(tmp_path: Path, seconds: float) -> None:
    record = written(tmp_path, seconds, replace(STATION, time="t"))
    assert record_windows(record) == resolve_windows(STATION, seconds, 200)


def test_a_cadence_that_is_declared_comes_before_them() -> None:
    record = Record.from_values(np.ones((100, STATION.size)), replace(STATION, cadence=3600.0))
    assert record_windows(record) == resolve_windows(STATION, 3600.0, 100)


def test_a_window_in_time_needs_stamps_or_a_cadence(tmp_path: Path) -> None:
    station = replace(STATION, windows=WindowSettings(recenter="1 h"))
    with pytest.raises(TrainingError, match="the interval between rows is unknown"):
        written(tmp_path, 2.0, replace(station, cadence=None))
    assert record_windows(written(tmp_path, 2.0, replace(station, time="t"))).recenter_reach == 1800
