"""Resolves how far back a station is remembered into counts of readings, and chooses what is not declared.

The rule of what is not declared was measured on records of 2 s, 1 min and 1 h, see decision 32.
"""

from __future__ import annotations

import math

from config.settings.station import Station
from config.settings.windows import duration_seconds
from edge.models.windows import BACKGROUND_WINDOW, RECENTER, WARM_UP, Windows
from trainer.errors import TrainingError

_HOUR = 3600.0
RECENTER_TIME, RECENTER_LEAST, RECENTER_MOST = 4 * _HOUR, 120, 1920
"""Reach of the rolling median [s], and the least and the most readings of it."""
BACKGROUND_TIME, BACKGROUND_LEAST = 25 * _HOUR, 240
"""Reach of a background [s], and the least readings of it; it contains every time of a day."""
WARM_UP_TIME, WARM_UP_LEAST, WARM_UP_MOST = _HOUR, 24, 300
"""Duration of the warm-up [s], and its least and most readings."""
RECENTER_SHARE = 60
"""Rows of a record, in reaches of its rolling median, from which one that is chosen reaches beyond 240 readings."""

_ROWS_MOST = 256  # rows of a rolling median that is given in time: their slots fit into a byte each
_COUNT_MOST = 1000  # rows of one that is given in readings
_BACKGROUND_MOST = 1500  # levels of a background that is given in time
_LEVELS_MOST = 3000  # levels of one that is given in readings
_LAG_MOST = 60  # readings


def resolve_windows(station: Station, cadence: float | None, rows: int) -> Windows:
    """Resolve the windows that a station file declares, and choose the others.

    A window that is not declared is as long as :data:`RECENTER_TIME` and its like say, within the least and the most
    readings; with an unknown cadence, it has as many readings as the default of :class:`edge.models.windows.Windows`.
    Long windows are thinned: they reach as far back, with fewer readings.

    Parameters
    ----------
    station
        The station.
    cadence
        Interval between its readings [s]; ``None``: unknown.
    rows
        Rows of its record.

    Raises
    ------
    TrainingError
        A window is given in time, and the cadence is unknown, or the window has too few or too many readings.
    """
    declared = station.windows
    recenter = station.recenter if station.recenter is not None else declared.recenter

    def readings(name: str, window: int | str, chosen: int, least: int, most: float = math.inf) -> int:
        seconds = duration_seconds(window)
        if seconds is not None and cadence is None:
            raise TrainingError(
                f"{station.name}: windows.{name}: got {window}, but the interval between rows is unknown; fix: in the "
                f"station file, cadence: [s] or time: the column of time stamps; or {name} as a number of readings"
            )
        if isinstance(window, int):
            count = window
        else:
            count = chosen if not seconds or cadence is None else round(seconds / cadence)
        if least <= count <= most:
            return count
        every = "" if cadence is None else f" of {cadence:g} s"
        limit = f"at least {least}" if count < least else f"at most {most:g}"
        raise TrainingError(
            f"{station.name}: windows.{name}: got {window}, which is {count} readings{every}; expected {limit}"
        )

    baseline, baseline_stride = _thinned(
        readings("recenter", recenter, _chosen(RECENTER_TIME, cadence, RECENTER, RECENTER_LEAST, _longest(rows)), 2),
        _COUNT_MOST if isinstance(recenter, int) else _ROWS_MOST,
    )
    background, background_stride = _thinned(
        readings(
            "background",
            declared.background,
            _chosen(BACKGROUND_TIME, cadence, BACKGROUND_WINDOW, BACKGROUND_LEAST),
            2,
        ),
        _LEVELS_MOST if isinstance(declared.background, int) else _BACKGROUND_MOST,
    )
    warm_up = _chosen(WARM_UP_TIME, cadence, WARM_UP, WARM_UP_LEAST, WARM_UP_MOST)
    return Windows(
        recenter=None if recenter == "off" else baseline,
        recenter_stride=1 if recenter == "off" else baseline_stride,
        background=background,
        background_stride=background_stride,
        warm_up=readings("warm_up", declared.warm_up, warm_up, 0),
        lag=readings("lag", declared.lag, 1, 1, _LAG_MOST),
        cadence=cadence,
    )


def _chosen(seconds: float, cadence: float | None, default: int, least: int, most: float = math.inf) -> int:
    """Return the readings in a time, within limits; a learnt cadence is not exact, so that they are rounded."""
    return default if cadence is None else int(min(max(least, round(seconds / cadence)), most))


def _longest(rows: int) -> int:
    """Return the most readings that the rolling median of a record of so many rows reaches back: 240, 480 and so on."""
    longest = RECENTER
    while longest < RECENTER_MOST and rows >= RECENTER_SHARE * 2 * longest:
        longest *= 2
    return longest


def _thinned(readings: int, most: int) -> tuple[int, int]:
    """Return how many readings are kept of a window, and the stride between them: a power of 2."""
    stride = 1
    while readings > most * stride:
        stride *= 2
    return math.ceil(readings / stride), stride
