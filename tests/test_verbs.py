"""The verbs as a person runs them, one after the other, without torch, and into a pipe."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from config.extras import missing_extra_fix
from config.templates.templates import METHANE
from davylamp import main


def _run(*words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "davylamp", *words],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def _run_without_torch(*words: str) -> subprocess.CompletedProcess[str]:
    script = (
        "import sys\n"
        "class Block:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'torch': raise ModuleNotFoundError(name=name)\n"
        "sys.meta_path.insert(0, Block())\n"
        "import davylamp\n"
        "sys.exit(davylamp.main(sys.argv[1:]))"
    )
    return subprocess.run(
        [sys.executable, "-c", script, *words], capture_output=True, text=True, timeout=120, check=False
    )


def test_a_missing_extra_is_named_with_what_installs_it(tmp_path: Path) -> None:
    done = _run_without_torch("train", "x.csv", "--station", str(METHANE), "-o", str(tmp_path / "run"))
    assert done.returncode == 1
    assert done.stderr == f"davylamp train needs torch; fix: {missing_extra_fix('trainer')}\n"
    assert "download.pytorch.org/whl/cpu" in done.stderr or "--torch-backend cpu" in done.stderr


def test_a_record_is_explored_without_torch(chamber_csv: Path, tmp_path: Path) -> None:
    done = _run_without_torch("explore", str(chamber_csv), "-o", str(tmp_path / "explore.html"))
    assert (done.returncode, done.stdout) == (0, f"{tmp_path}/explore.html\n"), done.stderr
    assert (tmp_path / "explore.html").is_file()


def test_a_run_is_reported_without_torch(runs: dict[str, Path], tmp_path: Path) -> None:
    done = _run_without_torch("report", str(runs["both"]), "-o", str(tmp_path / "report.html"))
    assert (done.returncode, done.stdout) == (0, f"{tmp_path}/report.html\n"), done.stderr
    assert (tmp_path / "report.html").is_file()


def test_init_train_export_inspect_score_and_synthesize_follow_one_another(chamber_csv: Path, tmp_path: Path) -> None:
    home, rows_csv = tmp_path / "home", tmp_path / "rows.csv"
    rows_csv.write_text("".join(chamber_csv.read_text().splitlines(keepends=True)[:1601]))
    assert _run("init", str(home)).returncode == 0
    run, bundle, again = tmp_path / "run", tmp_path / "one.davy", tmp_path / "again.davy"
    done = _run("train", str(rows_csv), "--station", str(home / "methane.yaml"), "--model", "vae", "-o", str(run),
                "--quick", "--bundle", str(bundle))  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "mean predictor" in done.stdout or "baseline" in done.stdout
    assert _run("export", str(run), "-o", str(again)).returncode == 0
    assert again.read_bytes() == bundle.read_bytes()
    manifest = json.loads(_run("inspect", str(bundle), "--json").stdout)
    assert len(json.dumps(manifest)) > 1000
    scores = tmp_path / "scores.csv"
    assert _run("score", str(bundle), str(rows_csv), "-o", str(scores)).returncode == 0
    assert len(scores.read_text().splitlines()) == len(rows_csv.read_text().splitlines())
    assert (
        _run("score", "--absent", "ch4_ppb", "--adapt", str(bundle), str(rows_csv), "-o", str(scores)).returncode == 0
    )
    assert len(scores.read_text().splitlines()) == len(rows_csv.read_text().splitlines())
    rows = _run("synthesize", str(bundle), "-n", "5", "--seed", "7")
    assert rows.returncode == 0
    assert rows.stdout.splitlines()[0] == rows_csv.read_text().splitlines()[0]
    assert len(rows.stdout.splitlines()) == 6


def test_what_is_measured_of_a_run_is_kept_in_its_folder(
    runs: dict[str, Path], chamber_csv: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from trainer.evaluation.detection.results import Evaluation

    run, short, copy = tmp_path / "run", tmp_path / "short.csv", tmp_path / "copy.json"
    shutil.copytree(runs["both"], run)
    short.write_text("".join(chamber_csv.read_text().splitlines(keepends=True)[:701]))

    assert main(["evaluate", str(short), "--run", str(run), "--quick", "-o", str(copy)]) == 0

    found = Evaluation.read(run)
    assert found is not None
    assert {fold.station for fold in found.folds} == {"short.csv"}
    assert all(fold.curves is not None for fold in found.folds)
    assert json.loads(copy.read_text()) == json.loads((run / "detection.json").read_text())
    assert "The least to reach" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        ["--regime", "plume"],
        ["--range", "ch4_ppb=3000:4000", "--range", "temperature_c=-20:60"],
        ["--mix", "background=.25,plume=.75"],
        ["--around", "rows.csv", "--noise", "0.3"],
    ],
)
def test_synthetic_rows_may_be_asked_for_in_several_ways(
    words: list[str], bundles: dict[str, Path], chamber_csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("rows.csv").write_text("".join(chamber_csv.read_text().splitlines(keepends=True)[:9]))
    written = []
    for name, options in (("one.csv", words), ("two.csv", words), ("prior.csv", [])):
        assert main(["synthesize", str(bundles["vae"]), "-n", "30", "--seed", "7", *options, "-o", name]) == 0
        written.append(Path(name).read_text())
    assert len(written[0].splitlines()) == 31
    assert written[0] == written[1] != written[2]


def test_output_that_nobody_reads_to_the_end_is_no_error(bundles: dict[str, Path]) -> None:
    command = f"{sys.executable} -m davylamp synthesize {bundles['ae']} -n 200000 | head -n 1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stderr == ""


def test_a_terminal_does_not_obey_what_an_error_repeats(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(tmp_path / "\x1b[2J.davy")]) == 1
    error = capsys.readouterr().err
    assert "\\x1b[2J.davy" in error
    assert error.removesuffix("\n").isprintable()


def test_a_record_is_explored_as_the_methane_stations_unless_another_is_named(
    chamber_csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["explore", str(chamber_csv)]) == 0
    said = capsys.readouterr()
    assert said.out == "explore.html\n"
    assert said.err.startswith("read: 1,500 rows of the station methane\n")
    assert "Before training: methane" in (tmp_path / "explore.html").read_text()


@pytest.fixture(scope="module")
def chamber_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from config.yaml.load import load_station
    from edge.readings.csv.writer import write_table
    from edge.simulation.simulator import simulate_chamber

    path = tmp_path_factory.mktemp("chamber") / "chamber.csv"
    write_table(path, load_station(METHANE).names, simulate_chamber(1500, seed=3))
    return path
