"""The command line: one line per mistake, the right exit code, never a traceback."""

from __future__ import annotations

import shlex
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

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
    assert len((ROOT / "davylamp.py").read_text().splitlines()) < 150


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
