"""The parts that a record falls into by itself: warm-up, plateaus of the climate, episodes of gas."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from edge.arrays import Floats
from trainer.data.onsets import WITHIN, onsets
from trainer.data.record import Span
from trainer.data.regimes import regimes
from trainer.exploring.raw_record import RawRecord
from trainer.exploring.response import residuals

OVER = 1.25
"""Multiple of the background below which an episode is over."""
_SETTLED = 3.0  # standard deviations within which a sensor has warmed up
_STAYS = 100  # rows for which it has to stay there
_WINDOW = 25  # rows of the running median


@dataclass(frozen=True)
class Episode:
    """A plume or an injection.

    Parameters
    ----------
    start, end
        Rows from its onset until the gas is back near its background or the next episode begins.
    before
        Lowest gas in the five rows before [unit of the gas].
    peak
        Highest gas [unit of the gas].
    """

    start: int
    end: int
    before: float
    peak: float


@dataclass(frozen=True)
class Phases:
    """The parts of a record.

    Parameters
    ----------
    plateaus
        ``(start, end)`` rows in which the climate keeps to one level; together all rows.
    episodes
        Episodes of the gas, in order.
    warm_up
        Rows at the beginning in which at least one sensor is not yet where gas and climate would put it; ``None``:
        unknown.
    """

    plateaus: tuple[Span, ...]
    episodes: tuple[Episode, ...]
    warm_up: int | None


def phases(record: RawRecord) -> Phases:
    """Find plateaus, episodes and the warm-up."""
    plateaus = regimes(record.filled)
    return Phases(plateaus=plateaus, episodes=_episodes(record), warm_up=_warm_up(record, plateaus[0][1]))


def _episodes(record: RawRecord) -> tuple[Episode, ...]:
    station = record.station
    if station.gas_index is None:
        return ()
    gas = record.filled.values[:, station.gas_index]
    background = float(np.quantile(gas, 0.1))
    if background <= 0:
        return ()
    starts = onsets(record.filled, background)
    found = []
    for start, following in pairwise([*starts, record.rows]):
        low = np.flatnonzero(gas[start:following] < OVER * background)
        # The rise itself begins below it.
        back = low[low > int(np.argmax(gas[start:following]))]
        end = start + int(back[0]) if len(back) else following
        found.append(
            Episode(start, end, float(gas[max(start - WITHIN, 0) : start + 1].min()), float(gas[start:end].max()))
        )
    return tuple(found)


def _warm_up(record: RawRecord, plateau: int) -> int | None:
    """Return the rows until the last sensor is, and stays for a while, where the later rows would put it."""
    sensors = [j for j, feature in enumerate(record.station.features) if feature.role == "sensor"]
    half = plateau // 2
    if record.station.gas_index is None or not sensors or half < 2 * _STAYS:
        return None
    later = np.arange(record.rows) >= half
    rows = 0
    for sensor in sensors:
        left = residuals(record, sensor, later)
        settled = left[half:plateau]
        settled = settled[np.isfinite(settled)]
        if not len(settled):
            continue
        far = np.abs(_smooth(left[:half]) - np.median(settled)) > _SETTLED * np.nanstd(left[half:])
        stays = ~np.lib.stride_tricks.sliding_window_view(far, _STAYS).any(axis=1)
        if not stays.any():
            return None
        rows = max(rows, int(np.argmax(stays)))
    return rows


def _smooth(values: Floats) -> Floats:
    """Return the running median; nan where a window has no value."""
    padded = np.pad(values, _WINDOW // 2, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)
    there = np.isfinite(windows).any(axis=1)
    smooth = np.full(len(values), np.nan)
    smooth[there] = np.nanmedian(windows[there], axis=1)
    return smooth
