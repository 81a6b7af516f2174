"""Puts faults into clean rows, to measure what a score finds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal
from zlib import crc32

import numpy as np

from config.settings.station import Station
from edge.arrays import Floats, Mask
from trainer.data.record import Span

Family = Literal[
    "spike", "offset", "drift", "gain", "noise", "stuck", "zero", "open", "swap", "methane", "response", "blind"
]

GAP = 20
"""Clean rows before every event."""
BLIND = 4000.0
"""Gas reading [ppb] above which a blind reference hides what is there."""
LEAST = 0.01
"""Least share of its value that an additive fault leaves a log column, which is positive by nature."""
NO_COLUMN = -1
"""Culprit of an event that is not in a single column."""

_PLAN: tuple[tuple[Family, int, str, tuple[float, ...]], ...] = (
    ("spike", 1, "spike {:g} sigma", (0.25, 0.5, 1, 3)),
    ("offset", 60, "offset {:g} sigma", (0.25, 0.5, 1, 2)),
    ("drift", 240, "drift to {:g} sigma", (0.5, 1, 2)),
    ("gain", 60, "gain x{:g}", (1.1, 1.3, 1.5)),
    ("noise", 60, "noise {:g} sigma", (0.1, 0.25, 0.5, 1)),
    ("stuck", 15, "stuck 15 rows", (0,)),
    ("stuck", 60, "stuck 60 rows", (0,)),
    ("stuck", 240, "stuck 240 rows", (0,)),
    ("zero", 5, "zero", (0,)),
    ("open", 60, "open circuit", (20,)),
    ("swap", 60, "swap", (0,)),
    ("methane", 60, "methane x{:g}", (1.25, 1.5, 2, 3)),
    ("response", 60, "response x{:g}", (1.5, 2, 3, 5)),  # a plume of the reference record multiplies methane by up to 5
    ("blind", 0, "blind reference", (0,)),
)


@dataclass(frozen=True)
class Case:
    """One kind of fault at one size.

    Parameters
    ----------
    family
        Kind of fault; the cases of a family differ in size or length.
    name
        Family and size, in words.
    rows
        Length of an event; 0 = as long as the gas is high.
    size
        In training standard deviations (spike, offset, drift, noise) or a factor [-] (gain, open, methane, response);
        0 for a family without sizes.
    """

    family: Family
    name: str
    rows: int
    size: float


@dataclass(frozen=True)
class Faulted:
    """Rows with faults in them, and where the faults are.

    Parameters
    ----------
    values
        Readings [N, F].
    fault
        Whether a row is faulty [N].
    events
        ``(start, end)`` of each event, end exclusive.
    channels
        Culprit column of each event; ``NO_COLUMN`` for faults in several columns (swap, response).
    """

    values: Floats
    fault: Mask
    events: tuple[Span, ...]
    channels: tuple[int, ...]


def cases(station: Station) -> tuple[Case, ...]:
    """List the faults that a station can have: 33 in 12 families where it has a gas column and two sensors."""
    sensors, gas = len(_sensors(station)), station.gas_index is not None
    impossible = {
        "open": sensors < 1,
        "swap": sensors < 2,
        "methane": not gas,
        "response": not gas or sensors < 1,
        "blind": not gas,
    }
    return tuple(
        Case(family, name.format(size), rows, float(size))
        for family, rows, name, sizes in _PLAN
        if not impossible.get(family, False)
        for size in sizes
    )


def inject_faults(
    case: Case,
    values: Floats,
    station: Station,
    *,
    sigma: Floats,
    sensitivity: Floats | None,
    background: float | None,
    segments: Sequence[Span],
    seed: int,
) -> Faulted:
    """Put as many events of one case into clean rows as fit, each after ``GAP`` clean rows; ``values`` is not changed.

    Channel and sign are drawn per event, from the name of the case and the seed alone; a factor of negative sign
    divides. That holds for methane and response, too: an analyser, or a set of sensors, may be off either way. If all
    had one direction, events of 60 rows with 20 between them would fill three quarters of a rolling window, and a
    score that recentres would learn them as normal.

    No event crosses a segment: at its end an event is cut off, or left out when less than a third of it would remain.
    A blind reference is different: its events are the stretches where the gas is above ``BLIND``.

    Nothing is clipped to the physical range, but an additive fault leaves a log column ``LEAST`` of its value.

    Parameters
    ----------
    case
        One of :func:`cases`.
    values
        Clean readings [N, F] in the station's units.
    station
        What the columns are.
    sigma
        Standard deviation of each column in the training rows [F], in its unit.
    sensitivity
        d ln R / d ln methane of each column [F]; read for ``response`` only, and only at the sensors.
    background
        Gas reading in clean air, in its unit; read for ``blind`` only.
    segments
        ``(start, end)`` of rows that follow one another; rows outside them stay clean.
    seed
        0 or more.

    Raises
    ------
    ValueError
        The station cannot have this fault, or an argument that its family needs is ``None``.
    """
    if case.family not in {possible.family for possible in cases(station)}:  # it may have another length
        raise ValueError(f"case: got {case.name!r}, expected one of cases(station) of station {station.name!r}")
    if case.family == "response" and sensitivity is None:
        raise ValueError("sensitivity: got None, expected d ln R / d ln methane of each column for a response")
    if case.family == "blind" and background is None:
        raise ValueError("background: got None, expected the gas reading in clean air for a blind reference")
    rng = np.random.Generator(np.random.Philox(key=np.array([seed, crc32(case.name.encode())], dtype=np.uint64)))
    clean, faulty = np.asarray(values, dtype=np.float64), np.array(values, dtype=np.float64)
    sensors, columns = _sensors(station), _columns(case, station)
    events = tuple(_high(clean, station, segments) if case.family == "blind" else _places(case.rows, segments))
    channels = []
    for start, end in events:
        rows, column = faulty[start:end], NO_COLUMN
        if case.family == "swap":
            pair = rng.choice(sensors, 2, replace=False)
            rows[:, pair] = rows[:, pair[::-1]]
        elif case.family == "response":
            # A sensor answers by a power law, so that ln R is linear in ln methane.
            rows[:, sensors] *= case.size ** (_sign(rng) * np.asarray(sensitivity)[sensors])
        else:
            column = int(rng.choice(columns))
            held = background if background is not None and case.family == "blind" else clean[start - 1, column]
            broken = _broken(case, rows[:, column], held, sigma[column], rng)
            if case.family in _ADDITIVE and station.features[column].scale == "log":
                broken = np.maximum(broken, LEAST * rows[:, column])
            rows[:, column] = broken
        channels.append(column)
    fault = np.zeros(len(clean), dtype=bool)
    for start, end in events:
        fault[start:end] = True
    return Faulted(values=faulty, fault=fault, events=events, channels=tuple(channels))


_ADDITIVE = ("spike", "offset", "drift", "noise")


def _broken(case: Case, x: Floats, held: float, sigma: float, rng: np.random.Generator) -> Floats:
    """Return the readings of one column in an event [n], from the clean ones [n] and the value that it may hold."""
    sign = _sign(rng)
    match case.family:
        case "spike" | "offset":
            return x + sign * case.size * sigma
        case "drift":
            return x + sign * case.size * sigma * (np.arange(len(x)) + 1.0) / case.rows
        case "noise":
            return x + case.size * sigma * rng.normal(size=len(x))
        case "gain" | "methane":
            return np.asarray(x * case.size**sign)
        case "open":
            return x * case.size
        case "zero":
            return np.zeros_like(x)
        case _:  # stuck, blind
            return np.full_like(x, held)


def _sign(rng: np.random.Generator) -> float:
    return float(rng.choice((-1.0, 1.0)))


def _places(rows: int, segments: Sequence[Span]) -> Iterator[Span]:
    """Yield spans for events, one after the other, each after a gap."""
    for first, last in segments:
        start = first + GAP
        while 3 * (last - start) >= rows:
            end = min(start + rows, last)
            yield start, end
            start = end + GAP


def _high(values: Floats, station: Station, segments: Sequence[Span]) -> Iterator[Span]:
    """Yield the stretches where the gas is above ``BLIND``."""
    for first, last in segments:
        above = values[first:last, station.gas_index] > BLIND
        edges = np.flatnonzero(np.diff(above, prepend=False, append=False)) + first
        yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def _columns(case: Case, station: Station) -> list[int]:
    """Return the columns that a fault in a single column can be in."""
    if case.family in ("methane", "blind"):
        return [i for i in (station.gas_index,) if i is not None]
    return _sensors(station) if case.family == "open" else list(range(station.size))


def _sensors(station: Station) -> list[int]:
    return [i for i, feature in enumerate(station.features) if feature.role == "sensor"]
