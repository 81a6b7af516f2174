"""The command line: one line per mistake, the right exit code, never a traceback."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from config.extras import missing_extra_fix
from config.templates.templates import METHANE
from davylamp import VERBS, __version__, main, parse

ROOT = Path(__file__).parents[1]

THREE_MISTAKES = """
name: three
features:
  - {name: A, key: a_ppb, unit: "[ppb]", role: gaz, range: [0, 1]}
  - {name: B, key: b_c, unit: Cel, role: environment, range: [50, 10]}
cadense: 3
"""


def _run(*words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "davylamp", *words],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_station_file_with_three_mistakes_prints_three_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    station, rows = tmp_path / "station.yaml", tmp_path / "rows.csv"
    station.write_text(THREE_MISTAKES)
    rows.write_text("A,B\n1,2\n")
    assert main(["train", str(rows), "--station", str(station), "-o", str(tmp_path / "run")]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert all("station.yaml: " in line for line in lines)


@pytest.mark.parametrize(
    "words",
    [
        ["inspect", "nothing.davy"],
        ["score", "nothing.davy", "rows.csv"],
        ["synthesize", "nothing.davy"],
        ["agent", "-c", "nothing.yaml"],
        ["check", "-c", "nothing.yaml"],
        ["export", "nothing", "-o", "x.davy"],
        ["evaluate", "nothing.csv", "--station", str(METHANE)],
        ["evaluate", "nothing.csv", "--station", str(METHANE), "--synthesis"],
        ["evaluate", "nothing.csv", "--run", "nothing"],
        ["evaluate", "nothing.csv", "--run", "nothing", "--training", "training.yaml"],
        ["explore", "nothing.csv"],
        ["explore", "nothing.csv", "--station", "nothing.yaml"],
        ["report", "nothing"],
        ["replay", "nothing.csv"],
        ["watch", "--broker", "localhost:1"],
        ["demo", "--data", "nothing.csv"],
    ],
)
def test_what_is_not_there_is_one_line_and_exit_1(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(words) == 1
    said = capsys.readouterr()
    assert len((said.err + said.out).strip().splitlines()) == 1
    assert "Traceback" not in said.err


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["sing"],
        ["train"],
        ["evaluate", "x.csv"],
        ["evaluate", "x.csv", "--station", "x.yaml", "--run", "x"],
        ["explore", "x.csv", "--station", "x.yaml", "--pair", "ch4_ppb"],
        ["report"],
        ["replay", "x.csv", "--speed", "fast"],
        ["demo", "--seed", "-1"],
        ["synthesize", "x.davy", "--range", "ch4_ppb=5000"],
        ["synthesize", "x.davy", "--mix", "plume"],
        ["inspect", "x.davy", "--json", "y.davy"],
        ["request", "info", "--base", "x", "n=3", "--nothing"],
        ["synthesize", "x.davy", "--regime", "plume", "--mix", "plume=1"],
    ],
)
def test_wrong_usage_is_exit_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(words)
    assert stop.value.code == 2
    assert "usage: davylamp" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "mistyped", "nearest"),
    [
        (["trian"], "trian", "train"),
        (["scroe", "x.davy", "x.csv"], "scroe", "score"),
        (["help", "simulat"], "simulat", "simulate"),
    ],
)
def test_a_mistyped_verb_is_answered_with_the_nearest_one(
    words: list[str], mistyped: str, nearest: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    assert capsys.readouterr() == ("", f'davylamp: got the verb "{mistyped}"; did you mean "{nearest}"?\n')


@pytest.mark.parametrize(
    "words",
    [
        ["synthesize", "n=3", "seed=7", "--base", "x"],
        ["--base", "x", "synthesize", "n=3", "seed=7"],
        ["synthesize", "--base", "x", "n=3", "seed=7"],
        ["synthesize", "n=3", "--base", "x", "seed=7"],
    ],
)
def test_fields_of_a_request_may_stand_on_either_side_of_an_option(words: list[str]) -> None:
    parsed = parse(["request", *words])
    assert (parsed.name, parsed.words, parsed.base) == ("synthesize", ["n=3", "seed=7"], "x")


@pytest.mark.parametrize("option", ["-V", "--version"])
def test_the_version_has_a_short_option(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert _help(option, capsys=capsys) == f"davylamp {__version__}\n"


def test_help_is_a_verb_as_well_as_an_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert _help("help", capsys=capsys) == _help("--help", capsys=capsys)
    assert _help("help", "score", capsys=capsys) == _help("score", "--help", capsys=capsys)
    assert _help("help", "data", "fetch", capsys=capsys) == _help("data", "fetch", "--help", capsys=capsys)


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_is_a_module_with_arguments_a_run_and_an_example(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    module = import_module(VERBS[verb][1])
    assert callable(module.run)
    assert callable(module.add_arguments)
    assert module.__name__.endswith(f".commands.{verb.replace('-', '_')}")

    program, *words = shlex.split(module.EXAMPLE.removeprefix("sudo "))
    assert program == "davylamp"
    assert parse(words).verb == verb
    assert _help(verb, "--help", capsys=capsys).endswith(f"\nexample:\n  {module.EXAMPLE}\n")


def test_the_registry_is_the_only_list_of_verbs() -> None:
    files = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for package in ("edge", "trainer", "export")
        for path in (ROOT / package / "commands").glob("*.py")
        if path.stem != "__init__"
    }
    assert files == {module for _, module in VERBS.values()}
    assert len((ROOT / "davylamp.py").read_text().splitlines()) < 130


def test_help_imports_no_verb_and_that_of_a_verb_no_library() -> None:
    script = (
        "import contextlib, io, sys\n"
        "import davylamp\n"
        "for verb in ('', *davylamp.VERBS):\n"
        "    with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):\n"
        "        davylamp.main(['help', verb] if verb else ['help'])\n"
        "    if not verb: print(*(name for name in sys.modules if '.commands' in name))\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules} - sys.stdlib_module_names - {'__main__'}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", script], capture_output=True, text=True, timeout=60, check=True, cwd=ROOT
    )
    assert done.stdout.split("\n") == ["", "config davylamp edge export trainer", ""]


def _help(*words: str, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as stop:
        main(words)
    assert not stop.value.code
    return capsys.readouterr().out


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
    home = tmp_path / "home"
    assert _run("init", str(home)).returncode == 0
    run, bundle, again = tmp_path / "run", tmp_path / "one.davy", tmp_path / "again.davy"
    done = _run("train", str(chamber_csv), "--station", str(home / "methane.yaml"), "--model", "vae", "-o", str(run),
                "--quick", "--bundle", str(bundle))  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "mean predictor" in done.stdout or "baseline" in done.stdout
    assert _run("export", str(run), "-o", str(again)).returncode == 0
    assert again.read_bytes() == bundle.read_bytes()
    manifest = json.loads(_run("inspect", str(bundle), "--json").stdout)
    assert len(json.dumps(manifest)) > 1000
    scores = tmp_path / "scores.csv"
    assert _run("score", str(bundle), str(chamber_csv), "-o", str(scores)).returncode == 0
    assert len(scores.read_text().splitlines()) == len(chamber_csv.read_text().splitlines())
    assert (
        _run("score", "--absent", "ch4_ppb", "--adapt", str(bundle), str(chamber_csv), "-o", str(scores)).returncode
        == 0
    )
    assert len(scores.read_text().splitlines()) == len(chamber_csv.read_text().splitlines())
    rows = _run("synthesize", str(bundle), "-n", "5", "--seed", "7")
    assert rows.returncode == 0
    assert rows.stdout.splitlines()[0] == chamber_csv.read_text().splitlines()[0]
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
