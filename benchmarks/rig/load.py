"""Numbered readings of several stations, with leaks, stuck sensors and disturbances in known places."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
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
_ARRAY = 4  # readings in an array, on average
_SPREAD = 200  # rows over which the first leaks of the stations are spread
_DISTURBED_ROWS = 20
_AFTER_LEAK = 45  # rows from the beginning of a leak to that of a disturbance, by when the leak's alarm has closed
_REBOOT = 1000.0  # [s] after 1970, when a clock starts that has not been set
_DISTURBANCES: dict[str, Callable[[dict[str, Any], int], dict[str, Any]]] = {
    "clock set back": lambda reading, _: reading | {"ts": reading["ts"] - 7200.0},
    "clock ahead": lambda reading, _: reading | {"ts": reading["ts"] + 86400.0 * 30},
    "clock restarted": lambda reading, row: reading | {"ts": _REBOOT + _CADENCE * row},
    "clock stands still": lambda reading, row: reading | {"ts": reading["ts"] - _CADENCE * row},
    "stamps missing": lambda reading, _: {key: value for key, value in reading.items() if key != "ts"},
    "wild stamps": lambda reading, row: reading | {"ts": 1e9 * (row * 7 % 5 / 2.7)},
    "methane in ppm": lambda reading, _: reading | {"ch4_ppb": reading["ch4_ppb"] / 1000},
    "temperature in F": lambda reading, _: reading | {"temperature_c": 1.8 * reading["temperature_c"] + 32},
    "temperature in K": lambda reading, _: reading | {"temperature_c": reading["temperature_c"] + 273.15},
}
"""What may happen to a reading with a Unix time [s], given its number since that began."""


@dataclass(frozen=True)
class Sent:
    """One message of the load.

    Parameters
    ----------
    station
        Name of the station.
    seqs
        Numbers of its readings at their station; none: the message is malformed.
    payload
        Bytes; a malformed message contains its index in the load.
    """

    station: str
    seqs: tuple[int, ...]
    payload: bytes

    @property
    def seq(self) -> int | None:
        """Number of its first reading; ``None`` if it is malformed."""
        return self.seqs[0] if self.seqs else None


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
    disturbed
        Whether a disturbance follows each leak.
    arrays
        Whether every fourth station sends up to twelve readings in a message.
    heavy
        Share of the readings that the first station sends; the others share the rest. 0: all send as many.

    Attributes
    ----------
    counts
        Count of each station's readings.
    messages
        Messages in the order of sending; one in 500 is malformed.
    leaks
        Leaks in the readings.
    disturbances
        How often clocks jump, stamps are missing or units change; after each leak.
    """

    def __init__(
        self,
        readings: int,
        stations: int,
        seed: int,
        leak_every: int = 200,
        *,
        disturbed: bool = True,
        arrays: bool = False,
        heavy: float = 0.0,
    ) -> None:
        self.names = [f"st-{number + 1}" for number in range(stations)]
        first = int(heavy * readings) or readings // stations
        others = (readings - first) // max(1, stations - 1) if heavy else first
        sizes = [first] + [others] * (stations - 1)
        self.counts = dict(zip(self.names, sizes, strict=True))
        self._began = time.time() - _BEGAN
        self.leaks: list[Leak] = []
        self.disturbances: Counter[str] = Counter()
        self._disturbed = disturbed
        payloads = [self._payloads(number, rows, seed, leak_every) for number, rows in enumerate(sizes)]
        order = np.repeat(np.arange(stations), sizes)
        drawn = np.random.default_rng((seed, stations))
        drawn.shuffle(order)
        next_seq = [0] * stations
        gathered: dict[int, list[int]] = {number: [] for number in range(1, stations, 4)} if arrays else {}
        self.messages: list[Sent] = []
        for station in order.tolist():
            if len(self.messages) % _BAD_EVERY == _BAD_EVERY - 1:
                bad = f'{{"ch4_ppb": 2000.0, bad {len(self.messages)}'.encode()
                self.messages.append(Sent(self.names[station], (), bad))
            seq = next_seq[station]
            next_seq[station] += 1
            if station not in gathered:
                self.messages.append(Sent(self.names[station], (seq,), payloads[station][seq]))
                continue
            gathered[station].append(seq)
            if drawn.random() < 1 / _ARRAY or seq == sizes[station] - 1:
                seqs, gathered[station] = tuple(gathered[station]), []
                array = b"[" + b",".join(payloads[station][seq] for seq in seqs) + b"]"
                self.messages.append(Sent(self.names[station], seqs, array))

    def _payloads(self, number: int, rows: int, seed: int, leak_every: int) -> list[bytes]:
        """Payloads of one station: quiet rows of the chamber, with leaks and stuck sensors."""
        offset = 37 * number % _SPREAD
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
        payloads = [message(keys, row, self._began + _CADENCE * seq, seq) for seq, row in enumerate(values.tolist())]
        drawn = np.random.default_rng((seed, number))
        for leak in leaks if self._disturbed else ():
            kind = str(drawn.choice(list(_DISTURBANCES)))
            self.disturbances[kind] += 1
            for row in range(_DISTURBED_ROWS):
                seq = leak.start + _AFTER_LEAK + row
                reading = msgspec.json.decode(payloads[seq]) | {"ts": self._began + _CADENCE * seq}
                payloads[seq] = msgspec.json.encode(_DISTURBANCES[kind](reading, row))
        return payloads


def _calmest(chamber: np.ndarray) -> np.ndarray:
    """Find the consecutive rows in which methane changes least."""
    level = chamber[:, 0]
    starts = range(0, len(level) - _CALM, _CALM // 4)
    start = min(starts, key=lambda at: float(np.ptp(level[at : at + _CALM])))
    return chamber[start : start + _CALM]
