"""Decides whether a station's time stamps follow one another, and where a reading stands if they do not."""

from __future__ import annotations

import math

from edge.readings.gaps import MOST_CADENCES
from edge.readings.station_clock.clock_bias import ClockBias
from edge.readings.station_clock.clock_note import stored_jump_note
from edge.readings.station_clock.clock_watch import WORTH_AN_ALARM, ClockWatch
from edge.readings.station_clock.learnt_cadence import LearntCadence
from edge.readings.station_clock.placement import STAMP_NOT_USED, Placement
from edge.readings.station_clock.stray_run import AGAIN, StrayRun

UNKNOWN_STEP = 3600.0
"""Longest usual step of the stamps while the cadence is unknown [s]."""

LEAST_SLACK = 120.0
"""Stamps that lag less behind their arrival are never called old [s]; more, if three cadences are longer."""

OLDEST = 366 * 86400.0
"""Stamps that lag more are no stored readings, but those of a clock that was never set [s]."""

_LOOK_EVERY = 3600.0  # [s]


class Track:
    """The stamps of one station that follow one another, and what is known about those that do not.

    The rules of :class:`edge.readings.station_clock.station_clock.StationClock`, which remembers a track.

    Parameters
    ----------
    cadence
        Configured interval between readings [s]; ``None`` learns it.
    """

    __slots__ = (
        "_ancient",
        "_arrived",
        "_bare",
        "_bias",
        "_doubts",
        "_jump",
        "_learnt",
        "_live",
        "_newest",
        "_old",
        "_other",
        "_pace",
        "_run",
        "_same",
        "_slack",
        "_stamped",
        "_step",
        "_watch",
        "adrift",
        "cadence",
    )

    def __init__(self, cadence: float | None = None) -> None:
        self.adrift = False
        self._newest = math.nan  # newest trusted stamp; nan before the first
        self._stamped = 0.0  # when it first came
        self._arrived = math.nan  # when the last reading in order came
        self._old = False  # whether that reading was historical
        self._live = math.nan  # if so, when the last came that was not
        self._bare = 0  # readings in order without a stamp since the newest
        self._same = 0  # readings in order with the newest stamp, apart from the first
        self._pace = 0  # late readings in a row that keep pace with the arrivals
        self._doubts = 0  # strays since the newest that neither a straggler nor a backlog explains
        self._other = math.nan  # lag of the last stray that was the first in a row
        self._ancient: tuple[float, float] | None = None  # lag and arrival of a stamp too old for a stored reading
        self._jump = 0.0  # of the gateway's clock, until it is known whether the station shares it
        self._bias = ClockBias()
        self._run = StrayRun()
        self._watch = ClockWatch()
        self._learnt = LearntCadence() if cadence is None else None
        self._set_cadence(cadence)

    def _set_cadence(self, cadence: float | None) -> None:
        self.cadence = cadence
        self._step = UNKNOWN_STEP if cadence is None else MOST_CADENCES * cadence
        self._slack = LEAST_SLACK if cadence is None else max(LEAST_SLACK, self._step)

    def _place(self, ts: float | None, received: float) -> Placement:
        """Place a reading that needs a closer look."""
        if ts is None or not math.isfinite(ts):
            elapsed = self._since(self._arrived, received)
            self._arrived = received
            self._bare += not math.isnan(self._newest)
            return Placement(True, elapsed, False, False, received, "received", None)
        if self._jump:
            self._settle_jump(ts, received)
        off = received - ts - self._bias.value  # how much later than usual it comes
        step = ts - self._newest
        if (
            0 < step <= self._step + self._bare * (self.cadence or 0.0)
            or (step > 0 and off >= -self._step)
            or (step == 0 and received - self._stamped <= self._slack)
            or math.isnan(step)
        ):
            return self._follow(ts, received, step, off)
        return self._stray(ts, received, off)

    @staticmethod
    def _since(before: float, received: float) -> float:
        """Return the time since an arrival [s]; 0 if there was none."""
        return 0.0 if math.isnan(before) else max(0.0, received - before)

    def _settle_jump(self, ts: float, received: float) -> None:
        """Find out whether the station's clock has jumped with the gateway's."""
        off, jump = received - ts - self._bias.value, self._jump
        if abs(off) <= self._slack:
            early = ts - self._newest - (received - self._stamped)
            if abs(early - jump) < abs(early):
                self._newest += jump  # it is the same clock
            self._jump = 0.0
        elif abs(off - jump) <= self._slack:
            self._bias.shift(jump)
            if abs(self._bias.value) <= self._slack:
                self._watch.accept(self._bias.value)
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
            if gain - step <= 0.5 * self._slack:
                self._pace = max(2, self._pace)  # hardly later than the one before: its clock is slow
        elif step > 0:
            self._pace = 0
        historical = behind and off < OLDEST and self._pace < 2
        elapsed, cut = self._elapse(step, received, behind=behind, historical=historical)
        if not behind:
            self._bias.add(received - ts, received)
        elif self._pace >= AGAIN or (off >= OLDEST and self._kept_pace(received - ts, received)):
            self._bias.set(received - ts, received)
            self._pace = 0
        note = self._watch.note_followed(ts, self._bias.value, self._slack, historical=historical)
        self._track(ts, received, historical, moved=step != 0)
        return self._finish(Placement(True, elapsed, cut, historical, ts, "station", note))

    def _elapse(self, step: float, received: float, *, behind: bool, historical: bool) -> tuple[float, bool]:
        """Return the time since the reading before [s], and whether a segment begins; learn the cadence."""
        cadence = self.cadence or 0.0
        if math.isnan(step) or self.adrift:
            return self._since(self._arrived, received), False
        if self._bare:
            return min(self._since(self._arrived, received), abs(step - self._bare * cadence)), False
        if self._old and not historical:
            # Between a backlog and what is live, no more time is lost than since the last live reading.
            return min(step, self._since(self._live, received)), step > self._step
        if step > max(self._step, received - self._stamped + self._slack) and not behind:
            return self._since(self._arrived, received), True  # the clock went to where it should be
        if step <= 0:
            return step, False
        if self._learnt is not None and (median := self._learnt.push(step)) != self.cadence:
            self._set_cadence(median)
        return max(0.0, step - self._same * cadence), False

    def _kept_pace(self, lag: float, received: float) -> bool:
        """Return whether stamps too old for stored readings keep pace with the arrivals, looked at once an hour.

        Those of a station that sends what it has gathered do not from one reading to the next.
        """
        lag_before, looked = self._ancient or (lag, received)
        waited = received - looked
        if 0.0 < waited < _LOOK_EVERY:
            return False
        self._ancient = (lag, received)
        return waited > 0.0 and abs(lag - lag_before) <= 0.5 * waited

    def _stray(self, ts: float, received: float, off: float, forced: int | None = None) -> Placement:
        """Place a reading that does not follow: beside the order, on a new track, or by its arrival alone."""
        run = self._run
        first = not run.readings
        if first:
            cadence, lag = self.cadence or 1.0, received - ts
            # Always as late as the last one among others: it is no stored reading, but that of another clock.
            other = abs(lag - self._other) <= 0.25 * cadence
            packed = self._since(self._arrived, received) < 0.5 * cadence and not other
            self._other = lag
        else:
            before, came = run.readings[-1]
            packed = received - came < 0.5 * (ts - before if ts > before else self.cadence or 1.0)
        run.add(ts, received, max(self._step, UNKNOWN_STEP))
        straggles = -self._step <= off <= self._slack and ts <= self._newest
        historical = packed and self._slack < off < OLDEST
        if not (straggles or historical):
            self._doubts += 1
        if forced is None and run.is_track:
            return self._adopt(ts, received, off, clock=run.is_steady or not -self._step <= off < OLDEST)
        lost = self.adrift or self._doubts >= AGAIN
        # A stamp that cannot be true says nothing: the reading is live. One that can may be that of a stored reading.
        bare = ts == self._newest or not -self._step <= off < OLDEST
        if forced == STAMP_NOT_USED or (forced is None and (lost or (bare and not self._watch.crowded))):
            elapsed = self._since(self._arrived, received)
            cut = lost and not (self.adrift or self._bare)
            self._arrived, self._old = received, False
            if not lost:
                self._bare += 1
                note = self._watch.note_stray(historical=False, first=first)
            else:
                self.adrift = True
                # One that is stamped to the minute advances a little later: nothing has to be said about it.
                note = self._watch.note_adrift() if self._doubts >= 2 * AGAIN else None
            return self._finish(Placement(True, elapsed, cut, False, received, "received", note))
        note = self._watch.note_stray(historical=historical, first=first)
        if historical or straggles:
            return self._finish(Placement(False, 0.0, False, historical, ts, "station", note))
        return self._finish(Placement(False, 0.0, False, False, received, "received", note))

    def _adopt(self, ts: float, received: float, off: float, *, clock: bool) -> Placement:
        """Take the strays for the new track: the clock has changed, or a backlog has come."""
        moved = ts - self._newest
        note = None
        cut = not (clock and self.adrift)
        historical = not clock and self._slack < off < OLDEST
        elapsed = self._since(self._live if self._old else self._arrived, received)
        if clock:
            before = self._bias.value
            self._bias.set(self._run.least_lag, received)
            self._pace = 0
            if abs(moved) > self._slack:
                jump = before - self._bias.value
                note = self._watch.note_jump(
                    jump if abs(jump) > self._slack else moved, self._bias.value, ts, self._slack
                )
        else:
            elapsed = min(elapsed, abs(moved))
            if historical:
                self._watch.note_backlog()
                if self._old and abs(moved) > self._slack:
                    note = stored_jump_note(self._run.readings[0][0] - self._newest - (self.cadence or 0.0))
        self._track(ts, received, historical)
        return self._finish(Placement(True, elapsed, cut, historical, ts, "station", note))

    def _track(self, ts: float, received: float, historical: bool, *, moved: bool = True) -> None:
        """Note that a reading on the track came."""
        if historical and not self._old:
            self._live = self._arrived
        self._newest, self._arrived, self._old = ts, received, historical
        if moved:
            self._stamped, self._same = received, 0
        else:
            self._same += 1
        self._run.readings.clear()
        self._bare = self._doubts = 0
        self.adrift = False

    def _finish(self, placement: Placement) -> Placement:
        """Judge the clock, and choose the time to be published."""
        note, bias = placement.note, self._bias.value
        bad = self.adrift or abs(bias) > max(WORTH_AN_ALARM, self._slack)
        good = placement.in_order and placement.ts_from == "station" and abs(bias) <= self._slack
        judged = self._watch.judge(note, bad=bad, good=good)
        if judged is not note:
            placement = placement._replace(note=judged)
        if placement.ts_from == "station" and abs(bias) > self._slack:
            placement = placement._replace(ts=placement.ts + bias, ts_from="corrected")
        return placement
