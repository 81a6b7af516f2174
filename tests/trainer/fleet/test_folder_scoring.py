"""A folder of Parquet files, by station and day, is scored as one record of each station would be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("joblib", reason="NOT TESTED WITHOUT THE EXTRA 'fleet': joblib is not installed")
import numpy as np
import pandas as pd

from config.templates.templates import METHANE
from config.yaml.load import load_station
from davylamp import main
from edge.readings.csv.writer import write_table
from edge.simulation.simulator import simulate_chamber
from trainer.errors import FleetError
from trainer.fleet.folder_scoring import station_files

NAMES = load_station(METHANE).names
SCORED = ("consistency", "consistency_p", "reconstruction", "virtual", "shift_consistency")


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two stations of 600 rows, in three days."""
    folder = tmp_path_factory.mktemp("days")
    for number in (1, 2):
        rows = simulate_chamber(600, seed=number)
        write_table(folder / f"st-{number}.csv", NAMES, rows)
        for day in range(3):
            path = folder / "data" / f"station=st-{number}" / f"day=2026-01-0{day + 1}"
            path.mkdir(parents=True)
            pd.DataFrame(rows[200 * day : 200 * (day + 1)], columns=NAMES).to_parquet(path / "part-0.parquet")
    return folder


def test_the_memory_goes_on_from_each_day_to_the_next(
    days: Path, bundles: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle, out = str(bundles["both"]), tmp_path / "scores"
    words = ["score", bundle, str(days / "data"), "-o", str(out), "--jobs", "2", "--adapt"]
    assert main(words) == 0
    assert "2 of 2 stations done\n" in capsys.readouterr().out
    for name in ("st-1", "st-2"):
        whole = tmp_path / f"{name}.csv"
        assert main(["score", bundle, str(days / f"{name}.csv"), "-o", str(whole), "--adapt"]) == 0
        expected = pd.read_csv(whole)
        parts = sorted((out / f"station={name}").rglob("*.parquet"))
        assert [part.parent.name for part in parts] == ["day=2026-01-01", "day=2026-01-02", "day=2026-01-03"]
        found = pd.concat([pd.read_parquet(part, partitioning=None) for part in parts], ignore_index=True)
        assert list(found.columns) == [*expected.columns, "virtual_range"]
        for column in SCORED:
            np.testing.assert_allclose(found[column], pd.to_numeric(expected[column], errors="coerce"), rtol=1e-6)
        beyond = expected["virtual"].astype(str).str.endswith("range")
        assert found["virtual_range"][beyond].tolist() == expected["virtual"][beyond].tolist()
        assert found["row"].tolist() == 3 * list(range(200))
        assert found["state"].tolist() == expected["state"].tolist()
    capsys.readouterr()
    assert main([*words, "--json"]) == 0
    assert [each["outcome"] for each in json.loads(capsys.readouterr().out)["stations"]] == ["kept", "kept"]


def test_a_station_that_cannot_be_scored_is_named_and_its_earlier_scores_stay(
    days: Path, bundles: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("st-1", "st-2"):
        (tmp_path / "bundles").mkdir(exist_ok=True)
        (tmp_path / "bundles" / f"{name}.davy").write_bytes(bundles["both"].read_bytes())
    data = tmp_path / "data"
    for name in ("st-1", "st-2"):
        (data / name).mkdir(parents=True)
        day = days / "data" / f"station={name}" / "day=2026-01-01" / "part-0.parquet"
        (data / name / "2026-01-01.parquet").write_bytes(day.read_bytes())
    words = ["score", str(tmp_path / "bundles"), str(data), "-o", str(tmp_path / "out"), "--jobs", "2"]
    assert main(words) == 0
    scores = tmp_path / "out" / "station=st-1" / "2026-01-01.parquet"
    before = scores.read_bytes()
    (data / "st-1" / "2026-01-02.parquet").write_bytes(b"PAR1 damaged")
    capsys.readouterr()
    assert main(words) == 1
    printed = capsys.readouterr().out
    assert "st-1: " in printed
    assert f"{data}/st-1/2026-01-02.parquet: got a damaged Parquet file" in printed
    assert "1 of 2 stations done, 1 of them before" in printed
    assert scores.read_bytes() == before
    assert not list((tmp_path / "out").glob("_new-*"))


def test_the_station_and_the_day_may_stand_in_either_order(tmp_path: Path) -> None:
    for name in (
        "day=10/station=b/x.parquet", "day=2/station=b/x.parquet", "day=1/station=a/x.csv", "day=1/station=a b/x.csv",
    ):  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert station_files(tmp_path) == {
        "a": [("day=1/station=a/x.csv", "day=1/x.parquet")],
        "a b": [("day=1/station=a b/x.csv", "day=1/x.parquet")],
        "b": [("day=2/station=b/x.parquet", "day=2/x.parquet"), ("day=10/station=b/x.parquet", "day=10/x.parquet")],
    }


def test_files_of_which_it_is_not_clear_whose_they_are_are_all_named(tmp_path: Path) -> None:
    for name in (
        "day=1/a.parquet",
        "day=1/b.parquet",
        "day=2/a.parquet",
        "station=/day=3/a.parquet",
        "station=a/a.parquet",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    with pytest.raises(FleetError) as refused:
        station_files(tmp_path)
    assert [line.partition(": got no station")[0] for line in str(refused.value).splitlines()] == [
        f"{tmp_path}/{name}" for name in ("day=1", "day=2", "station=")
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["{data}"], "-o: got none, expected a folder for the scores of {data}"),
        (["{data}", "-o", "{data}/scores"], "-o: got {data}/scores, expected a folder outside {data}"),
        (["{data}", "-o", "{out}", "--request", "2"], "request: got 2, expected a rate in (0, 1)"),
        (["{empty}", "-o", "{out}"], "{empty}: got no .csv or .parquet file below it, expected station=NAME/day="),
        (["{csv}", "{data}"], "{data}: got a folder beside other files, expected it alone"),
        (["{csv}", "-o", "{out}", "--jobs", "2"], "--jobs: got it with files, expected it with a folder"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line(
    words: list[str],
    said: str,
    days: Path,
    bundles: dict[str, Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "empty").mkdir()
    places = {"data": days / "data", "csv": days / "st-1.csv", "out": tmp_path / "out", "empty": tmp_path / "empty"}
    assert main(["score", str(bundles["both"]), *(word.format(**places) for word in words)]) == 1
    err = capsys.readouterr().err
    assert err.startswith(said.format(**places))
    assert len(err.splitlines()) == 1


def test_days_are_scored_in_the_order_of_their_times_whatever_their_files_are_called(
    days: Path, bundles: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = pd.read_csv(days / "st-1.csv")
    station = tmp_path / "station.yaml"
    station.write_text(METHANE.read_text().replace("time: null", "time: at").replace("cadence: null", "cadence: 60"))
    rows["at"] = pd.date_range("2026-01-01T00:00:20", periods=600, freq="min", tz="Europe/Berlin")
    rows.to_csv(tmp_path / "whole.csv", index=False)
    folder = tmp_path / "data" / "station=st-1"
    lacking = rows[590:].drop(columns=NAMES[0])
    for name, part in {
        "day=10/part-0": rows[400:590].sample(frac=1, random_state=2),
        "day=2/part-f": rows[200:400:2],
        "day=2/part-0": rows[201:400:2].astype(dict.fromkeys(NAMES, np.float32)),
        "day=1/part-0": rows[:200],
        "day=3/part-0": rows[:0],
        "day=11/part-0": lacking,
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        part.to_parquet(folder / f"{name}.parquet", index=False)
    bundle, out = str(bundles["both"]), tmp_path / "scores"
    words = ["score", bundle, str(tmp_path / "data"), "-o", str(out), "--station", str(station), "--jobs", "1"]
    assert main(words) == 0
    printed = capsys.readouterr().out
    assert "st-1: note: station=st-1/day=3/part-0.parquet: no rows (and 2 more, which --json has)" in printed
    whole = ["score", bundle, str(tmp_path / "whole.csv"), "-o", str(tmp_path / "w.csv"), "--station", str(station)]
    assert main(whole) == 0
    expected = pd.read_csv(tmp_path / "w.csv")
    parts = {
        path.relative_to(out / "station=st-1"): pd.read_parquet(path, partitioning=None)
        for path in out.rglob("*.parquet")
    }
    assert len(parts) == 6
    assert {len(part) for part in parts.values()} == {0, 10, 100, 190, 200}
    found = pd.concat(parts.values()).sort_values("time", ignore_index=True)
    for column in SCORED:
        np.testing.assert_allclose(
            found[column][:590], pd.to_numeric(expected[column], errors="coerce")[:590], rtol=1e-3, atol=2e-4
        )
    assert found["state"].tolist()[:590] == expected["state"].tolist()[:590]
    assert (
        parts[Path("day=10/part-0.parquet")]["row"].tolist()
        == np.argsort(rows[400:590].sample(frac=1, random_state=2).index).tolist()
    )


def test_options_that_no_station_could_follow_are_refused_before_anything_starts(
    days: Path, bundles: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["score", str(bundles["both"]), str(days / "data"), "-o", str(tmp_path / "out")]
    for more, said in (
        (["--absent", "ch4_ppb", "--limit", "5"], "limit: got 5, but these rows have no gas level to compare it with"),
        (["--absent", "nothing"], "absent: got nothing"),
        (["--station", str(tmp_path / "none.yaml")], "none.yaml: there is no such file"),
    ):
        assert main([*words, *more]) == 1
        assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
