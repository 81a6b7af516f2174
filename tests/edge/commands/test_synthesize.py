"""Synthetic rows as a CSV."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from edge.bundles.bundle import Bundle
from edge.commands.synthesize import synthesize
from edge.errors import RequestError, TableError
from edge.readings.csv.reader import read_table
from edge.readings.csv.writer import write_table
from edge.synthesis.sampling_conditions import SamplingConditions

if TYPE_CHECKING:
    from trainer.data.record import Record


def text(bundle: Path, n: int = 10, seed: int = 7, **options: object) -> str:
    out = io.StringIO()
    synthesize(bundle, out, n=n, seed=seed, **options)  # type: ignore[arg-type]
    return out.getvalue()


@pytest.fixture
def given_rows(chamber: Record, tmp_path: Path) -> Path:
    write_table(tmp_path / "rows.csv", chamber.station.names, chamber.values[:20])
    return tmp_path / "rows.csv"


def test_the_rows_have_the_columns_of_the_training_and_are_read_back(bundles: dict[str, Path], tmp_path: Path) -> None:
    synthesize(bundles["both"], tmp_path / "rows.csv", n=25, seed=7)
    table = read_table(tmp_path / "rows.csv", Bundle.open(bundles["both"]).station)
    assert table.values.shape == (25, 9)
    assert np.isfinite(table.values).all()
    assert (tmp_path / "rows.csv").read_text() == text(bundles["both"], 25)


def test_fewer_rows_are_the_beginning_of_more(bundles: dict[str, Path]) -> None:
    assert text(bundles["vae"], 100, seed=3).startswith(text(bundles["vae"], 10, seed=3))


def test_a_dash_is_standard_output(bundles: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    synthesize(bundles["ae"], "-", n=3, seed=1)
    assert capsys.readouterr().out == text(bundles["ae"], 3, seed=1)


def test_numbers_are_printed_to_the_digits_that_their_spread_needs(bundles: dict[str, Path]) -> None:
    lines = [line.split(",") for line in text(bundles["ae"], 100).splitlines()[1:]]
    digits = Bundle.open(bundles["ae"]).generator.digits
    assert None in digits
    for cells, each in zip(zip(*lines, strict=True), digits, strict=True):
        if each is not None:
            decimals = max(len(cell.partition(".")[2]) for cell in cells)
            assert decimals <= max(each.least, 6 - min(len(cell.partition(".")[0].strip("-")) for cell in cells))


@pytest.mark.parametrize("model", ["ae", "vae"])
def test_rows_are_made_around_those_of_a_file(bundles: dict[str, Path], given_rows: Path, model: str) -> None:
    plain, around = text(bundles[model]), text(bundles[model], around=given_rows)
    assert around != plain
    assert around.splitlines()[0] == plain.splitlines()[0]
    assert text(bundles[model], around=given_rows, conditions=SamplingConditions(noise=2.0)) != around


def test_a_missing_value_in_the_given_rows_is_refused_with_its_line(
    bundles: dict[str, Path], chamber: Record, tmp_path: Path
) -> None:
    values = chamber.values[:5].copy()
    values[3, 2] = np.nan
    write_table(tmp_path / "rows.csv", chamber.station.names, values)
    with pytest.raises(RequestError, match=r"rows\.csv: line 5, column 'Temperature': got no value"):
        text(bundles["ae"], around=tmp_path / "rows.csv")


def test_a_file_of_another_station_is_refused(bundles: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("a,b\n1,2\n")
    with pytest.raises(TableError, match=r"rows\.csv"):
        text(bundles["ae"], around=tmp_path / "rows.csv")


def test_rows_lie_in_the_range_that_was_requested(bundles: dict[str, Path]) -> None:
    station = Bundle.open(bundles["vae"]).station
    written = text(bundles["vae"], 40, conditions=SamplingConditions(range={"ch4_ppb": (3000.0, 4000.0)}))
    methane = [float(line.split(",")[station.keys.index("ch4_ppb")]) for line in written.splitlines()[1:]]
    assert len(methane) == 40
    assert min(methane) >= 3000
    assert max(methane) <= 4000


@pytest.mark.parametrize(
    "conditions",
    [
        SamplingConditions(prior=True, noise=0.1),
        SamplingConditions(around="recent"),
        SamplingConditions(regime="storm"),
    ],
)
def test_what_a_file_cannot_be_made_of_is_refused(bundles: dict[str, Path], conditions: SamplingConditions) -> None:
    with pytest.raises(RequestError):
        text(bundles["ae"], conditions=conditions)


def test_a_wrong_request_writes_nothing(bundles: dict[str, Path], tmp_path: Path) -> None:
    out = io.StringIO()
    with pytest.raises(RequestError, match="n: got 0"):
        synthesize(bundles["ae"], out, n=0, seed=1)
    assert out.getvalue() == ""
    with pytest.raises(RequestError, match="seed"):
        synthesize(bundles["ae"], tmp_path / "rows.csv", n=1, seed=-1)
    assert list(tmp_path.iterdir()) == []
