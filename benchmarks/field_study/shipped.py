"""Runs the shipped commands in processes of their own, and measures what they take."""

from __future__ import annotations

import csv
import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge.arrays import Floats, Mask

KINDS = ("consistency", "reconstruction", "methane")


@dataclass(frozen=True)
class CommandRun:
    """What one command took.

    Parameters
    ----------
    done
        Whether it ended without an error.
    cpu
        Processor time [s].
    memory
        Largest resident memory [MB].
    last
        Last line on standard error where it failed.
    """

    done: bool
    cpu: float
    memory: float
    last: str


@dataclass(frozen=True)
class FileScores:
    """Scores of the N rows of a file.

    Parameters
    ----------
    score
        Kind -> -log10 p [N]; nan: no score.
    alarm
        Kind -> whether it exceeded [N].
    state
        State of each row [N].
    shift
        Kind -> decades that its threshold has moved [N]; empty where the command does not write it.
    """

    score: dict[str, Floats]
    alarm: dict[str, Mask]
    state: list[str]
    shift: dict[str, Floats]


class ShippedCommands:
    """``davylamp train`` and ``davylamp score`` as anybody would call them.

    Parameters
    ----------
    command
        Words that start davylamp; other words start another version of it.
    folder
        Folder in which they run.
    quick
        Whether trainings take seconds only.
    """

    def __init__(self, command: Sequence[str], folder: Path, *, quick: bool) -> None:
        self._command = list(command)
        self._folder = folder
        self._quick = quick

    def train(self, files: Sequence[Path], station: Path, run: Path, bundle: Path) -> CommandRun:
        """Train a bundle."""
        options = ["--quick"] if self._quick else []
        names = [str(file) for file in files]
        return self._run(
            ["train", *names, "--station", str(station), "-o", str(run), "--bundle", str(bundle), *options]
        )

    def score(
        self, bundle: Path, files: Sequence[Path], output: Path, *, rate: float, follow: bool, absent: str | None = None
    ) -> dict[str, FileScores]:
        """Score files, each as a station that has just started; returns the scores by the file's name."""
        options = [
            "--request",
            f"{rate:g}",
            *(["--adapt"] if follow else []),
            *(["--absent", absent] if absent else []),
        ]
        done = self._run(["score", str(bundle), *map(str, files), "-o", str(output), *options])
        if not done.done:
            raise RuntimeError(f"davylamp score: {done.last}")
        return read_scores(output)

    def _run(self, arguments: Sequence[str]) -> CommandRun:
        # One thread each, because two of them run at a time; elsewhere, or -m would find what lies in this folder.
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        process = subprocess.Popen(
            [*self._command, *arguments],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment, cwd=self._folder,
        )  # fmt: skip
        assert process.stderr is not None
        lines = process.stderr.read().splitlines()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        done = process.returncode == 0
        return CommandRun(done, usage.ru_utime + usage.ru_stime, _megabytes(usage), "" if done else (lines or [""])[-1])


def read_scores(path: Path) -> dict[str, FileScores]:
    """Read what ``davylamp score`` has written, by the file's name."""
    rows: dict[str, list[dict[str, str]]] = {}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            rows.setdefault(row["file"], []).append(row)
    return {Path(name).name: _scores(of) for name, of in rows.items()}


def _scores(rows: Sequence[dict[str, str]]) -> FileScores:
    def numbers(column: str) -> Floats:
        return np.array([float(row[column]) if row[column] else np.nan for row in rows])

    exceeding = [row["alarm"].split("+") for row in rows]
    shifts = {kind: name for kind in KINDS for name in (f"{kind}_shift", f"shift_{kind}") if name in rows[0]}
    return FileScores(
        score={kind: numbers(kind) for kind in KINDS},
        alarm={kind: np.array([kind in kinds for kinds in exceeding]) for kind in KINDS},
        state=[row["state"] for row in rows],
        shift={kind: numbers(name) for kind, name in shifts.items()},
    )


def _megabytes(usage: resource.struct_rusage) -> float:
    return usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
