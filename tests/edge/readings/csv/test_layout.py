"""Columns that blanks align are read; a file that is no table of readings is refused with what it is."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from config.settings.station import Station
from tests.edge.readings.csv.files import GARDEN, read, refusal

PLAIN = msgspec.structs.replace(
    GARDEN,
    features=tuple(
        msgspec.structs.replace(feature, name=name)
        for feature, name in zip(GARDEN.features, ("CO2", "TEMP", "HEATER"), strict=True)
    ),
)
DATED = msgspec.structs.replace(PLAIN, time=("DATE", "TIME"))
NAMES = ("DATE", "TIME", "CO2", "TEMP", "HEATER")
READINGS = [
    ("2026-05-07", f"21:{i:02d}:00.5", f"{420 + i / 4:.4E}", f"{18 + i / 8}", f"{30000 + i}") for i in range(60)
]


def aligned(width: int, *, mark: str = "") -> str:
    return "".join(
        prefix + "".join(cell.ljust(width) for cell in row).rstrip(" " if width < 20 else "") + "\r\n"
        for prefix, row in [(mark, NAMES), *((" " * bool(mark), row) for row in READINGS)]
    )


@pytest.mark.parametrize("text", [aligned(16), aligned(26), aligned(14, mark="# "), aligned(14, mark="%")])
def test_columns_that_blanks_align_are_read(tmp_path: Path, text: str) -> None:
    table = read(tmp_path, text, DATED)
    assert table.values.shape == (60, 3)
    assert np.array_equal(table.values[:, 0], [float(row[2]) for row in READINGS])
    assert table.time is not None
    assert np.array_equal(np.diff(table.time), np.full(59, 60.0))


@pytest.mark.parametrize("width", [16, 26])
@pytest.mark.parametrize("cell", ["21.625", "30029"])
def test_a_cell_that_blanks_leave_out_costs_its_row_only(tmp_path: Path, width: int, cell: str) -> None:
    rows = aligned(width).splitlines()
    assert cell in rows[30]
    rows[30] = rows[30].replace(cell, " " * len(cell))
    table = read(tmp_path, "\n".join(rows) + "\n", DATED)
    assert len(table.values) == 59
    assert [drop.count for drop in table.dropped] == [1]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ('[{"CO2": 420.5}, {"CO2": 421}]', "got JSON, expected CSV"),
        ('{"CO2": 420.5}\n{"CO2": 421}\n', "got JSON, expected CSV"),
        ("<!DOCTYPE html>\n<table></table>\n", "got HTML or XML, expected CSV"),
        ("-- a dump\n\nCREATE TABLE readings (CO2 REAL);\n", "got the dump of a database, expected CSV"),
        ("420.5,18,30000\n421,18,30001\n", 'got numbers ("420.5", "18", "30000", ...), expected a header'),
        ('"CO2,TEMP,HEATER"\n"420,18,30000"\n', "got lines that are one cell each"),
        ("name,time,value\nCO2,2026-05-07,420.5\n", "which have one value in each row"),
        ("".join(map(chr, range(1, 256))) + "\n", "got bytes that are no text"),
        ('"TOB1","a logger"\n', "got a logger's binary table (TOB)"),
    ],
)
def test_a_file_that_is_no_table_of_readings_is_refused_with_what_it_is(tmp_path: Path, text: str, part: str) -> None:
    for station in (PLAIN, DATED):
        assert part in refusal(tmp_path, text, station)


def test_blanks_in_names_do_not_separate_where_another_sign_does(tmp_path: Path) -> None:
    station: Station = msgspec.structs.replace(PLAIN, time="DATE TIME")
    rows = "".join(f"{day} {time}\t{gas}\t{warm}\t{ohm}\n" for day, time, gas, warm, ohm in READINGS)
    assert len(read(tmp_path, f"DATE TIME\tCO2\tTEMP\tHEATER\n{rows}", station).values) == 60
