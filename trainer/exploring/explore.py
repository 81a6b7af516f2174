"""Draws a page about files, before anything is trained."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from config.settings.station import Station
from config.yaml.load import load_station
from config.yaml.messages import did_you_mean
from trainer.errors import RecordError
from trainer.exploring.exploration import examine
from trainer.exploring.exploration_panels import exploration_panels
from trainer.exploring.raw_record import read_raw_record
from trainer.page.output_path import path_problem
from trainer.page.page import write_page
from trainer.page.panel import Panel
from trainer.page.panel_files import write_panel_files


def explore(
    files: Sequence[str | Path],
    station_path: str | Path,
    output: str | Path,
    *,
    pairs: Sequence[tuple[str, str]] = (),
    png: str | Path | None = None,
    progress: TextIO | None = None,
) -> None:
    """Write one page about what is in files: what is missing, parts, densities, correlations, responses, leakage.

    Parameters
    ----------
    files
        CSV or Parquet files.
    station_path
        Station file that describes the columns.
    output
        Path of the page.
    pairs
        Keys (x, y) of further columns to scatter.
    png
        Folder for each figure and its numbers as files; ``None`` writes none.
    progress
        Where each step is reported; ``None`` reports none.

    Raises
    ------
    RecordError
        The files cannot be read as this station's, they have fewer than 10 rows, a pair names no column, the page's
        folder does not exist, or ``png`` is a file.
    ConfigError
        The station file is wrong.
    """

    def report(step: str) -> None:
        if progress is not None:
            progress.write(f"{step}\n")
            progress.flush()

    station = load_station(station_path)
    _check(pairs, station)
    if problem := path_problem(output, png):
        raise RecordError(problem)
    record = read_raw_record(files, station)
    for sentence in record.sentences:
        report(sentence)
    report(f"read: {record.rows:,} rows of the station {station.name}")
    found = examine(record, on_progress=lambda what: report(f"looking at {what}"))
    drawn: list[Panel] = []
    for panel in exploration_panels(found, pairs):
        drawn.append(panel)
        report(f"drawn: {panel.title}")
    report("writing")
    write_page(
        output,
        title=f"Before training: {station.name}",
        subtitle=f"{record.rows:,} rows of {station.size} columns from {', '.join(record.files)}",
        panels=drawn,
    )
    if png is not None:
        write_panel_files(png, drawn)


def _check(pairs: Sequence[tuple[str, str]], station: Station) -> None:
    for pair in pairs:
        for key in pair:
            if key not in station.keys:
                raise RecordError(f'pair {",".join(pair)}: got "{key}"; {did_you_mean(key, station.keys)}')
