"""Writes a season of a simulated field station as a file to train on and to replay."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.clock import rfc3339
from edge.readings.csv.appender import TIME
from edge.readings.csv.writer import write_table
from edge.simulation.field import DAY, SEASON_DAYS, SEASONS, simulate_field
from edge.simulation.injection import Injection, inject, sending_order

BEGIN = 1_772_323_200.0
"""Beginning of the first season, 2026-03-01 [s]."""
_MINUTE = 60.0


def write_season(
    path: Path, rows: int, *, season: int = 1, seed: int = 0, board: int = 1, injections: Sequence[Injection] = ()
) -> None:
    """Write readings of one a minute, with their times; the columns are those of the methane station.

    Parameters
    ----------
    path
        The file.
    rows
        Number of readings.
    season
        1, 2 or 3; each begins 90 days after the one before.
    seed, board
        As of :func:`edge.simulation.field.simulate_field`.
    injections
        Leaks and faults.
    """
    values = simulate_field(rows, seed=seed, board=board, season=SEASONS[season - 1])
    values = inject(values, injections, seed=seed, board=board).round(5)
    first = BEGIN + (season - 1) * SEASON_DAYS * DAY
    order = sending_order(len(values), injections).tolist()
    cells = ([rfc3339(first + row * _MINUTE), *values[row].tolist()] for row in order)
    write_table(path, (TIME, *load_station(METHANE).names), cells)
