"""The simulated field station: illustrative, fitted to nothing.

Unlike the chamber it behaves like a station outdoors: days, weather, methane that builds up at night, passing plumes.
Its numbers are a choice, not a measurement: use it to see davylamp at work, never to judge a model. Only the sensors'
response and noise are those of the chamber, and the air stays inside the domain that they were fitted in.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from edge.arrays import Floats
from edge.simulation.board import Board, shared_noise
from edge.simulation.noise import autoregressive

DAY = 86400.0  # [s]
PRESSURE = 1000.0  # [hPa]

SEASON_DAYS = 90
"""Days from the beginning of one season to that of the next."""

_BLOCK_DAYS = 30


class Season(NamedTuple):
    """What a season changes.

    Parameters
    ----------
    warmer
        Added to the temperature of the first season [C].
    wetter
        Added to its dew point [C].
    drift
        Age of the sensors [10,000 rows of the chamber], see :meth:`edge.simulation.board.Board.resistances`.
    noise
        Noise of the sensors, in that of the chamber's [-]: old sensors have more.
    """

    warmer: float
    wetter: float
    drift: float
    noise: float


SEASONS = (Season(0.0, 0.0, 0.0, 1.0), Season(8.0, 5.0, 1.0, 1.8), Season(6.0, 4.0, 1.2, 1.8))
"""Spring, summer and late summer: the second is unlike the first, the third resembles the second."""


def simulate_field(
    rows: int, *, seed: int = 0, board: int = 1, cadence: float = 60.0, season: Season = SEASONS[0]
) -> Floats:
    """Simulate a station outdoors. Illustrative: nothing here is fitted to a field record.

    Parameters
    ----------
    rows
        Number of readings; the first one is at midnight.
    seed
        The same seed gives every board the same air.
    board
        1, 2 or 3.
    cadence
        Time between two readings [s].
    season
        One of :data:`SEASONS`; each has weather of its own.

    Returns
    -------
    float64 [rows, 9]
        Methane [ppb], moisture [ppm], temperature [C], humidity [%], five resistances [ohm].
    """
    if rows < 1:
        raise ValueError(f"rows: got {rows}, expected at least 1")
    return _run(rows, (seed, 1_000 * SEASONS.index(season)), Board(board), cadence, season)


def field_blocks(
    *, seed: int = 0, board: int = 1, cadence: float = 60.0, season: Season = SEASONS[0]
) -> Iterator[Floats]:
    """Yield blocks [N, 9] of thirty days without end; days continue, the weather starts afresh with each block."""
    sensors = Board(board)
    number = 1_000 * SEASONS.index(season)
    while True:
        yield _run(round(_BLOCK_DAYS * DAY / cadence), (seed, number), sensors, cadence, season)
        number += 1


def _run(rows: int, seed: tuple[int, int], board: Board, cadence: float, season: Season) -> Floats:
    time = np.arange(rows, dtype=np.float64) * cadence
    # The third number keeps this randomness apart from the chamber's.
    rng = np.random.default_rng((*seed, 10))
    temperature, humidity = _weather(rng, time, cadence, season)
    moisture = humidity / 100.0 * _saturation(temperature) / PRESSURE * 1e6
    moisture *= np.exp(_wander(rng, rows, 0.04, 3600.0, cadence))  # instruments disagree by about 5 %
    air = np.column_stack([_methane(rng, time, cadence), moisture, temperature, humidity])
    shared = season.noise * shared_noise(np.random.default_rng((*seed, 11)), rows)
    return np.asarray(np.column_stack([air, board.resistances(air, shared, (*seed, 12), season.drift)]).round(5))


def _weather(rng: np.random.Generator, time: Floats, cadence: float, season: Season) -> tuple[Floats, Floats]:
    """Temperature [C] with a daily cycle and weather that lasts two days; humidity [%] from a slow dew point."""
    rows = len(time)
    temperature = (
        15.0
        + season.warmer
        + 6.0 * np.sin(2 * np.pi * (time / DAY - 9 / 24))
        + _wander(rng, rows, 3.0, 2 * DAY, cadence)
        + _wander(rng, rows, 0.15, 600.0, cadence)
    )
    temperature = _limited(temperature, 5.0, 32.0)
    dew = 8.0 + season.wetter + _wander(rng, rows, 3.0, 2 * DAY, cadence) + _wander(rng, rows, 0.3, 600.0, cadence)
    # Nights outdoors come near 100 %: humidity is shrunk towards the fitted domain before it is bent into it.
    humidity = 100.0 * _saturation(dew) / _saturation(temperature)
    humidity = _limited(52.5 + 0.5 * (humidity - 65.0), 31.0, 74.0)
    return np.round(temperature * 200) / 200, np.round(humidity * 20) / 20


def _methane(rng: np.random.Generator, time: Floats, cadence: float) -> Floats:
    """Background with a build-up at night, and plumes that arrive at random [ppb]."""
    rows, days = len(time), len(time) * cadence / DAY
    # Nights are counted from noon to noon, where there is no build-up.
    night = np.floor(time / DAY + 0.5).astype(int)
    build_up = rng.uniform(0.0, 300.0, int(days) + 3)[night]
    stillness = np.maximum(np.cos(2 * np.pi * (time / DAY - 4 / 24)), 0.0) ** 2
    above = build_up * stillness + np.abs(_wander(rng, rows, 10.0, 3600.0, cadence))
    for _ in range(rng.poisson(3.0 * days)):
        start = int(rng.uniform(0, rows))
        height = rng.lognormal(np.log(800.0), 0.9)
        rise, tail = rng.uniform(60.0, 180.0), rng.uniform(600.0, 3600.0)
        t = time[start : start + int(8 * tail / cadence) + 2] - time[start] + cadence
        above[start : start + len(t)] += height * np.minimum(t / rise, 1.0) * np.exp(-np.maximum(t - rise, 0.0) / tail)
    return np.asarray(1980.0 + 8000.0 * np.tanh(above / 8000.0) + rng.normal(0.0, 0.05, rows))


def _wander(rng: np.random.Generator, rows: int, sd: float, memory: float, cadence: float) -> Floats:
    """Stationary noise with standard deviation ``sd`` and a correlation time of ``memory`` [s]."""
    return autoregressive(rng, rows, [np.exp(-cadence / memory)], [[sd * sd]])[:, 0]


def _limited(x: Floats, low: float, high: float) -> Floats:
    """Bend into (low, high) without a flat top, which would look like a stuck sensor."""
    middle, half = (low + high) / 2, (high - low) / 2
    return np.asarray(middle + half * np.tanh((x - middle) / half))


def _saturation(temperature: Floats) -> Floats:
    """Saturation vapour pressure [hPa] over water (Magnus, WMO coefficients) at a temperature [C]."""
    return np.asarray(6.112 * np.exp(17.62 * temperature / (243.12 + temperature)))
