"""score: rows in other units than the bundle was trained in are said, and none of them is ok."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.commands.score import score_files
from edge.simulation.simulator import simulate_chamber
from tests.doubles import GOOD

STATION = load_station(METHANE)


@pytest.fixture(scope="module")
def rows() -> list[list[float]]:
    values = np.asarray(simulate_chamber(150, seed=3), dtype=np.float64)
    values[:, 2] = values[:, 2] * 1.8 + 32
    rows: list[list[float]] = values.tolist()
    return rows


def test_a_file_in_fahrenheit(bundles: dict[str, Path], tmp_path: Path, rows: list[list[float]]) -> None:
    path = tmp_path / "f.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([STATION.names, *rows])
    out, err = io.StringIO(), io.StringIO()
    score_files(bundles["both"], [path], out, err=err)
    scored = list(csv.DictReader(io.StringIO(out.getvalue())))
    assert all(row["state"] == ("alarm" if row["alarm"] else "out_of_domain") for row in scored[60:])
    assert err.getvalue().count("they look like degF") == 1
    assert "f.csv: temperature_c: " in err.getvalue()
    assert "fix: convert the column" in err.getvalue()


def test_a_stream_in_fahrenheit(bundles: dict[str, Path], rows: list[list[float]]) -> None:
    lines = "\n".join(json.dumps(dict(zip(GOOD, row, strict=True))) for row in rows)
    out, err = io.StringIO(), io.StringIO()
    score_files(bundles["both"], ["-"], out, source=io.BytesIO(lines.encode()), err=err)
    verdicts = [json.loads(line) for line in out.getvalue().splitlines()]
    assert all("temperature_c" in verdict["out_of_domain"] for verdict in verdicts[20:])
    assert "ok" not in {verdict["state"] for verdict in verdicts}
    assert err.getvalue().count("standard input: temperature_c: ") == 1
