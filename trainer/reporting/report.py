"""Report: a run, or several beside one another, as one page to open, send and keep."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from trainer.errors import TrainingError
from trainer.page import path_problem, write_figures, write_page
from trainer.reporting.acceptance import acceptance
from trainer.reporting.comparison import comparison
from trainer.reporting.panels import run_panels
from trainer.reporting.run_results import RunResults


def report(
    runs: Sequence[str | os.PathLike[str]],
    output: str | os.PathLike[str],
    *,
    png: str | os.PathLike[str] | None = None,
    progress: TextIO | None = None,
) -> None:
    """Write one page about a run, or about several of them side by side.

    Nothing is fitted: the networks and what ``train`` and ``evaluate`` left in a run are read. What is missing there
    is a panel with the command that makes it.

    Parameters
    ----------
    runs
        Run folders.
    output
        The page.
    png
        Folder where each figure is written as well, with its numbers; ``None``: nowhere.
    progress
        Told of every panel that is drawn; ``None``: nobody is.

    Raises
    ------
    TrainingError
        No run, one that is no run folder or is damaged, or the same twice; the page's folder is not there, or that of
        the pictures is a file.
    ConfigError
        A run's station or settings file is.
    """
    if not runs:
        raise TrainingError("report: got no run, expected one or more; fix: davylamp report RUN")
    if wrong := path_problem(output, png):
        raise TrainingError(wrong)
    subjects = _named([RunResults.open(run) for run in runs])
    first = subjects[0]
    drawn = []
    for panel in run_panels(first) if len(subjects) == 1 else comparison(subjects):
        drawn.append(panel)
        if progress is not None:
            progress.write(f"drawn: {panel.title}\n")
    write_page(
        Path(output),
        title=f"{'Run' if len(subjects) == 1 else 'Runs'} {', '.join(subject.name for subject in subjects)}",
        subtitle=_subtitle(first) if len(subjects) == 1 else f"{len(subjects)} runs side by side",
        panels=drawn,
        box=acceptance(first) if len(subjects) == 1 else None,
    )
    if png is not None:
        write_figures(Path(png), drawn)


def _named(subjects: Sequence[RunResults]) -> list[RunResults]:
    """Tell runs of one name apart by their folders."""
    folders = [subject.run.folder.resolve() for subject in subjects]
    for subject, folder in zip(subjects, folders, strict=True):
        if folders.count(folder) > 1:
            raise TrainingError(
                f"report: got {subject.run.folder} twice, expected runs of their own; fix: name it once"
            )
    names = [subject.name for subject in subjects]
    return [
        subject if names.count(subject.name) == 1 else subject.renamed(str(subject.run.folder)) for subject in subjects
    ]


def _subtitle(subject: RunResults) -> str:
    run = subject.run
    return f"{run.station.name}: {run.data.rows:,} rows of {', '.join(run.data.files)}, trained {run.created}"
