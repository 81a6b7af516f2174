"""Draws a station's life as one page: its bundles side by side over everything that it sent."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from trainer.errors import TrainingError
from trainer.evaluation.retraining.station_life import measure_life
from trainer.page.output_path import path_problem
from trainer.page.page import write_page
from trainer.page.panel_files import write_panel_files
from trainer.reporting.life_panels import life_panels


def draw_life(
    bundles: Sequence[Path],
    files: Sequence[Path],
    output: str | os.PathLike[str],
    *,
    png: str | os.PathLike[str] | None = None,
    progress: TextIO | None = None,
) -> None:
    """Write the page.

    Parameters
    ----------
    bundles
        The station's bundles.
    files
        What it sent, from the oldest to the newest; alarms that ``davylamp collect`` wrote beside them are read too.
    output
        Path of the page.
    png
        Folder for each figure and its numbers as files; ``None`` writes none.
    progress
        Where progress is drawn and each panel is reported; ``None`` reports none.

    Raises
    ------
    BundleError
        A bundle cannot be used.
    RecordError
        A file cannot be read as readings of that station.
    TrainingError
        The bundles are of different stations, a file of alarms is damaged, or the page cannot be written there.
    """
    if problem := path_problem(output, png):
        raise TrainingError(problem)
    life = measure_life(bundles, files, progress=progress)
    drawn = []
    for panel in life_panels(life):
        drawn.append(panel)
        if progress is not None:
            progress.write(f"drawn: {panel.title}\n")
    readings = life.stretches[-1].end
    write_page(
        Path(output),
        title=f"Life of {life.station.name}",
        subtitle=f"{readings:,} readings of {len(files)} files, {len(life.bundles)} bundles",
        panels=drawn,
    )
    if png is not None:
        write_panel_files(Path(png), drawn)
