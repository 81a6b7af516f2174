"""A station of three columns, and its tables."""

from __future__ import annotations

from pathlib import Path

import msgspec

from config.settings.station import Feature, Station
from edge.readings.csv.reader import CsvTable, read_table

STATION = Station(
    name="small",
    features=(
        Feature(name="Methane (ppb)", key="ch4_ppb", unit="[ppb]", role="gas", range=(0, 1e5)),
        Feature(name="Temperature", key="temperature_c", unit="Cel", role="environment", range=(-40, 60)),
        Feature(name="RMQ4", key="rmq4_ohm", unit="Ohm", role="sensor", range=(0, 1e9), missing=(-200.0, -999.5)),
    ),
)
TIMED = msgspec.structs.replace(STATION, time="Time")
HEADER = "Methane (ppb),Temperature,RMQ4"


def read(tmp_path: Path, text: str | bytes, station: Station = STATION, *, absent: tuple[str, ...] = ()) -> CsvTable:
    path = tmp_path / "station.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_table(path, station, absent=absent)
