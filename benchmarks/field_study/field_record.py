"""A record from the open air, of which parts are written as files of the same form, with or without other values."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np

from config.settings.station import Station
from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.arrays import Floats, Indices, Mask
from edge.readings.csv.reader import read_table
from edge.readings.last_good import HOLD
from edge.readings.quality import GOOD, flag
from edge.simulation.field import simulate_field

STATIONS = Path(__file__).resolve().parent / "stations"
FIELD = Path(__file__).resolve().parents[3] / "shared" / "data" / "field"

Place = Literal["roadside", "metec", "simulated"]
FILES: dict[Place, str] = {"roadside": "roadside.csv", "metec": "metec-2022.csv"}


@dataclass(frozen=True)
class FieldRecord:
    """A file of readings, its station and its lines.

    Parameters
    ----------
    place
        Short name.
    station_path
        Station file of the columns.
    path
        The file.
    """

    place: Place
    station_path: Path
    path: Path

    @cached_property
    def station(self) -> Station:
        """What the columns are."""
        return load_station(self.station_path)

    @cached_property
    def _text(self) -> list[str]:
        return self.path.read_text(encoding="utf-8").splitlines()

    @cached_property
    def _read(self) -> tuple[Floats, Floats, list[str]]:
        table = read_table(self.path, self.station)
        assert table.time is not None
        return table.values, table.time, [self._text[line - 1] for line in table.lines.tolist()]

    @property
    def values(self) -> Floats:
        """Readings [N, F] in the station's units; nan: missing."""
        return self._read[0]

    @property
    def time(self) -> Floats:
        """Unix time [N] in [s]."""
        return self._read[1]

    @cached_property
    def undisturbed(self) -> Mask:
        """Rows [N] of which no cell is missing or outside its physical range."""
        return np.asarray((flag(self.values, self.station) == GOOD).all(axis=1))

    @cached_property
    def held(self) -> Floats:
        """Readings [N, F] in which a missing cell has the column's last value, for at most 12 rows."""
        return hold(self.values)

    def write(self, path: Path, rows: Indices, values: Floats | None = None) -> Path:
        """Write some rows in the form of the file, with other values [M, F] in those cells that differ."""
        _, _, lines = self._read
        header = self._text[0]
        if values is None:
            path.write_text("\n".join([header, *(lines[row] for row in rows.tolist())]) + "\n", encoding="utf-8")
            return path
        mark = ";" if ";" in header else ","
        heads = next(csv.reader([header], delimiter=mark))
        places = [heads.index(name) for name in self.station.names]
        text = io.StringIO()
        text.write(header + "\n")
        for row, reading in zip(rows.tolist(), values, strict=True):
            before = self.values[row]
            if np.array_equal(before, reading, equal_nan=True):
                text.write(lines[row] + "\n")
                continue
            cells = lines[row].split(mark)
            for column in np.flatnonzero(~((before == reading) | (np.isnan(before) & np.isnan(reading)))).tolist():
                cells[places[column]] = _cell(float(reading[column]), "," if mark == ";" else ".")
            text.write(mark.join(cells) + "\n")
        path.write_text(text.getvalue(), encoding="utf-8")
        return path


def hold(values: Floats) -> Floats:
    """Return readings [N, F] in which a missing cell has its column's last value, for at most 12 rows."""
    rows = np.arange(len(values))[:, None]
    last = np.maximum.accumulate(np.where(np.isnan(values), -1, rows), axis=0)
    kept = np.take_along_axis(values, np.maximum(last, 0), axis=0)
    return np.where((last >= 0) & (rows - last <= HOLD), kept, np.nan)


def find_records(folder: Path, work: Path, rows: int) -> Iterator[FieldRecord]:
    """Yield the open records in a folder or, if there is none, a simulated one of that many rows."""
    there = [place for place, file in FILES.items() if (folder / file).is_file()]
    for place in there:
        yield FieldRecord(place, STATIONS / f"{place}.yaml", folder / FILES[place])
    if not there:
        yield _simulated(work, rows)


def _simulated(work: Path, rows: int) -> FieldRecord:
    values = simulate_field(rows, seed=1)
    station = load_station(METHANE)
    path = work / "simulated.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["t", *station.names])
        start = np.datetime64("2024-03-01T00:00:00")
        stamps = [f"{start + np.timedelta64(60 * row, 's')}Z" for row in range(rows)]
        out.writerows(
            [stamp, *(f"{one:.7g}" for one in reading)] for stamp, reading in zip(stamps, values, strict=True)
        )
    text = Path(METHANE).read_text(encoding="utf-8")
    text = text.replace("time: null", "time: t").replace("cadence: null", "cadence: 60")
    (work / "simulated.yaml").write_text(text, encoding="utf-8")
    return FieldRecord("simulated", work / "simulated.yaml", path)


def _cell(value: float, decimal: str) -> str:
    return "" if np.isnan(value) else f"{value:.9g}".replace(".", decimal)
