"""Load: the numbered readings of a few stations, with leaks and stuck sensors in known places."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.simulation.injection import Injection, inject
from edge.simulation.publisher import message
from edge.simulation.simulator import simulate_chamber

QUIET = 150
"""Readings of each station before the first leak, and after the last: everything has closed by then."""

_CADENCE = 1.0  # [s] between two time stamps of a station
_BEGAN = 200_000.0  # [s] ago: a time stamp is never ahead of a clock that does not jump
_CALM = 600  # rows of the chamber in which least happens; they go up and down for ever
_LEAK_ROWS, _LEAK_PPB = 30, 6000.0
_STUCK_EVERY, _STUCK_ROWS = 600, 40
_BAD_EVERY = 499  # messages


@dataclass(frozen=True)
class Sent:
    """One message of the load.

    Parameters
    ----------
    station
        Name.
    seq
        The station's count; ``None`` of a message that is no reading.
    payload
        What is sent; a bad one holds its number in the load.
    """

    station: str
    seq: int | None
    payload: bytes


@dataclass(frozen=True)
class Leak:
    """A leak that must raise a methane alarm.

    Parameters
    ----------
    station
        Name.
    first, last
        ``seq`` of its first and last reading.
    """

    station: str
    first: int
    last: int


class Load:
    """Everything that the stations send, in order.

    Parameters
    ----------
    readings
        Of all stations together.
    stations
        How many.
    seed
        The same seed gives the same readings (their time stamps end a while before now).
    leak_every
        Readings of a station from one leak to the next.

    Attributes
    ----------
    messages
        In the order of sending; one in 500 is no reading.
    leaks
        Put in.
    """

    def __init__(self, readings: int, stations: int, seed: int, leak_every: int = 200) -> None:
        self.names = [f"st-{number + 1}" for number in range(stations)]
        self.per_station = readings // stations
        self._began = time.time() - _BEGAN
        self.leaks: list[Leak] = []
        payloads = [self._payloads(number, seed, leak_every) for number in range(stations)]
        order = np.repeat(np.arange(stations), self.per_station)
        np.random.default_rng((seed, stations)).shuffle(order)
        next_seq = [0] * stations
        self.messages: list[Sent] = []
        for station in order.tolist():
            if len(self.messages) % _BAD_EVERY == _BAD_EVERY - 1:
                bad = f'{{"ch4_ppb": 2000.0, bad {len(self.messages)}'.encode()
                self.messages.append(Sent(self.names[station], None, bad))
            seq = next_seq[station]
            next_seq[station] += 1
            self.messages.append(Sent(self.names[station], seq, payloads[station][seq]))

    def within(self, leak: Leak, ts: float) -> bool:
        """Tell whether a Unix time [s] is the time stamp of a reading in a leak."""
        return leak.first <= round((ts - self._began) / _CADENCE) <= leak.last

    def _payloads(self, number: int, seed: int, leak_every: int) -> list[bytes]:
        """Payloads of one station: a calm stretch of the chamber up and down, with what is put in."""
        rows, offset = self.per_station, 37 * number
        leaks = [
            Injection("leak", start + offset, _LEAK_ROWS, size=_LEAK_PPB)
            for start in range(QUIET, rows - QUIET - _LEAK_ROWS - offset, leak_every)
        ]
        self.leaks += [Leak(self.names[number], leak.start, leak.end - 1) for leak in leaks]
        stuck = [
            Injection("stuck", start + offset, _STUCK_ROWS, "r2602_ohm", 1.5)
            for start in range(QUIET + leak_every // 2, rows - QUIET - _STUCK_ROWS - offset, _STUCK_EVERY)
        ]
        chamber = simulate_chamber(seed=seed + number)
        calm = _calmest(chamber)
        there_and_back = np.concatenate([calm, calm[::-1]])
        values = np.resize(there_and_back, (rows, chamber.shape[1]))
        values = inject(values, [*leaks, *stuck], seed=seed).round(5)
        keys = load_station(METHANE).keys
        return [message(keys, row, self._began + _CADENCE * seq, seq) for seq, row in enumerate(values.tolist())]


def _calmest(chamber: np.ndarray) -> np.ndarray:
    """The rows in a row in which the methane changes least."""
    level = chamber[:, 0]
    starts = range(0, len(level) - _CALM, _CALM // 4)
    start = min(starts, key=lambda at: float(np.ptp(level[at : at + _CALM])))
    return chamber[start : start + _CALM]
