"""Ctrl-C ends a command at once, and a line says what it has left behind."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

import pytest

from config.templates.templates import METHANE
from config.yaml.load import load_station
from davylamp import main, parse
from edge.readings.csv.writer import write_table
from edge.simulation.simulator import simulate_chamber
from export.commands import train as train_command
from tests.terminal_process import TerminalProcess
from trainer.evaluation.parallel import run_tasks


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("record") / "record.csv"
    write_table(path, load_station(METHANE).names, simulate_chamber(6000, seed=3))
    return path


def test_an_interrupted_training_leaves_no_run_and_says_so(record: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    with TerminalProcess("train", str(record), "--station", str(METHANE), "-o", str(run)) as terminal:
        terminal.wait("epoch", timeout=120)
        terminal.press("\x03")
        assert terminal.end() == 130
    said = f"davylamp train: interrupted; {run} is as it was before: a run is written when it is complete"
    assert said in terminal.text.splitlines()  # a line of its own; a bar may end behind it
    assert "Traceback" not in terminal.text
    assert not run.exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["train", "x.csv", "--station", "x.yaml", "-o", "run"], "run is as it was before"),
        (
            ["evaluate", "x.csv", "--run", "run", "-o", "x.json"],
            "nothing is written, and nothing has changed in run and x.json",
        ),
        (["score", "x.davy", "x.csv", "-o", "scores.csv"], "scores.csv is as it was before"),
        (["score", "x.davy", "x.csv"], "what is printed so far is right, and the rest is missing"),
        (["score", "x.davy", "-", "-o", "scores"], "scores has the scores so far"),
        (["synthesize", "x.davy", "-o", "rows.csv"], "rows.csv is as it was before"),
        (["export", "run", "-o", "x.davy"], "x.davy is as it was before"),
        (["retrain", "x.csv", "--collected", "y.csv", "--bundle", "a.davy", "-o", "b"], "b is as it was before"),
        (["check", "-c", "gateway.yaml"], "nothing was changed"),
        (["request", "info"], "the agent may still carry out what was sent"),
        (["demo"], "demo-run has what was made so far; its agent and broker have stopped"),
        (["inspect", "x.davy"], "davylamp inspect: interrupted\n"),
    ],
)
def test_an_interrupted_command_says_what_is_left(
    words: list[str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from importlib import import_module

    from davylamp import VERBS

    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(import_module(VERBS[words[0]][1]), "run", interrupted)
    assert main(words) == 130
    err = capsys.readouterr().err
    assert err.startswith(f"davylamp {words[0]}: interrupted")
    assert said in err
    assert len(err.splitlines()) == 1


def test_a_training_that_is_interrupted_after_its_run_was_written_says_how_to_go_on() -> None:
    arguments = parse(["train", "x.csv", "--station", "x.yaml", "-o", "runs/one", "--bundle", "one.davy"])
    arguments.complete = True
    left = train_command.left_behind(arguments)
    assert left == "the run in runs/one is complete; davylamp export runs/one -o one.davy makes its bundle"


def test_what_runs_in_other_processes_ends_with_the_command() -> None:
    started = time.monotonic()
    tasks = [partial(time.sleep, 0.0), *(partial(time.sleep, 300.0) for _ in range(3))]
    running = run_tasks(tasks, 2)
    assert next(running)[0] == 0
    running.close()  # type: ignore[attr-defined]  # what happens to it when an interrupted command is left
    assert time.monotonic() - started < 120
