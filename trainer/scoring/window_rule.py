"""Resolves how far back a station is remembered into counts of readings, and chooses what is not declared."""

from __future__ import annotations

import math

from config.settings.station import Station
from config.settings.windows import duration_seconds
from edge.models.windows import BACKGROUND_WINDOW, RECENTER, WARM_UP, Windows
from trainer.data.record import Record
from trainer.errors import TrainingError


def record_windows(record: Record) -> Windows:
    """Resolve the windows of a record's station; its cadence is declared, or that of its time stamps.

    Raises
    ------
    TrainingError
        As :func:`resolve_windows`.
    """
    return resolve_windows(record.station, record.station.cadence)


def resolve_windows(station: Station, cadence: float | None) -> Windows:
    """Resolve the windows that a station file declares, and choose the others.

    Parameters
    ----------
    station
        The station.
    cadence
        Interval between its readings [s]; ``None``: unknown.

    Raises
    ------
    TrainingError
        A window is given in time, and the cadence is unknown.
    """
    declared = station.windows
    if cadence is None and declared.durations:
        name = declared.durations[0]
        raise TrainingError(
            f"{station.name}: windows.{name}: got {getattr(declared, name)}, but the interval between rows is unknown; "
            f"fix: cadence: [s] or time: the column of time stamps in the station file, or {name} in readings"
        )
    recenter = station.recenter if station.recenter is not None else declared.recenter
    return Windows(
        recenter=None if recenter == "off" else _readings(recenter, cadence, RECENTER, 2),
        background=_readings(declared.background, cadence, BACKGROUND_WINDOW, 2),
        warm_up=_readings(declared.warm_up, cadence, WARM_UP, 0),
        lag=_readings(declared.lag, cadence, 1, 1),
        cadence=cadence,
    )


def _readings(window: int | str, cadence: float | None, default: int, least: int) -> int:
    seconds = duration_seconds(window)
    if seconds is not None and cadence is not None:
        return max(least, math.ceil(seconds / cadence))
    return default if isinstance(window, str) else window
