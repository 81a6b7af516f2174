"""A small station and files of its readings, for the tests of reading them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from config.settings.station import Feature, Station
from edge.errors import TableError
from edge.readings.csv.reader import read_table
from edge.readings.csv.table import CsvTable

GARDEN = Station(
    name="garden",
    features=(
        Feature(name="CO2", key="co2_ppm", unit="[ppm]", role="gas", range=(0, 40000)),
        Feature(name="Temp °C", key="temperature_c", unit="Cel", role="environment", range=(-40, 60)),
        Feature(name="Heater Ω", key="heater_ohm", unit="Ohm", role="sensor", range=(0, 1e9)),
    ),
)
TIMED = msgspec.structs.replace(GARDEN, time="Time")
HEADER = "CO2,Temp °C,Heater Ω"
ROWS = [f"{420.5 + i / 4},{18.25 + i / 8},{30000.5 + 11 * i}" for i in range(60)]


def lines(*rows: str, header: str = HEADER) -> str:
    return "\n".join([header, *rows]) + "\n"


def read(folder: Path, content: str | bytes, station: Station = GARDEN) -> CsvTable:
    path = folder / "garden.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_table(path, station)


def refusal(folder: Path, content: str | bytes, station: Station = GARDEN) -> str:
    with pytest.raises(TableError) as caught:
        read(folder, content, station)
    return str(caught.value).replace(f"{folder}/", "")


def stamped(stamps: Sequence[str], header: str = "Time") -> str:
    rows = [f"{stamp},{row}" for stamp, row in zip(stamps, ROWS, strict=False)]
    return lines(*rows, header=f"{header},{HEADER}")
