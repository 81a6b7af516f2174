"""Fixtures: sheets and files of readings that are made up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from config.settings.station import Feature, Station
from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.arrays import Floats
from edge.readings.csv.writer import write_table
from edge.simulation.simulator import simulate_chamber
from trainer.exploring.raw_record import RawRecord, read_raw_record

MakeSheet = Callable[[Floats, Station], RawRecord]


@pytest.fixture(scope="session")
def methane() -> Station:
    return load_station(METHANE)


@pytest.fixture(scope="session")
def simulated() -> Floats:
    """3,000 rows of the chamber; three injections, two plateaus."""
    return simulate_chamber(3000, seed=1)


@pytest.fixture
def plain() -> Callable[[int], Station]:
    """Stations of so many columns without gas or environment."""

    def make(columns: int) -> Station:
        features = tuple(
            Feature(name=f"C{i}", key=f"c{i}", unit="1", role="sensor", range=(-1e6, 1e6), missing=())
            for i in range(columns)
        )
        return Station(name="plain", features=features)

    return make


@pytest.fixture
def sheet(tmp_path: Path) -> MakeSheet:
    """Rows [N, F], nan where there is none, written as CSV and read again."""

    def make(values: Floats, station: Station) -> RawRecord:
        path = tmp_path / "rows.csv"
        write_table(path, station.names, values)
        return read_raw_record([path], station)

    return make


@pytest.fixture
def files(tmp_path: Path) -> Callable[[Floats, Station], tuple[Path, Path]]:
    """The same, as paths of the CSV and of the station file."""

    def make(values: Floats, station: Station) -> tuple[Path, Path]:
        csv, yaml = tmp_path / "rows.csv", tmp_path / "station.yaml"
        write_table(csv, station.names, values)
        yaml.write_bytes(msgspec.yaml.encode(station))
        return csv, yaml

    return make
