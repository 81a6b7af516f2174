from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from davylamp import main
from edge.archive.archived_alarm import ArchivedAlarm
from edge.readings.csv.writer import write_table
from edge.simulation.season_file import write_season


@pytest.fixture
def seasons(tmp_path: Path) -> list[Path]:
    files = [tmp_path / f"season-{number}.csv" for number in (1, 2)]
    for number, path in enumerate(files, 1):
        write_season(path, 1200, season=number, seed=3)
    return files


def test_the_page_of_a_life_has_every_bundle_the_drift_and_the_alarms(
    seasons: list[Path], bundles: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ArchivedAlarm.__struct_fields__
    alarm = ArchivedAlarm(
        id="a-1", station="st-1", kind="methane", opened="2026-05-30T01:00:00Z", duration_s=600.0, label="plume",
        culprit="ch4_ppb", bundle="b",
    )  # fmt: skip
    write_table(seasons[1].with_name("season-2.alarms.csv"), names, [[getattr(alarm, name) for name in names]])
    page, png = tmp_path / "life.html", tmp_path / "png"
    assert main(["report", str(bundles["both"]), str(bundles["vae"]), "--life", *map(str, seasons),
                 "-o", str(page), "--png", str(png)]) == 0  # fmt: skip
    text = page.read_text()
    for title in ("Bundles", "False alarms by age", "Drift", "Alarms by label", "What a retraining changed"):
        assert f">{title}<" in text
    assert "plume" in text
    assert "no bundle here was retrained" in text
    assert "lies from season-1.csv" in text
    numbers = json.loads((png / "budget.json").read_text())
    assert numbers["bundles"].keys() == {"both.davy", "vae.davy"}
    assert [one["file"] for one in numbers["stretches"]] == ["season-1.csv"] * 24 + ["season-2.csv"] * 24
    shift = np.array(json.loads((png / "drift.json").read_text())["shift"], dtype=np.float64)
    assert np.abs(np.median(shift[:24], axis=0)).max() < 1.0
    assert np.abs(np.median(shift[24:, 4:], axis=0)).max() > 2.0, "the sensors of the second season are older"


def test_a_bundle_that_is_missing_is_an_error_of_one_line(
    seasons: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(tmp_path / "none.davy"), "--life", str(seasons[0]), "-o", str(tmp_path / "p.html")]) == 1
    assert "none.davy" in capsys.readouterr().err
