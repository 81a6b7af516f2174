"""Draws a run, or several side by side, as one page to open, send and keep."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from trainer.errors import TrainingError
from trainer.page.output_path import path_problem
from trainer.page.page import write_page
from trainer.page.panel_files import write_panel_files
from trainer.reporting.acceptance import acceptance
from trainer.reporting.comparison import comparison
from trainer.reporting.run_panels import run_panels
from trainer.reporting.run_results import RunResults


def report(
    runs: Sequence[str | os.PathLike[str]],
    output: str | os.PathLike[str],
    *,
    png: str | os.PathLike[str] | None = None,
    progress: TextIO | None = None,
) -> None:
    """Write one page about a run, or about several of them side by side.

    Nothing is fitted: what ``train`` and ``evaluate`` left in a run is read. In place of what is missing there is a
    panel with the command that makes it.

    Parameters
    ----------
    runs
        Run folders.
    output
        Path of the page.
    png
        Folder for each figure and its numbers as files; ``None`` writes none.
    progress
        Where each panel drawn is reported; ``None`` reports none.

    Raises
    ------
    TrainingError
        There is no run, a folder is not a run folder or is damaged, or a run is given twice; the page's folder does
        not exist, or ``png`` is a file.
    ConfigError
        A run's station or settings file is wrong.
    """
    if not runs:
        raise TrainingError("report: got no run, expected one or more; fix: davylamp report RUN")
    if problem := path_problem(output, png):
        raise TrainingError(problem)
    opened = _named([RunResults.open(run) for run in runs])
    first = opened[0]
    drawn = []
    for panel in run_panels(first) if len(opened) == 1 else comparison(opened):
        drawn.append(panel)
        if progress is not None:
            progress.write(f"drawn: {panel.title}\n")
    checklist = acceptance(first) if len(opened) == 1 else None
    if progress is not None and checklist is not None:
        progress.write(f"verdict: {checklist.headline}\n")
    write_page(
        Path(output),
        title=f"{'Run' if len(opened) == 1 else 'Runs'} {', '.join(one.name for one in opened)}",
        subtitle=_subtitle(first) if len(opened) == 1 else f"{len(opened)} runs side by side",
        panels=drawn,
        checklist=checklist,
    )
    if png is not None:
        write_panel_files(Path(png), drawn)


def _named(opened: Sequence[RunResults]) -> list[RunResults]:
    """Name runs of the same name by their folders."""
    folders = [results.run.folder.resolve() for results in opened]
    for results, folder in zip(opened, folders, strict=True):
        if folders.count(folder) > 1:
            raise TrainingError(
                f"report: got {results.run.folder} twice, expected runs of their own; fix: name it once"
            )
    names = [results.name for results in opened]
    return [
        results if names.count(results.name) == 1 else results.renamed(str(results.run.folder)) for results in opened
    ]


def _subtitle(results: RunResults) -> str:
    run = results.run
    return f"{run.station.name}: {run.data.rows:,} rows of {', '.join(run.data.files)}, trained {run.created}"
