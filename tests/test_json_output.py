"""``--json``: one document on standard output, and nothing beside it."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import pytest

from config.templates.templates import METHANE
from config.yaml.load import load_station
from davylamp import main
from edge.commands.score import score_files
from edge.errors import RequestError
from edge.readings.csv.writer import write_table
from edge.simulation.simulator import simulate_chamber


@pytest.fixture(scope="module")
def short_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("short") / "short.csv"
    write_table(path, load_station(METHANE).names, simulate_chamber(700, seed=3))
    return path


def test_check_prints_its_findings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gateway = tmp_path / "gateway.yaml"
    gateway.write_text("gateway: gw1\nstations: [{topic: sensors/+, bundle: nothing.davy}]\njournal: 7\n")
    assert main(["check", "-c", str(gateway), "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["passed"] is False
    assert {"error"} == {each["level"] for each in document["findings"]}
    assert any("journal: got 7" in each["text"] for each in document["findings"])


def test_score_prints_a_summary_and_writes_the_scores(
    bundles: dict[str, Path], short_csv: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scores = tmp_path / "scores.csv"
    assert main(["score", str(bundles["ae"]), str(short_csv), str(short_csv), "-o", str(scores), "--json"]) == 0
    printed = capsys.readouterr()
    document = json.loads(printed.out)
    rows = len(scores.read_text().splitlines()) - 1
    assert document["output"] == str(scores)
    assert [each["file"] for each in document["files"]] == [str(short_csv)] * 2
    assert sum(each["readings"] for each in document["files"]) == rows == 1400
    first = document["files"][0]
    assert sum(first["states"].values()) == first["readings"] - first["unusable"]
    assert first["without_score"]["warming up, at the start or behind a gap"] > 0
    assert any("no reconstruction score" in note for note in document["notes"])
    assert printed.err == ""


def test_score_counts_the_readings_of_a_stream(bundles: dict[str, Path], tmp_path: Path) -> None:
    summary, scores = io.StringIO(), tmp_path / "scores.ndjson"
    score_files(bundles["ae"], ["-"], scores, source=io.BytesIO(b"{}\nnope\n"), summary=summary)
    (counted,) = json.loads(summary.getvalue())["files"]
    assert (counted["file"], counted["unusable"]) == ("standard input", 2)


def test_a_summary_needs_another_place_for_the_scores(bundles: dict[str, Path], short_csv: Path) -> None:
    with pytest.raises(RequestError, match="--json: got no -o FILE"):
        score_files(bundles["ae"], [str(short_csv)], summary=io.StringIO())


def test_train_prints_the_metrics(short_csv: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run, bundle = tmp_path / "run", tmp_path / "one.davy"
    words = ["--station", str(METHANE), "-o", str(run), "--quick", "--bundle", str(bundle), "--json"]
    assert main(["train", str(short_csv), *words]) == 0
    printed = capsys.readouterr()
    document = json.loads(printed.out)
    assert (document["run"], document["bundle"]) == (str(run), str(bundle))
    assert document["metrics"] == json.loads((run / "metrics.json").read_text())
    assert bundle.is_file()


def test_evaluate_prints_the_numbers(
    runs: dict[str, Path], short_csv: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    shutil.copytree(runs["both"], run)
    assert main(["evaluate", str(short_csv), "--run", str(run), "--quick", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads((run / "detection.json").read_text())
