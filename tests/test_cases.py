"""The small inputs that once went wrong end as they should, where they lie beside the project."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from config.settings.station import Station
from config.settings.training import Training
from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.commands.synthesize import synthesize
from edge.errors import TableError
from edge.readings.csv.reader import read_table
from export.export import export
from trainer.data.record import load_record
from trainer.train import train

CASES = Path(__file__).parents[2] / "shared" / "cases"
DAY_FIRST = {"time": "time", "time_format": "dd/mm/yyyy hh:mm"}

pytestmark = pytest.mark.skipif(
    not (CASES / "csv").is_dir(), reason="the cases are not beside the project (expected ../shared/cases/csv)"
)


def methane(**settings: object) -> Station:
    return msgspec.structs.replace(load_station(METHANE), **settings)


@pytest.mark.parametrize(
    ("name", "rows", "dropped"),
    [
        ("05-header-repeated", 40, [("the header again", 1, 22)]),
        ("06-units-row", 40, [("text in place of numbers", 1, 2)]),
        ("07-comment-lines", 40, [("above the header", 2, 1)]),
        ("08-sep-line", 40, [("above the header", 1, 1)]),
        ("11-torn-last-line", 40, [("cut off at the end of the file", 1, 42)]),
        ("13-nul-block", 39, [("NUL bytes", 1, 22)]),
        ("29-toa5", 40, [("above the header", 1, 1), ("text in place of numbers", 2, 3)]),
    ],
)
def test_a_few_bad_lines_cost_only_themselves(name: str, rows: int, dropped: list[tuple[str, int, int]]) -> None:
    table = read_table(CASES / "csv" / f"{name}.csv", methane())
    assert len(table.values) == rows
    assert [(drop.reason, drop.count, drop.first_line) for drop in table.dropped] == dropped


@pytest.mark.parametrize("time", [None, "time"])
def test_newest_first_is_turned_round_with_and_without_its_column_named(time: str | None) -> None:
    table = read_table(CASES / "csv" / "newest-first.csv", methane(time=time))
    assert table.lines[0] == table.lines.max()
    assert "its rows are newest first; they were turned round" in table.notes


def test_marks_between_thousands_are_ambiguous_until_they_are_declared() -> None:
    station = load_station(CASES / "csv" / "thousands.yaml")
    with pytest.raises(TableError, match=r'got "2,335" beside "934" .* which is 2\.335 or 2335; fix: write thousands'):
        read_table(CASES / "csv" / "thousands.csv", station)
    declared = read_table(CASES / "csv" / "thousands.csv", msgspec.structs.replace(station, thousands=","))
    assert declared.values[0].tolist() == [2335, 934, 11860]


@pytest.mark.parametrize(("name", "settings"), [("epoch-ms", {"time": "time"}), ("dmy-slash", DAY_FIRST)])
def test_milliseconds_are_read_and_so_are_days_first_when_declared(name: str, settings: dict[str, str]) -> None:
    table = read_table(CASES / "time" / f"{name}.csv", methane(**settings))
    assert table.time is not None
    assert table.time[0] == 1_773_099_000.0
    assert set(np.diff(table.time)) == {60.0}


def test_days_first_and_days_of_a_spreadsheet_are_refused_with_the_remedy() -> None:
    with pytest.raises(TableError, match="9 March 2026 or 3 September 2026; fix: write time_format: dd/mm/yyyy hh:mm"):
        read_table(CASES / "time" / "dmy-slash.csv", methane(time="time"))
    with pytest.raises(TableError, match="counted in days as spreadsheets do; fix: give the column the number format"):
        read_table(CASES / "time" / "excel-serial.csv", methane(time="time"))


@pytest.mark.parametrize(("name", "column", "decimals"), [("pascal", "pa", 1), ("coarse-steps", "r_ohm", None)])
def test_large_offsets_and_many_digits_end_in_a_bundle_whose_values_survive_printing(
    name: str, column: str, decimals: int | None, tmp_path: Path
) -> None:
    station = load_station(CASES / f"{name}.yaml")
    record = load_record([CASES / f"{name}.csv"], station)
    settings = msgspec.structs.replace(
        Training.quick(model="ae"), epochs=2, generator_epochs=2, generator_steps=1, components=10
    )
    export(train(record, settings, tmp_path / "run"), tmp_path / "b")
    synthesize(tmp_path / "b", tmp_path / "made.csv", n=2000, seed=1)
    place = station.names.index(column)
    made, real = read_table(tmp_path / "made.csv", station).values[:, place], record.values[:, place]
    assert len(set(made)) > 30
    if decimals is None:
        assert set(made) <= set(real)
    else:
        assert (made == np.round(made, decimals)).all()
        assert real.min() <= made.min() < made.max() <= real.max()
