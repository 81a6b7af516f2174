from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from config.templates.templates import METHANE
from config.yaml.load import load_station
from davylamp import main
from edge.archive.archived_alarm import ArchivedAlarm
from edge.readings.csv.writer import write_table
from edge.simulation.season_file import write_season
from edge.simulation.simulator import simulate_chamber
from trainer.evaluation.retraining.station_life import measure_life


@pytest.fixture
def seasons(tmp_path: Path) -> list[Path]:
    files = [tmp_path / f"season-{number}.csv" for number in (1, 2)]
    for number, path in enumerate(files, 1):
        write_season(path, 1200, season=number, seed=3)
    return files


@pytest.fixture
def chamber_file(tmp_path: Path) -> Path:
    path = tmp_path / "chamber.csv"
    write_table(path, load_station(METHANE).names, simulate_chamber(3000, seed=1))
    return path


def write_alarm(path: Path, label: str | None) -> None:
    names = ArchivedAlarm.__struct_fields__
    alarm = ArchivedAlarm(
        id="a-1", station="st-1", kind="methane", opened="2026-05-30T01:00:00Z", duration_s=600.0, label=label,
        culprit="ch4_ppb", bundle="b",
    )  # fmt: skip
    write_table(path, names, [[getattr(alarm, name) for name in names]])


def test_the_page_of_a_life_has_every_bundle_the_drift_and_the_alarms(
    seasons: list[Path], bundles: dict[str, Path], tmp_path: Path
) -> None:
    write_alarm(seasons[0].with_name("season-1.alarms.csv"), None)
    write_alarm(seasons[1].with_name("season-2.alarms.csv"), "plume")
    page, png = tmp_path / "life.html", tmp_path / "png"
    assert main(["report", str(bundles["both"]), str(bundles["vae"]), "--life", *map(str, seasons),
                 "-o", str(page), "--png", str(png)]) == 0  # fmt: skip
    text = page.read_text()
    for title in ("Bundles", "False alarms by age", "Drift", "Alarms by label", "What a retraining changed"):
        assert f">{title}<" in text
    assert "plume" in text
    assert "no label" not in text, "it has been labelled since"
    assert "no bundle here was retrained" in text
    numbers = json.loads((png / "budget.json").read_text())
    assert numbers["bundles"].keys() == {"both.davy", "vae.davy"}
    assert [one["file"] for one in numbers["stretches"]] == ["season-1.csv"] * 24 + ["season-2.csv"] * 24
    drift = json.loads((png / "drift.json").read_text())
    assert drift["columns"][-1] == "reconstruction"
    for bundle in ("both.davy", "vae.davy"):
        shares = np.array(drift["bundles"][bundle]["shares"], dtype=np.float64)
        assert shares.shape == (48, 10)
        assert np.isnan(shares[:19]).all(), "the window of 960 readings is not full"
        assert np.isfinite(shares[20:]).all()
        assert shares[30:].max() > 1.0, "the sensors of the second season are older"
        assert drift["bundles"][bundle]["stands"][-1]


def test_files_that_overlap_keep_their_names(bundles: dict[str, Path], chamber_file: Path, tmp_path: Path) -> None:
    lines = chamber_file.read_text().splitlines()
    later = tmp_path / "later.csv"
    later.write_text("\n".join([lines[0], *lines[1001:]]) + "\n")
    chamber_file.write_text("\n".join(lines[:2001]) + "\n")
    life = measure_life([bundles["both"], bundles["vae"]], [chamber_file, later])
    assert [one.file for one in life.stretches] == ["chamber.csv"] * 32 + ["later.csv"] * 16
    assert life.stretches[31].end == life.stretches[32].start == 2000


def test_a_file_of_alarms_that_is_damaged_is_an_error_of_one_line(
    seasons: list[Path], bundles: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "season-1.alarms.csv").write_text("id,opened\na-1,yesterday\n")
    words = ["report", str(bundles["both"]), "--life", str(seasons[0]), "-o", str(tmp_path / "p.html")]
    assert main(words) == 1
    assert "season-1.alarms.csv: got a file that is not as davylamp collect writes it" in capsys.readouterr().err


def test_a_bundle_that_is_missing_is_an_error_of_one_line(
    seasons: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(tmp_path / "none.davy"), "--life", str(seasons[0]), "-o", str(tmp_path / "p.html")]) == 1
    assert "none.davy" in capsys.readouterr().err


def test_a_file_without_a_gas_level_is_on_the_page_too(
    bundles: dict[str, Path], chamber_file: Path, tmp_path: Path
) -> None:
    values = simulate_chamber(1000, seed=9)
    values[:, 0] = np.nan
    write_table(tmp_path / "later.csv", load_station(METHANE).names, values)
    life = measure_life([bundles["both"]], [chamber_file, tmp_path / "later.csv"])
    assert life.absent
    assert life.stretches[-1].file == "later.csv"
    assert life.stretches[-1].end == 4000
    assert sum(one.readings for one in life.bundles[0].counts["consistency"][-12:]) > 500
