"""Watches a station's clock: what has to be said about it, and whether it is faulty."""

from __future__ import annotations

import math
from operator import attrgetter
from typing import Any

from edge.readings.station_clock.clock_note import (
    ClockNote,
    adrift_note,
    backlog_note,
    crowded_note,
    jump_note,
    offset_note,
    recovered_note,
    restless_note,
)

LASTING = 5
"""Readings after which something is worth saying."""

WORTH_AN_ALARM = 300.0
"""A clock further away from the gateway's is faulty [s]."""

BAD, GOOD = 30, 10
"""Bad readings after which a clock is faulty, and good ones in a row after which it no longer is."""

_CROWDED = 0.25  # share of strays that is reported
_DECAY = 0.99  # of that share with every reading, and of the jumps that count
_RESTLESS, _AT_REST = 2.0, 1.6  # jumps in about the last hundred readings that are too many, and that no longer are
_MOST_JUMPS = 2.5  # that count: 45 good readings bring any clock to rest
_MUCH_MORE, _MORE = 2.0, 1.25  # times a bias that is reported again while it grows; when it no longer does
_SAME = 1.0  # [s] by which one that does not grow changes at most ...
_LONG = 100  # ... in so many readings
_FIELDS = (
    "faulty",
    "problem",
    "followed",
    "_bad",
    "_said",
    "_unsaid",
    "_stored",
    "_share",
    "_jumps",
    "_restless",
    "_held",
    "_held_for",
)
_fields = attrgetter(*_FIELDS)


class ClockWatch:
    """What is known about the health of one clock.

    Attributes
    ----------
    faulty
        Whether the clock has been adrift, or far from the gateway's, for 30 readings; until 10 good ones.
    problem
        What is wrong with the clock, with the fix; ``None`` if nothing is.
    followed
        Good readings since the last that was not.
    """

    __slots__ = _FIELDS

    def __init__(self) -> None:
        self.faulty = False
        self.problem: str | None = None
        self.followed = 0
        self._bad = 0
        self._said = 0.0  # bias that was reported [s]
        self._unsaid = 0  # readings since it has changed
        self._stored = 0  # stored readings since the last that was not
        self._share = 0.0  # of strays, when the last of them came
        self._jumps = 0.0  # lately, at that time
        self._held = 0.0  # bias that has not changed [s] ...
        self._held_for = 0  # ... for so many readings
        self._restless = False  # whether they are too many

    @property
    def quiet(self) -> bool:
        """Whether nothing is wrong, and nothing remains to be said."""
        return not (self.problem or self._bad or self._unsaid or self._stored)

    @property
    def crowded(self) -> bool:
        """Whether so many readings do not follow that two stations may send under one name."""
        return self.strays_share > _CROWDED

    @property
    def strays_share(self) -> float:
        """Share of about the last hundred readings that did not follow; a backlog counts once."""
        return self._share * _DECAY**self.followed

    def note_followed(self, ts: float, bias: float, slack: float, *, historical: bool) -> ClockNote | None:
        """Note a stamp on the track, and the bias that its clock has now [s]; returns what is to be said.

        A bias that grows and grows is said at each doubling, and when it has not changed for long.
        """
        note = None
        if not historical:
            if self._stored >= LASTING:
                note = backlog_note(self._stored)
            self._stored = 0
        elif self._stored >= LASTING:
            self._stored += 1
        if abs(bias - self._said) <= slack or (self._grows(bias, slack) and self.problem is not None):
            self._unsaid = 0
            return note
        self._unsaid += 1
        if self._unsaid >= LASTING:
            self._said, self._unsaid = bias, 0
            if abs(bias) > slack:
                return self.note_offset(ts, bias) or note
        return note

    def note_offset(self, ts: float, bias: float) -> ClockNote | None:
        """Note that the clock, which shows ``ts``, differs from the gateway's; returns what is to be said."""
        return None if self._restless else self._report(offset_note(bias, ts))

    def note_stray(self, *, historical: bool, first: bool) -> ClockNote | None:
        """Note a reading that does not follow, the ``first`` in a row or not; returns what is to be said."""
        self._settle()
        if historical:
            self._stored += 1
        if first or not historical:
            self._share += 1 - _DECAY
        return self._report(crowded_note()) if self.crowded and self.problem is None else None

    def note_backlog(self) -> None:
        """Note that the strays are a backlog, which goes on in order."""
        self._stored = max(self._stored, LASTING - 1) + 1

    def note_jump(self, moved: float, bias: float, ts: float, slack: float) -> ClockNote | None:
        """Note that the clock jumped, see :func:`edge.readings.station_clock.clock_note.jump_note`."""
        self._said, self._unsaid, self._stored = bias, 0, 0
        self._settle()
        self._jumps = min(self._jumps + 1.0, _MOST_JUMPS)
        self._restless = self._restless or self._jumps > _RESTLESS
        return self._report(restless_note() if self._restless else jump_note(moved, bias, ts, slack))

    def note_adrift(self) -> ClockNote | None:
        """Note that the stamps have not advanced for so long that it has to be said."""
        return self._report(adrift_note())

    def accept(self, bias: float) -> None:
        """Accept a bias [s] without a word, because the gateway's own clock has jumped."""
        self._said = bias

    def judge(self, note: ClockNote | None, *, bad: bool, good: bool) -> ClockNote | None:
        """Judge the clock by one more reading; returns what is to be said, ``note`` or that all is well again."""
        if bad:
            self._bad += 1
            share = self.strays_share  # does not fall while the clock is bad
            self._settle()
            self._share = share
            self.faulty = self.faulty or self._bad >= BAD
        elif good:
            self.followed += 1
            if self.followed >= GOOD and note is None:
                self._bad, self.faulty = 0, False
                self._restless = self._restless and self._jumps * _DECAY**self.followed > _AT_REST
                if self.problem is not None and not self._restless:
                    self.problem, note = None, recovered_note()
        return note

    def snapshot(self) -> tuple[Any, ...]:
        """Return everything that is remembered, for :meth:`restore`."""
        fields: tuple[Any, ...] = _fields(self)
        return fields

    def restore(self, snapshot: tuple[Any, ...]) -> None:
        """Remember what a snapshot contains; raises ValueError if it is none."""
        for name, value in zip(_FIELDS, snapshot, strict=True):
            setattr(self, name, value)

    def _grows(self, bias: float, slack: float) -> bool:
        """Return whether a bias is not so different from the one that was said that it has to be said again."""
        if abs(bias - self._held) > _SAME:
            self._held, self._held_for = bias, 0
        self._held_for += 1
        more = bias / self._said if abs(self._said) > slack else math.inf
        most = _MUCH_MORE if self._held_for < _LONG else _MORE
        return 1 / most < more < most

    def _settle(self) -> None:
        """Let what counts less with every reading do so, with this one and the good ones before it."""
        decay = _DECAY ** (self.followed + 1)
        self._share *= decay
        self._jumps *= decay
        self.followed = 0

    def _report(self, note: ClockNote) -> ClockNote | None:
        """Return a note about a problem, unless it is known already."""
        if self.problem == note.sentence:
            return None
        self.problem = note.sentence
        return note
