"""Made-up stations, records and files of readings."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from config.settings.station import Feature, Station
from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.arrays import Floats
from edge.readings.csv.writer import write_table
from edge.simulation.simulator import simulate_chamber
from tests.trainer.exploring.makers import MakeFiles, MakeRecord, MakeStation
from trainer.exploring.raw_record import RawRecord, read_raw_record


@pytest.fixture(scope="session")
def methane() -> Station:
    return load_station(METHANE)


@pytest.fixture(scope="session")
def simulated() -> Floats:
    """3,000 simulated rows of the chamber: ten injections, six plateaus."""
    return simulate_chamber(3000, seed=1)


@pytest.fixture
def plain() -> MakeStation:
    """Makes stations with a number of sensors, without gas or environment."""

    def make(columns: int) -> Station:
        features = tuple(
            Feature(name=f"C{i}", key=f"c{i}", unit="1", role="sensor", range=(-1e6, 1e6), missing=())
            for i in range(columns)
        )
        return Station(name="plain", features=features)

    return make


@pytest.fixture
def record(tmp_path: Path) -> MakeRecord:
    """Writes rows [N, F], nan where a reading is missing, as CSV and reads them again."""

    def make(values: Floats, station: Station) -> RawRecord:
        path = tmp_path / "rows.csv"
        write_table(path, station.names, values)
        return read_raw_record([path], station)

    return make


@pytest.fixture
def files(tmp_path: Path) -> MakeFiles:
    """Writes rows [N, F] and their station as files, and returns both paths."""

    def make(values: Floats, station: Station) -> tuple[Path, Path]:
        csv, yaml = tmp_path / "rows.csv", tmp_path / "station.yaml"
        write_table(csv, station.names, values)
        yaml.write_bytes(msgspec.yaml.encode(station))
        return csv, yaml

    return make
