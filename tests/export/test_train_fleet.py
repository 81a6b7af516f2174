"""Many stations are trained by one command: each has its run and its bundle, and what fails is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("joblib", reason="NOT TESTED WITHOUT THE EXTRA 'fleet': joblib is not installed")
import pandas as pd

from config.templates.templates import METHANE
from config.yaml.load import load_station
from davylamp import main
from edge.bundles.bundle import Bundle
from edge.readings.csv.writer import write_table
from edge.simulation.simulator import simulate_chamber
from export.fleet_training import record_files
from trainer.data.record import load_record
from trainer.errors import RecordError
from trainer.run import Run

STATION = load_station(METHANE)


def write_days(folder: Path, rows: int) -> None:
    """Write a record as two Parquet files, one of each day."""
    values = simulate_chamber(rows, seed=5)
    for day, part in enumerate((values[: rows // 2], values[rows // 2 :]), 1):
        path = folder / f"day={day}"
        path.mkdir(parents=True)
        pd.DataFrame(part, columns=STATION.names).to_parquet(path / "part-0.parquet")


def test_a_fleet_is_trained_failures_are_named_and_the_rest_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_days(tmp_path / "records" / "station=good", 1400)
    write_days(tmp_path / "records" / "station=short", 100)
    (tmp_path / "fleet.yaml").write_text("stations: [{files: 'records/station={station}'}]\n")
    words = ["train-fleet", str(tmp_path / "fleet.yaml"), "--jobs", "2", "--quick"]
    assert main(words) == 1
    printed = capsys.readouterr()
    assert "1 of 2 stations done" in printed.out.splitlines()
    assert "short: 2-files.parquet: got 100 usable rows, expected at least 600; fix: a longer record" in printed.out
    bundle = Bundle.open(tmp_path / "bundles" / "good.davy")
    bundle.verify()
    assert Run.open(tmp_path / "runs" / "good").data.rows == 1400
    assert not (tmp_path / "bundles" / "short.davy").exists()

    assert main([*words, "--json"]) == 1
    stations = json.loads(capsys.readouterr().out)["stations"]
    assert [(each["station"], each["outcome"]) for each in stations] == [("good", "kept"), ("short", "failed")]
    assert stations[0]["bundle"] == bundle.id
    assert main([*words, "--only", "good"]) == 0
    assert main([*words, "--only", "nobody"]) == 1
    assert "--only: got nobody, expected stations of" in capsys.readouterr().err


def test_the_days_of_a_record_are_one_segment_and_files_of_csv_are_one_each(tmp_path: Path) -> None:
    write_days(tmp_path / "days", 400)
    write_table(tmp_path / "one.csv", STATION.names, simulate_chamber(100, seed=6))
    record = load_record(record_files([tmp_path / "one.csv", tmp_path / "days"]), STATION, days=True)
    assert record.segments == ((0, 100), (100, 500))
    (tmp_path / "empty").mkdir()
    with pytest.raises(RecordError, match="empty: got a folder without CSV and Parquet files, expected some"):
        record_files([tmp_path / "empty"])


def test_every_mistake_of_station_and_training_files_is_named_before_anything_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.yaml").write_text("name: 1\n")
    (tmp_path / "fleet.yaml").write_text(
        "stations:\n- {name: one, files: one.csv, station: a.yaml, training: t.yaml}\n"
        "- {name: two, files: two.csv, station: b.yaml}\n"
    )
    assert main(["train-fleet", str(tmp_path / "fleet.yaml")]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(": ")[0] for line in dict.fromkeys(lines)][-2:] == [
        f"{tmp_path}/b.yaml",
        f"{tmp_path}/t.yaml",
    ]
    assert lines[0].startswith(f"{tmp_path}/a.yaml: ")
