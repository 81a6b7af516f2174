"""Decides from a station's time stamps what follows what: arrival is the truth about order, a stamp is evidence."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

import msgspec

from edge.readings.station_clock.clock_bias import ClockBias
from edge.readings.station_clock.learnt_cadence import LearntCadence
from edge.readings.station_clock.placement import BESIDE, HISTORICAL, STAMP_NOT_USED, Placement
from edge.readings.station_clock.stray_run import StrayRun
from edge.readings.station_clock.track import OLDEST, Track

_FIELDS = (
    "cadence", "adrift", "_newest", "_stamped", "_arrived", "_live", "_old", "_bare", "_same", "_pace", "_doubts",
    "_jump", "_other", "_ancient",
)  # fmt: skip
_fields = attrgetter(*_FIELDS)
_new = tuple.__new__


class _Snapshot(msgspec.Struct, array_like=True):
    fields: tuple[Any, ...]
    bias: tuple[float, float, float, float]
    run: list[tuple[float, float]]
    watch: tuple[Any, ...]
    learnt: tuple[bytes, int] | None


class StationClock(Track):
    """Where each reading of a station stands in the order, by its time stamp and its arrival.

    Every reading is placed, whatever its stamp: nothing that a clock does silences a station. While stamps follow one
    another the clock is on its track. A stray, which does not follow, is placed beside it. Five strays in a row that
    advance among themselves are the new track; five that do not leave only the order of arrival. States, constants
    and what was measured: ``docs/decisions/0021-the-time-of-a-reading.md``.

    Parameters
    ----------
    cadence
        Configured interval between readings [s]; ``None`` learns it as the median of the last 50 intervals of stamps.

    Attributes
    ----------
    cadence
        Interval between readings [s], configured or learnt; ``None`` while it is unknown.
    adrift
        Whether the stamps are of no use at present.
    """

    __slots__ = ("_quiet",)

    def __init__(self, cadence: float | None = None) -> None:
        super().__init__(cadence)
        self._quiet = False  # whether the next reading may take the short way

    @property
    def bias(self) -> float:
        """By how much the station's clock lags behind the gateway's [s]; negative if it is ahead."""
        return self._bias.value

    @property
    def correction(self) -> float:
        """What is added to a stamp before it is published [s]: the bias, unless that is small."""
        return self.bias if abs(self.bias) > self._slack else 0.0

    @property
    def faulty(self) -> bool:
        """Whether the clock has been adrift, or far from the gateway's, for 30 readings; until 10 good ones."""
        return self._watch.faulty

    @property
    def problem(self) -> str | None:
        """What is wrong with the clock, with the fix; ``None`` if nothing is."""
        return self._watch.problem

    @property
    def strays_share(self) -> float:
        """Share of about the last hundred readings that did not follow; a backlog counts once."""
        return self._watch.strays_share

    def place(self, ts: float | None, received: float) -> Placement:
        """Place the next reading.

        Parameters
        ----------
        ts
            When it was measured according to the station, Unix time [s], or ``None``.
        received
            When it arrived, Unix time [s].
        """
        if self._quiet and ts is not None:
            # Nearly always: the clock is right, and the reading follows the one before it.
            elapsed = ts - self._newest
            lag = received - ts
            bias = self._bias
            off = lag - bias.value
            usual = 0.0 <= off <= self._slack and received < bias.until
            # A burst of stamps that were never set is no news about the clock, either.
            if 0.0 < elapsed <= self._step and (usual or (off >= OLDEST and received - self._stamped < 0.5 * elapsed)):
                if usual and lag < bias.least:
                    bias.least = lag
                self._newest = ts
                self._stamped = self._arrived = received
                self._watch.followed += 1
                if self._learnt is not None and (median := self._learnt.push(elapsed)) != self.cadence:
                    self._set_cadence(median)
                return _new(Placement, (True, elapsed, False, False, ts, "station", None))
        placement = self._place(ts, received)
        self._quiet = self._watch.quiet and not (
            self.adrift or self._old or self._bare or self._same or self._pace or self._doubts or self._jump
            or self._run.readings or abs(self._bias.value) > self._slack
        )  # fmt: skip
        return placement

    def resume(self, code: int, ts: float | None, received: float) -> Placement:
        """Place a reading from the journal again, as it was placed when it came.

        Parameters
        ----------
        code
            Its journal code, see :mod:`edge.readings.station_clock.placement`.
        ts, received
            As in :meth:`place`.
        """
        before = self.snapshot()
        placement = self.place(ts, received)
        beside = code & 3 == BESIDE
        used = not code & STAMP_NOT_USED
        if ts is None or (placement.in_order is not beside and (placement.ts_from != "received") is used):
            return placement
        self.restore(before)
        off = received - ts - self._bias.value
        if beside or not used:
            return self._stray(ts, received, off, forced=BESIDE if beside else STAMP_NOT_USED)
        self._run.add(ts, received, self._step)
        return self._adopt(ts, received, off, clock=not code & HISTORICAL)

    def shift(self, seconds: float) -> None:
        """Note that the gateway's own clock has jumped ahead by so much [s], or back if that is negative.

        Whether the station shares that clock shows in its next stamps.
        """
        self._arrived += seconds
        self._stamped += seconds
        self._live += seconds
        self._bias.until += seconds
        self._run.readings.clear()
        self._ancient = None
        self._jump += seconds
        self._quiet = False

    def snapshot(self) -> bytes:
        """Return everything that is remembered, for :meth:`restore`."""
        learnt = None if self._learnt is None else self._learnt.snapshot()
        return msgspec.msgpack.encode(
            _Snapshot(_fields(self), self._bias.snapshot(), self._run.readings, self._watch.snapshot(), learnt)
        )

    def restore(self, snapshot: bytes) -> None:
        """Remember what a clock with the same configured cadence did when it made this snapshot.

        Raises
        ------
        ValueError
            It is no snapshot, or another version's.
        """
        past = msgspec.msgpack.decode(snapshot, type=_Snapshot)
        configured = self.cadence if self._learnt is None else None
        for name, value in zip(_FIELDS, past.fields, strict=True):
            setattr(self, name, value)
        self._watch.restore(past.watch)
        self._bias = ClockBias(*past.bias)
        self._run = StrayRun(past.run)
        if configured is None:
            self._learnt = LearntCadence(*(past.learnt or ()))
        self._set_cadence(self.cadence if configured is None else configured)
        self._quiet = False
