"""Decides from a station's time stamps what follows what: arrival is the truth about order, a stamp is evidence."""

from __future__ import annotations

import math
from operator import attrgetter
from typing import Any

import msgspec

from edge.readings.clock_note import (
    ClockNote,
    adrift_note,
    backlog_note,
    crowded_note,
    jump_note,
    offset_note,
    recovered_note,
)
from edge.readings.gaps import MOST_CADENCES
from edge.readings.learnt_cadence import LearntCadence
from edge.readings.placement import BESIDE, HISTORICAL, NEXT, STAMP_NOT_USED, Placement

AGAIN = 5
"""Strays in a row after which the track is left: fewer are exceptions, more are another clock."""

UNKNOWN_STEP = 3600.0
"""Longest usual step of the stamps while the cadence is unknown [s]."""

LEAST_SLACK = 120.0
"""Stamps that lag less behind their arrival are never called old [s]; more, if three cadences are longer."""

OLDEST = 366 * 86400.0
"""Stamps that lag more are no stored readings, but those of a clock that was never set [s]."""

WINDOW = 6 * 3600.0
"""The clock's bias is the least lag of one to two windows [s]."""

WORTH_AN_ALARM = 300.0
"""A clock further away from the gateway's is faulty [s]."""

BAD, GOOD = 30, 10
"""Bad readings in a row after which a clock is faulty, and good ones after which it no longer is."""

_CROWDED, _SPARSE = 0.25, 0.1  # share of readings beside that is reported, and that ends the report
_DECAY = 0.99  # of that share with every reading
_FIELDS = (
    "cadence", "bias", "adrift", "faulty", "problem", "_newest", "_stamped", "_arrived", "_old", "_bare", "_pace",
    "_run", "_doubts", "_stored", "_until", "_least", "_earlier", "_said", "_unsaid", "_bad", "_followed", "_share",
    "_jump",
)  # fmt: skip
_fields = attrgetter(*_FIELDS)
_new = tuple.__new__


class StationClock:
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
    bias
        Least lag of arrivals behind stamps [s]: negative if the station's clock is ahead of the gateway's.
    adrift
        Whether the stamps are of no use at present.
    faulty
        Whether the clock has been adrift, or far from the gateway's, for 30 readings; until 10 good ones.
    problem
        What is wrong with the clock, with the fix; ``None`` if nothing is.
    """

    __slots__ = (*_FIELDS, "_latest", "_learnt", "_quiet", "_slack", "_step")

    def __init__(self, cadence: float | None = None) -> None:
        self._learnt = LearntCadence() if cadence is None else None
        self.bias = 0.0
        self.adrift = self.faulty = False
        self.problem: str | None = None
        self._newest = math.nan  # newest trusted stamp; nan before the first
        self._stamped = 0.0  # when it first came
        self._arrived = math.nan  # when the last reading in order came
        self._old = False  # whether that reading was historical
        self._bare = 0  # readings in order without a stamp since the newest
        self._pace = 0  # late readings in a row that keep pace with the arrivals
        self._run: list[tuple[float, float]] = []  # stamp and arrival of the last strays that advance, at most AGAIN
        self._doubts = 0  # strays in a row that nothing explains
        self._stored = 0  # stored readings since the last that was not
        self._until = math.nan  # when this window of lags ends
        self._least = math.inf  # least lag in it
        self._earlier = 0.0  # least lag in the window before
        self._said = 0.0  # bias that was reported
        self._unsaid = 0  # readings since it has changed
        self._bad = 0
        self._followed = 0  # readings on the track since the last that was bad or beside
        self._share = 0.0  # of readings beside, when the last of them came
        self._jump = 0.0  # of the gateway's clock, until it is known whether the station shares it
        self._set_cadence(cadence)
        self._quiet = False

    @property
    def strays_share(self) -> float:
        """Share of about the last hundred readings that were placed beside the order and were not stored ones."""
        return self._share * _DECAY**self._followed

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
            if 0.0 < elapsed <= self._step and self.bias <= lag <= self._latest and received < self._until:
                if lag < self._least:  # noqa: PLR1730  (a call of min costs a tenth of all this)
                    self._least = lag
                self._newest = ts
                self._stamped = self._arrived = received
                self._followed += 1
                if self._learnt is not None and (median := self._learnt.push(elapsed)) != self.cadence:
                    self._set_cadence(median)
                return _new(Placement, (True, elapsed, False, False, ts, "station", None))
        placement = self._place(ts, received)
        self._quiet = not (
            self._bare or self._pace or self._run or self._stored or self._unsaid or self._bad or self._jump
            or self._old or self.adrift or self.faulty or self.problem or abs(self.bias) > self._slack
        )  # fmt: skip
        return placement

    def resume(self, code: int, ts: float | None, received: float) -> Placement:
        """Place a reading from the journal again, as it was placed when it came.

        Parameters
        ----------
        code
            Its journal code, see :mod:`edge.readings.placement`.
        ts, received
            As in :meth:`place`.
        """
        before = self.snapshot()
        placement = self.place(ts, received)
        code &= ~(NEXT | 2)  # how long the gap was says nothing about the clock
        beside = code & 3 == BESIDE
        if ts is None or (placement.in_order is not beside and (placement.ts_from == "received") == bool(code & 8)):
            return placement
        self.restore(before)
        self._quiet = False
        off = received - ts - self.bias
        if beside:
            return self._stray(ts, received, off, forced=BESIDE)
        if code & STAMP_NOT_USED:
            return self._stray(ts, received, off, forced=STAMP_NOT_USED)
        return self._adopt(ts, received, off, clock=not code & HISTORICAL)

    def shift(self, seconds: float) -> None:
        """Note that the gateway's own clock has jumped ahead by so much [s], or back if that is negative.

        Whether the station shares that clock shows in its next stamps.
        """
        self._arrived += seconds
        self._stamped += seconds
        self._until += seconds
        self._run.clear()
        self._jump += seconds
        self._quiet = False

    def snapshot(self) -> bytes:
        """Return everything that is remembered, for :meth:`restore`."""
        return msgspec.msgpack.encode((_fields(self), None if self._learnt is None else self._learnt.snapshot()))

    def restore(self, snapshot: bytes) -> None:
        """Remember what a clock with the same configured cadence did when it made this snapshot.

        Raises
        ------
        ValueError
            It is no snapshot.
        """
        learnt: tuple[bytes, int] | None
        fields, learnt = msgspec.msgpack.decode(snapshot, type=tuple[tuple[Any, ...], tuple[bytes, int] | None])
        if len(fields) != len(_FIELDS):
            raise ValueError(f"snapshot of a clock: got {len(fields)} fields, expected {len(_FIELDS)}")
        configured = None if self._learnt is not None else self.cadence
        for name, value in zip(_FIELDS, fields, strict=True):
            setattr(self, name, value)
        self._run = [(ts, received) for ts, received in self._run]
        if configured is None:
            self._learnt = LearntCadence() if learnt is None else LearntCadence(*learnt)
        self._set_cadence(self.cadence if configured is None else configured)
        self._quiet = False

    def _set_cadence(self, cadence: float | None) -> None:
        self.cadence = cadence
        self._step = UNKNOWN_STEP if cadence is None else MOST_CADENCES * cadence
        self._slack = LEAST_SLACK if cadence is None else max(LEAST_SLACK, self._step)
        self._latest = self.bias + self._slack

    def _place(self, ts: float | None, received: float) -> Placement:
        """Place a reading that needs a closer look."""
        if ts is None or not math.isfinite(ts):
            elapsed = self._since(received)
            self._arrived = received
            self._bare += not math.isnan(self._newest)
            return Placement(True, elapsed, False, False, received, "received", None)
        if self._jump:
            self._follow_jump(ts, received)
        off = received - ts - self.bias  # how much later than usual it comes
        step = ts - self._newest
        if (
            0 < step <= self._step + self._bare * (self.cadence or 0.0)
            or (step > 0 and off >= -self._step)
            or (step == 0 and received - self._stamped <= self._slack)
            or math.isnan(self._newest)
        ):
            return self._follow(ts, received, step, off)
        return self._stray(ts, received, off)

    def _since(self, received: float) -> float:
        """Return the time since the last reading in order by the gateway's clock [s]; 0 if there is none."""
        return 0.0 if math.isnan(self._arrived) else max(0.0, received - self._arrived)

    def _follow_jump(self, ts: float, received: float) -> None:
        """Find out whether the station's clock has jumped with the gateway's."""
        off, step, jump = received - ts - self.bias, ts - self._newest, self._jump
        if abs(off) <= self._slack:
            if abs(step - jump) <= self._step:
                self._newest += jump  # it is the same clock
            self._jump = 0.0
        elif abs(off - jump) <= self._slack:
            self._earlier += jump
            self._least += jump
            self.bias += jump
            self._said += jump if abs(self.bias) <= self._slack else 0.0
            self._jump = 0.0

    def _follow(self, ts: float, received: float, step: float, off: float) -> Placement:
        """Place a reading on the track."""
        first = math.isnan(step)
        gain = received - self._stamped
        behind = off > self._slack
        if not behind:
            self._pace = 0
        elif first or (step > 0 and gain >= 0.5 * step):
            self._pace += 1
        elif step > 0:
            self._pace = 0
        historical = behind and off < OLDEST and self._pace < 2
        cut = False
        if first:
            elapsed = 0.0
        elif self.adrift:
            elapsed = self._since(received)
        elif self._bare:
            elapsed = min(self._since(received), abs(step - self._bare * (self.cadence or 0.0)))
        elif step > max(self._step, gain + self._slack) and not behind and not self._old:
            elapsed, cut = self._since(received), True  # the clock went ahead to where it should be
        else:
            elapsed = step
            if step > 0 and self._learnt is not None and (median := self._learnt.push(step)) != self.cadence:
                self._set_cadence(median)
        note = self._hear(received - ts, received, behind, historical)
        self._track(ts, received, historical, moved=step != 0)
        return self._finish(Placement(True, elapsed, cut, historical, ts, "station", note))

    def _stray(self, ts: float, received: float, off: float, forced: int | None = None) -> Placement:
        """Place a reading that does not follow: beside the order, on a new track, or by its arrival alone."""
        run = self._run
        straggles = -self._step <= off <= self._slack and not ts > self._newest
        historical = False
        if run:
            move, gain = ts - run[-1][0], received - run[-1][1]
            packed = gain < 0.5 * abs(move)
            if not 0 <= move <= max(self._step, UNKNOWN_STEP, gain + self._slack):
                run.clear()
        else:
            packed = self._since(received) < 0.5 * (self.cadence or 1.0)
        run.append((ts, received))
        del run[:-AGAIN]
        if not straggles:
            historical = packed and self._slack < off < OLDEST
            if not historical:
                self._doubts += 1
        if len(run) == AGAIN and ts > run[0][0] and forced is None:
            steady = received - run[0][1] >= 0.5 * (ts - run[0][0])
            return self._adopt(ts, received, off, clock=steady or not -self._step <= off < OLDEST)
        if forced == STAMP_NOT_USED or (forced is None and (self.adrift or self._doubts >= AGAIN)):
            elapsed, cut = self._since(received), not self.adrift
            note = None if self.adrift else self._report(adrift_note())
            self.adrift, self._arrived, self._old = True, received, False
            return self._finish(Placement(True, elapsed, cut, False, received, "received", note))
        self._share = self.strays_share * _DECAY
        self._followed = 0
        if historical:
            self._stored += 1
        else:
            self._share += 1 - _DECAY
        note = self._report(crowded_note()) if self._share > _CROWDED and self.problem is None else None
        if historical or straggles:
            return self._finish(Placement(False, 0.0, False, historical, ts, "station", note))
        return self._finish(Placement(False, 0.0, False, False, received, "received", note))

    def _adopt(self, ts: float, received: float, off: float, *, clock: bool) -> Placement:
        """Take the strays for the new track: the clock has changed, or a backlog has come."""
        moved = ts - self._newest
        note = None
        if clock:
            elapsed, cut = self._since(received), not self.adrift
            before = self.bias
            self._rebias(min((came - stamp for stamp, came in self._run), default=received - ts), received)
            if abs(moved) > self._slack:
                self._said = self.bias
                note = self._report(jump_note(before - self.bias, self.bias, ts, self._slack))
        else:
            elapsed, cut = abs(moved), True
        historical = not clock and self._slack < off < OLDEST
        if historical:
            self._stored = max(self._stored, AGAIN - 1) + 1
        self._track(ts, received, historical)
        return self._finish(Placement(True, elapsed, cut, historical, ts, "station", note))

    def _hear(self, lag: float, received: float, behind: bool, historical: bool) -> ClockNote | None:
        """Learn the bias from a reading on the track; returns what is to be said."""
        if not behind:
            if not received < self._until:
                if self._least < math.inf:
                    self._earlier = self._least
                self._least, self._until = math.inf, received + WINDOW
            self._least = min(self._least, lag)
            self.bias = min(self._earlier, self._least)
            self._latest = self.bias + self._slack
        elif self._pace >= AGAIN:
            self._rebias(lag, received)
        note = None
        if not historical:
            if self._stored >= AGAIN:
                note = backlog_note(self._stored)
            self._stored = 0
        elif self._stored >= AGAIN:
            self._stored += 1
        if abs(self.bias - self._said) <= self._slack:
            self._unsaid = 0
            return note
        self._unsaid += 1
        if self._unsaid >= AGAIN:
            self._said, self._unsaid = self.bias, 0
            if abs(self.bias) > self._slack:
                note = self._report(offset_note(self.bias))
        return note

    def _rebias(self, bias: float, received: float) -> None:
        self.bias = self._earlier = self._least = bias
        self._until = received + WINDOW
        self._latest = bias + self._slack
        self._pace = self._unsaid = 0

    def _track(self, ts: float, received: float, historical: bool, moved: bool = True) -> None:
        """Note that a reading on the track came."""
        self._newest, self._arrived, self._old = ts, received, historical
        if moved:
            self._stamped = received
        self._run.clear()
        self._bare = self._doubts = 0
        self.adrift = False

    def _report(self, note: ClockNote) -> ClockNote:
        self.problem = note.sentence
        return note

    def _finish(self, placement: Placement) -> Placement:
        """Judge the clock, and choose the time to be published."""
        in_order, _, _, _, ts, ts_from, note = placement
        if self.adrift or abs(self.bias) > max(WORTH_AN_ALARM, self._slack):
            self._bad += 1
            self._share, self._followed = self.strays_share, 0
            self.faulty = self.faulty or self._bad >= BAD
        elif in_order:
            self._followed += 1
            if self._followed >= GOOD and note is None:
                self._bad, self.faulty = 0, False
                if self.problem is not None:
                    self.problem = None
                    placement = placement._replace(note=recovered_note())
        if ts_from == "station" and abs(self.bias) > self._slack:
            placement = placement._replace(ts=ts + self.bias, ts_from="corrected")
        return placement
