"""The simulated chamber: readings that are statistically close to the reference record.

Six thermostat plateaus and ten methane injections that decay, seen by three boards. The parameters in
``chamber.json`` were fitted to that record, so every comparison with it is in-sample.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import msgspec
import numpy as np

from edge.arrays import Floats
from edge.simulation.board import PARAMETERS, Board, shared_noise
from edge.simulation.noise import autoregressive

ROWS = 14186
"""Rows of the reference record, and of one pass through its protocol."""

CEILING = 9999.0
"""Methane [ppb] above which the reference record has no rows."""


class _Wave(msgspec.Struct, frozen=True):
    mean: tuple[float, float, float]
    cos: tuple[float, float, float]
    sin: tuple[float, float, float]
    noise: tuple[float, float]


class _Plateau(msgspec.Struct, frozen=True):
    rows: int
    transition: float
    period: tuple[float, float]
    moisture: _Wave
    temperature: _Wave
    humidity: _Wave


class _Injection(msgspec.Struct, frozen=True):
    row: int
    background: float
    slow: float
    tau: float
    fast: float


class _Protocol(msgspec.Struct, frozen=True):
    start: tuple[float, float, float]
    plateaus: list[_Plateau]
    injections: list[_Injection]


@cache
def _protocol() -> _Protocol:
    return msgspec.json.decode(PARAMETERS.read_bytes(), type=_Protocol)


def simulate_chamber(rows: int = ROWS, *, seed: int = 0, board: int = 1) -> Floats:
    """Simulate one board in the climate chamber.

    Up to 14,186 rows are the whole protocol: a shorter run is the same in fast motion (plateaus, injections, decays,
    drift and slow noise are compressed; thermostat cycle, rise and fast noise are not), so that it also covers every
    temperature and methane level. A longer run repeats the protocol with new randomness.

    Parameters
    ----------
    rows
        Number of readings.
    seed
        The same seed gives every board the same chamber: equal air, equal shared noise.
    board
        1, 2 or 3.

    Returns
    -------
    float64 [rows, 9]
        Methane [ppb], moisture [ppm], temperature [C], humidity [%], five resistances [ohm].

    Examples
    --------
    >>> simulate_chamber(500, seed=7).shape
    (500, 9)
    """
    if rows < 1:
        raise ValueError(f"rows: got {rows}, expected at least 1")
    if rows <= ROWS:
        return _run(rows, (seed, 0), Board(board))
    blocks = chamber_blocks(seed=seed, board=board)
    return np.concatenate([next(blocks) for _ in range(-(-rows // ROWS))])[:rows]


def chamber_blocks(*, seed: int = 0, board: int = 1) -> Iterator[Floats]:
    """Yield passes through the protocol [14186, 9] without end, each with new randomness."""
    sensors = Board(board)
    number = 0
    while True:
        yield _run(ROWS, (seed, number), sensors)
        number += 1


def _run(rows: int, seed: tuple[int, int], board: Board) -> Floats:
    """Run one pass through the protocol, compressed into ``rows``; pass 0 starts with a cold chamber."""
    pace = rows / ROWS
    rng = np.random.default_rng((*seed, 0))
    air = np.column_stack([_methane(rng, rows, pace), _climate(rng, rows, pace, cold=seed[1] == 0)])
    shared = shared_noise(np.random.default_rng((*seed, 1)), rows, pace)
    drift = (np.arange(rows) / pace - ROWS / 2) / 10_000
    ohms = board.resistances(air, shared, (*seed, 2), drift)
    return np.asarray(np.column_stack([air, ohms]).round(5))


def _methane(rng: np.random.Generator, rows: int, pace: float) -> Floats:
    """Injections: a rise within three rows, fast mixing, then the chamber's slow leak."""
    injections = _protocol().injections
    starts = [round((i.row + rng.uniform(-30, 30)) * pace) for i in injections]
    level = np.full(rows, injections[0].background + rng.uniform(-10, 10))
    for injection, start, end in zip(injections, starts, [*starts[1:], rows], strict=True):
        background = injection.background + rng.uniform(-10, 10)
        slow = injection.slow * np.exp(rng.normal(0.0, 0.08))
        tau = max(injection.tau * np.exp(rng.normal(0.0, 0.05)) * pace, 1.0)
        # The reference record has no rows above its analyser's range: a higher peak is cut as it was there.
        room = min(1.0, (CEILING - background) / (slow + injection.fast))
        rise = int(rng.integers(1, 4))
        t = np.arange(-rise + 1, end - start - rise + 1, dtype=np.float64)
        decay = background + room * (
            slow * np.exp(-np.maximum(t, 0.0) / tau)
            + injection.fast * (0.7 * np.exp(-np.maximum(t, 0.0) / 2.0) + 0.3 * np.exp(-np.maximum(t, 0.0) / 8.0))
        )
        before = level[start - 1] if start > 0 else background
        level[start:end] = np.where(t < 0, before + (decay - before) * (t + rise) / rise, decay)
    return np.asarray(np.minimum(level + rng.normal(0.0, 0.05, rows), CEILING))


def _climate(rng: np.random.Generator, rows: int, pace: float, *, cold: bool) -> Floats:
    """Moisture [ppm], temperature [C] and humidity [%] of the thermostat's plateaus [rows, 3]."""
    protocol = _protocol()
    ends = np.round(np.cumsum([p.rows for p in protocol.plateaus]) * pace).astype(int)
    last = protocol.plateaus[-1]
    before = np.array(protocol.start if cold else [sum(w.mean[:2]) for w in _waves(last)])
    x = np.empty((rows, 3))
    start = 0
    for plateau, end in zip(protocol.plateaus, ends, strict=True):
        n = int(end) - start
        u = np.arange(n) / max(n, 1)
        phase = _phase(rng, n, *plateau.period)
        fade = np.exp(-4.0 * np.arange(n) / (plateau.transition * pace))
        for i, wave in enumerate(_waves(plateau)):
            level = wave.mean[0] + wave.mean[1] * u + wave.mean[2] * np.exp(-6.0 * u)
            sd, ar = wave.noise
            x[start:end, i] = (
                level
                + (before[i] - sum(wave.mean[::2])) * fade
                + sum(wave.cos[h] * np.cos((h + 1) * phase) + wave.sin[h] * np.sin((h + 1) * phase) for h in range(3))
                + autoregressive(rng, n, [ar], [[sd * sd]])[:, 0]
            )
            before[i] = sum(wave.mean[:2])
        start = int(end)
    # Each reading is the mean of two raw ones in steps of 0.01 C and 0.1 %.
    return np.column_stack([np.exp(x[:, 0]), np.round(x[:, 1] * 200) / 200, np.round(x[:, 2] * 20) / 20])


def _waves(plateau: _Plateau) -> tuple[_Wave, _Wave, _Wave]:
    return plateau.moisture, plateau.temperature, plateau.humidity


def _phase(rng: np.random.Generator, rows: int, period: float, sd: float) -> Floats:
    """Phase [rad] of the thermostat's cycle, each with its own period."""
    cycles = np.maximum(rng.normal(period, sd, int(rows / (0.8 * period)) + 2), 0.8 * period)
    joints = np.concatenate([[0.0], np.cumsum(cycles)])
    return np.asarray(np.interp(np.arange(rows), joints, 2 * np.pi * (np.arange(len(joints)) + rng.uniform())))
