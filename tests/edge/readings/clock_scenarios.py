"""Builds what a station's clock and the way to the gateway may do to stamps and arrivals."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from edge.readings.station_clock.placement import Placement
from edge.readings.station_clock.station_clock import StationClock

T0 = 1_790_000_000.0


class Step(NamedTuple):
    """A reading, or a jump of the gateway's clock before the next one if ``shift`` is not 0."""

    ts: float | None
    received: float
    shift: float = 0.0


class Scenario:
    """Readings of one station, segment after segment.

    Parameters
    ----------
    cadence
        Interval between its readings [s].
    delay
        Makes the delay of a message from its number [s].
    """

    def __init__(self, cadence: float = 60.0, delay: Callable[[int], float] = lambda n: 0.1 + 0.05 * (n % 7)) -> None:
        self.cadence = cadence
        self.steps: list[Step] = []
        self.true = T0  # the time, as everybody who has a right clock sees it
        self.offset = 0.0  # of the station's clock
        self.gateway = 0.0  # offset of the gateway's clock
        self.delay = delay

    def live(self, count: int) -> Scenario:
        """Send readings as they are measured."""
        for _ in range(count):
            self._send(self.true + self.offset)
            self.true += self.cadence
        return self

    def set_clock(self, offset: float) -> Scenario:
        """Set the station's clock ahead of the right time by so much [s]."""
        self.offset = offset
        return self

    def reboot(self) -> Scenario:
        """Restart the station's clock at 1970."""
        return self.set_clock(-self.true)

    def jump(self, seconds: float, *, shared: bool = False) -> Scenario:
        """Set the gateway's clock, which the station may share."""
        self.gateway += seconds
        self.offset += seconds if shared else 0.0
        self.steps.append(Step(None, 0.0, seconds))
        return self

    def bare(self, count: int) -> Scenario:
        """Send readings without stamps."""
        for _ in range(count):
            self._send(None)
            self.true += self.cadence
        return self

    def wild(self, *stamps: float) -> Scenario:
        """Send readings with stamps that have nothing to do with the clock."""
        for stamp in stamps:
            self._send(stamp)
            self.true += self.cadence
        return self

    def dead(self, count: int) -> Scenario:
        """Send readings while the clock stands still."""
        return self.wild(*[self.true + self.offset] * count)

    def outage(self, count: int, *, live_first: bool, every: float = 0.01, newest_first: bool = False) -> Scenario:
        """Lose the connection for so many readings, and send the stored ones after it, or after a live one."""
        stored = [self.true + self.offset + n * self.cadence for n in range(count)]
        self.true += count * self.cadence
        if live_first:
            self._send(self.true + self.offset)
        for n, ts in enumerate(reversed(stored) if newest_first else stored):
            self._send(ts, wait=every * (n + 1))
        self.true += math.ceil(every * (count + 1) / self.cadence) * self.cadence
        return self

    def run(self, clock: StationClock) -> list[Placement]:
        """Place every reading."""
        return place(clock, self.steps)

    def _send(self, ts: float | None, wait: float = 0.0) -> None:
        self.steps.append(Step(ts, self.true + self.gateway + wait + self.delay(len(self.steps))))


def place(clock: StationClock, steps: Sequence[Step]) -> list[Placement]:
    """Place the readings of these steps."""
    placements = []
    for step in steps:
        if step.shift:
            clock.shift(step.shift)
        else:
            placements.append(clock.place(step.ts, step.received))
    return placements


def kinds(placements: Sequence[Placement]) -> list[str]:
    """Return the kinds of the notes."""
    return [each.note.kind for each in placements if each.note is not None]
