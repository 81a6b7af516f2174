"""Numbered readings of several stations, with leaks and stuck sensors in known places."""

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
"""Readings of each station before the first leak and after the last, by which every alarm has closed."""

_CADENCE = 1.0  # [s] between two time stamps of a station
_BEGAN = 200_000.0  # [s] before now: no time stamp is ahead of an undisturbed clock
_CALM = 600  # rows of the quietest part of the chamber; they are played forwards and backwards in turn
_LEAK_ROWS, _LEAK_PPB = 30, 6000.0
_STUCK_EVERY, _STUCK_ROWS = 600, 40
_BAD_EVERY = 499  # messages from one malformed one to the next


@dataclass(frozen=True)
class Sent:
    """One message of the load.

    Parameters
    ----------
    station
        Name of the station.
    seq
        Number of the reading at its station; ``None``: the message is malformed.
    payload
        Bytes; a malformed message contains its index in the load.
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
        Name of the station.
    first, last
        ``seq`` of its first and last reading.
    """

    station: str
    first: int
    last: int


class Load:
    """All messages of the stations, in order.

    Parameters
    ----------
    readings
        Count of readings of all stations together.
    stations
        Count of stations.
    seed
        Seed; equal seeds give equal readings, with time stamps that end shortly before now.
    leak_every
        Count of a station's readings from one leak to the next.

    Attributes
    ----------
    messages
        Messages in the order of sending; one in 500 is malformed.
    leaks
        Leaks in the readings.
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
        """Return whether a Unix time [s] is the time stamp of a reading in a leak."""
        return leak.first <= round((ts - self._began) / _CADENCE) <= leak.last

    def _payloads(self, number: int, seed: int, leak_every: int) -> list[bytes]:
        """Payloads of one station: quiet rows of the chamber, with leaks and stuck sensors."""
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
    """Find the consecutive rows in which methane changes least."""
    level = chamber[:, 0]
    starts = range(0, len(level) - _CALM, _CALM // 4)
    start = min(starts, key=lambda at: float(np.ptp(level[at : at + _CALM])))
    return chamber[start : start + _CALM]
