"""The parts that a record falls into by itself: warm-up, plateaus of the climate, episodes of gas."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.stats import spearmanr

from edge.arrays import Floats
from trainer.data.onsets import onsets, plume_starts, rise_rows
from trainer.data.record import Span
from trainer.data.regimes import regimes
from trainer.exploring.raw_record import RawRecord
from trainer.exploring.response import residuals

OVER = 1.25
"""Multiple of the background below which an episode is over."""
_LEFT = 0.1  # of the peak, below which it is over where clean air reads 0
LONGEST_WARM_UP = 48 * 3600.0
"""Longest warm-up [s]: within two days a heated sensor is where it stays; what takes longer is drift, or a season."""
LONGEST_ROWS = 1000
"""The same in rows, where the cadence is unknown."""
_UNUSUAL = 1.4  # of the largest distances later (their 99 % quantile): the least with which a warm-up begins
_ONE_SIDE = 0.9  # least share of its rows on the side from which it comes
_SETTLED = 3.0  # standard deviations within which a sensor has warmed up
_STAYS = 100  # rows for which it has to stay there
_WINDOW = 25  # rows of the running median
_MOST = 20_000  # rows that are smoothed


@dataclass(frozen=True)
class Episode:
    """A plume or an injection.

    Parameters
    ----------
    start, end
        Rows from its onset until the gas is back near its background or the next episode begins.
    column
        Column of the gas.
    before
        Lowest gas in the rows of the rise [unit of the gas].
    peak
        Highest gas [unit of the gas].
    """

    start: int
    end: int
    column: int
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
        Episodes of the gases, in order.
    plumes
        How often a gas passes three times its background after it was near it, whether or not that stands out.
    warm_up
        Rows at the beginning in which at least one sensor is not yet where gas and climate would put it; ``None``:
        unknown.
    """

    plateaus: tuple[Span, ...]
    episodes: tuple[Episode, ...]
    plumes: int
    warm_up: int | None


def phases(record: RawRecord) -> Phases:
    """Find plateaus, episodes and the warm-up."""
    plateaus = regimes(record.filled)
    gases = [j for j, feature in enumerate(record.station.features) if feature.role == "gas"]
    backgrounds = {j: _background(record.values[:, j]) for j in gases}
    known = {j: background for j, background in backgrounds.items() if background is not None}
    return Phases(
        plateaus=plateaus,
        episodes=tuple(
            sorted(
                (one for j, background in known.items() for one in _episodes(record, j, background)),
                key=lambda one: (one.start, one.column),
            )
        ),
        plumes=sum(
            len(plume_starts(record.filled, background, gas=j)) for j, background in known.items() if background > 0
        ),
        warm_up=_warm_up(record, plateaus[0][1]),
    )


def _background(gas: Floats) -> float | None:
    there = gas[np.isfinite(gas)]
    return float(np.quantile(there, 0.1)) if len(there) else None


def _episodes(record: RawRecord, column: int, background: float) -> Iterator[Episode]:
    gas = record.filled.values[:, column]
    starts = onsets(record.filled, background, cadence=record.cadence, gas=column)
    within = rise_rows(record.cadence)
    for start, following in pairwise([*starts, record.rows]):
        high = float(gas[start : start + within + 1].max())
        low = gas[start:following] < (OVER * background if background > 0 else _LEFT * high)
        # A plume flickers, and its rise itself may begin below.
        stays = np.lib.stride_tricks.sliding_window_view(np.pad(low, (0, within), constant_values=True), within + 1)
        back = np.flatnonzero(stays.all(axis=1) & (np.arange(len(low)) > 0))
        end = start + int(back[0]) if len(back) else following
        before = float(gas[max(start - within, 0) : start + 1].min())
        yield Episode(start, end, column, before, float(gas[start:end].max()))


def _warm_up(record: RawRecord, plateau: int) -> int | None:
    """Return the rows until the last sensor is, and stays for a while, where the later rows would put it."""
    sensors = [j for j, feature in enumerate(record.station.features) if feature.role == "sensor"]
    half = plateau // 2
    if record.station.gas_index is None or not sensors or half < 2 * _STAYS:
        return None
    longest = LONGEST_ROWS if record.cadence is None else int(LONGEST_WARM_UP / record.cadence)
    # Rows enough to see whether it is over in time.
    head = min(half, longest + 2 * _STAYS, _MOST)
    later = np.arange(record.rows) >= half
    rows = 0
    for sensor in sensors:
        left = residuals(record, sensor, later)
        settled = left[half:plateau]
        settled = settled[np.isfinite(settled)]
        if not len(settled):
            continue
        level = np.median(settled)
        away = _smooth(left[:head]) - level
        far = np.abs(away) > _SETTLED * np.nanstd(left[half:])
        stays = ~np.lib.stride_tricks.sliding_window_view(far, _STAYS).any(axis=1)
        taken = int(np.argmax(stays)) if stays.any() else None
        if not _settles(away[:taken], float(np.nanquantile(np.abs(_smooth(left[half : half + _MOST]) - level), 0.99))):
            continue
        if taken is None and head == half:
            return None
        if taken is not None and taken <= longest:
            rows = max(rows, taken)
    return rows


def _settles(away: Floats, usual: float) -> bool:
    """Whether distances [N] from a level are on one side of it, unusually large, and become smaller.

    Weather, a drift or a busy week can put a sensor off as well, but a heater that warms up only decays.
    """
    away = away[np.isfinite(away)]
    if len(away) < 2:
        return False
    top = int(np.argmax(np.abs(away)))
    falling = np.abs(away[top:])
    one_side = np.mean(np.sign(away) == np.sign(away[top]))
    if np.ptp(falling) == 0.0:  # a constant distance, or a single one, does not decay
        return False
    if len(falling) <= len(away) / 2 or np.abs(away[top]) < _UNUSUAL * usual or one_side < _ONE_SIDE:
        return False
    return bool(spearmanr(np.arange(len(falling)), falling).statistic < -0.5)


def _smooth(values: Floats) -> Floats:
    """Return the running median; nan where a window has no value."""
    padded = np.pad(values, _WINDOW // 2, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)
    there = np.isfinite(windows).any(axis=1)
    smooth = np.full(len(values), np.nan)
    smooth[there] = np.nanmedian(windows[there], axis=1)
    return smooth
