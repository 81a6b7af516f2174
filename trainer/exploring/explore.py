"""Explore: files as one page, before anything is trained."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from config.settings.station import Station
from config.yaml.load import load_station
from config.yaml.messages import did_you_mean
from trainer.errors import RecordError
from trainer.exploring.exploration import examine
from trainer.exploring.panels import exploration_panels
from trainer.exploring.raw_record import read_raw_record
from trainer.page import Panel, path_problem, write_figures, write_page


def explore(
    files: Sequence[str | Path],
    station_path: str | Path,
    output: str | Path,
    *,
    pairs: Sequence[tuple[str, str]] = (),
    png: str | Path | None = None,
    progress: TextIO | None = None,
) -> None:
    """Write one page about what is in files: holes, parts, densities, correlations, responses, leaks.

    Parameters
    ----------
    files
        CSV or Parquet.
    station_path
        The station file.
    output
        The page.
    pairs
        Keys (x, y) of columns to scatter beside the environment's.
    png
        Folder where each figure is written as well, with its numbers; ``None``: nowhere.
    progress
        Told of every step; ``None``: nobody is.

    Raises
    ------
    RecordError
        The files cannot be read as this station's, they have less than 10 rows, a pair names no column,
        the page's folder is not there, or that of the pictures is a file.
    ConfigError
        The station file is wrong.
    """

    def told(step: str) -> None:
        if progress is not None:
            progress.write(f"{step}\n")
            progress.flush()

    station = load_station(station_path)
    _check(pairs, station)
    if wrong := path_problem(output, png):
        raise RecordError(wrong)
    sheet = read_raw_record(files, station)
    told(f"read: {sheet.rows:,} rows of the station {station.name}")
    found = examine(sheet, told=lambda what: told(f"looking at {what}"))
    drawn: list[Panel] = []
    for panel in exploration_panels(found, pairs):
        drawn.append(panel)
        told(f"drawn: {panel.title}")
    told("writing")
    write_page(
        output,
        title=f"Before training: {station.name}",
        subtitle=f"{sheet.rows:,} rows of {station.size} columns from {', '.join(sheet.files)}",
        panels=drawn,
    )
    if png is not None:
        write_figures(png, drawn)


def _check(pairs: Sequence[tuple[str, str]], station: Station) -> None:
    for pair in pairs:
        for key in pair:
            if key not in station.keys:
                raise RecordError(f'pair {",".join(pair)}: got "{key}"; {did_you_mean(key, station.keys)}')
