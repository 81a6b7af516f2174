"""Joins the parts of one station's readings when its columns come in several messages."""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from collections.abc import Collection, Sequence, Set
from dataclasses import dataclass, field
from statistics import median
from typing import Generic, NamedTuple, TypeVar

from edge.readings.part import Part

WINDOW = 10.0
"""Time in which the parts of a reading arrive unless ``join`` says otherwise [s]."""

_SHARE = 0.95  # of the station's own interval that a window lasts at most: the next reading must not fall into it
_PACKED = 0.2  # [s] shortest interval that is learnt: a queue that the broker drains says nothing about the station
_LEARNT = 5  # latest intervals of a column from which its own is learnt
_ALONE = 2  # times that a column came without the others, after which nobody waits for it
_MISSES = 2  # readings without a slow column, after which nobody waits for it ...
_MISSES_IN_STEP = 5  # ... and without one that usually comes as often as the others
_SLOW = 1.5  # times the shortest interval from which on a column is slow
_HELD = 1.5  # times its own longest interval that the value of a column nobody waits for is held
_HELD_UNKNOWN = 900.0  # [s] that it is held as long as no interval is known
_PROMPT = 3  # times in a row that it came with the others, after which it is waited for again
_AGAIN = 1.0  # [s] within which the same part twice in a row is a repetition, whatever the interval
_RECENT = 32  # parts that a new one is compared with
_CHANCE = 1e-3  # below which parts that came in the same order again and again did not do so by chance

_NO_SEQ = -(2**64)

Carrier = TypeVar("Carrier")


class Joined(NamedTuple, Generic[Carrier]):
    """A reading that is closed: nothing is waited for any more.

    Parameters
    ----------
    part
        Its values, those that are held included; ``came`` names the columns that came themselves.
    received
        When its first part arrived, Unix time [s].
    carriers
        The messages that contained it.
    keys
        Their keys.
    expected
        Whether its columns usually come without the others: when only they came, nothing is lost.
    """

    part: Part
    received: float
    carriers: Sequence[Carrier]
    keys: Sequence[int]
    expected: bool


@dataclass
class _Column:
    """What is known of how one column arrives."""

    arrived: float = -math.inf
    value: float = math.nan
    intervals: deque[float] = field(default_factory=lambda: deque(maxlen=_LEARNT))
    misses: int = 0
    alone: int = 0
    prompt: int = 0
    apart: bool = False

    @property
    def interval(self) -> float:
        """Usual time between two arrivals [s]; inf while unknown."""
        return median(self.intervals) if self.intervals else math.inf

    def hold(self, now: float) -> float:
        """Return its last value, nan when it is too old."""
        longest = _HELD * max(self.intervals) if self.intervals else _HELD_UNKNOWN
        return self.value if now - self.arrived <= longest else math.nan


@dataclass
class _Open(Generic[Carrier]):
    """A reading of which parts are waited for."""

    opened: float
    values: list[float]
    came: set[int] = field(default_factory=set)
    order: list[int] = field(default_factory=list)
    stamps: list[tuple[int, float, int]] = field(default_factory=list)
    carriers: list[Carrier] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)


class Joiner(Generic[Carrier]):
    """Collects parts until a reading is whole, a column comes again, or the window has passed.

    The order of the parts within a window does not matter. A column that usually comes without the others, or less
    often (a climate sensor every 5 minutes beside gas every 10 s), is not waited for: its last value is held for at
    most 1.5 of its own intervals. A column that got lost is nan.

    A queue that the broker drains comes without pauses, so that a window separates nothing. Then the order does, if
    the parts have always come in the same one: a part that should have come earlier belongs to the next reading.

    Parameters
    ----------
    size
        Number of columns, F.
    wanted
        Indices of those that the station sends.
    window
        Time in which the parts of a reading arrive [s]; ``None``: 10, and longer if no reading is ever whole. It never
        exceeds .95 of the station's own interval, which is learnt.

    Attributes
    ----------
    repetitions
        Parts that came twice in a row: a sensor that advertises each value several times, a bridge.
    """

    def __init__(self, size: int, wanted: Collection[int], window: float | None = None) -> None:
        self.repetitions = 0
        self._size = size
        self._wanted = tuple(wanted)
        self._longest = WINDOW if window is None else window
        self._fixed = window is not None
        self._columns = {i: _Column() for i in self._wanted}
        self._stamp = size  # the place of a time stamp or counter that has a message of its own
        self._open: _Open[Carrier] | None = None
        self._closed_at = -math.inf
        self._recent: OrderedDict[str, float] = OrderedDict()  # contents of parts -> when they came
        self._order: tuple[int, ...] = ()
        self._in_order = 0
        self._pieces: frozenset[int] = frozenset()

    @property
    def due(self) -> float:
        """When the window passes, Unix time [s]; inf while nothing is open."""
        return math.inf if self._open is None else self._open.opened + self.window

    @property
    def window(self) -> float:
        """Time in which the parts of a reading are expected to arrive [s]."""
        return min(self._longest, _SHARE * self._interval)

    @property
    def carriers(self) -> Sequence[Carrier]:
        """The messages of the reading that is open."""
        return [] if self._open is None else self._open.carriers

    def add(self, part: Part, carrier: Carrier, *, key: int = 0, at: float) -> list[Joined[Carrier]]:
        """Take a part.

        Parameters
        ----------
        part
            What a document contains.
        carrier
            Its message, for :attr:`Joined.carriers`.
        key
            Of the message, for :meth:`add_again` and :attr:`Joined.keys`.
        at
            When it arrived, Unix time [s].

        Returns
        -------
        list of Joined
            The readings that are closed by it, the oldest first.
        """
        came = [i for i in part.came if i in self._columns]
        if not came and (part.ts is not None or part.seq is not None):
            self._columns.setdefault(self._stamp, _Column())
            came = [self._stamp]
        if not came:
            return []
        closed = self.close_due(at)
        content = repr((came, [part.values[i] for i in came if i != self._stamp], part.ts, part.seq))
        stamped = part.ts is not None or part.seq is not None
        if (stamped or not self._waited <= set(came)) and self._repeats(content, at, stamped=stamped):
            self.repetitions += 1
            if self._open is not None:
                self._open.carriers.append(carrier)
            return closed
        self._recent[content] = at
        self._recent.move_to_end(content)
        if len(self._recent) > _RECENT:
            self._recent.popitem(last=False)
        firm = [i for i in came if not self._columns[i].apart]
        if firm and self._open is not None and (not self._open.came.isdisjoint(firm) or self._wraps(firm[0], at)):
            closed += self._close()
        self._learn(came, part.values, at)
        if self._open is None:
            if not firm:
                return closed  # its value is held for the readings to come
            self._open = _Open(at, [math.nan] * self._size)
        self._put(part, came, carrier, key)
        if self._waited <= self._open.came:
            closed += self._close()
        return closed

    def add_again(self, key: int, carrier: Carrier) -> bool:
        """Take a message that the broker has sent again; returns whether its part is in the reading that is open."""
        if self._open is None or key not in self._open.keys:
            return False
        self._open.carriers.append(carrier)
        return True

    def close_due(self, now: float) -> list[Joined[Carrier]]:
        """Close the reading whose window has passed at this Unix time [s]."""
        return self._close() if now > self.due else []

    def close(self) -> list[Joined[Carrier]]:
        """Close the reading that is open, although parts may still come."""
        return self._close() if self._open is not None else []

    def shift(self, seconds: float) -> None:
        """Shift every arrival by as much as the gateway's clock has jumped [s]."""
        if self._open is not None:
            self._open.opened += seconds
        self._closed_at += seconds
        self._recent = OrderedDict((content, at + seconds) for content, at in self._recent.items())
        for column in self._columns.values():
            column.arrived += seconds

    @property
    def _waited(self) -> set[int]:
        """Columns without which a reading is not whole."""
        return {i for i, column in self._columns.items() if not column.apart}

    @property
    def _interval(self) -> float:
        """Shortest usual interval of a column that is waited for [s]; inf while unknown."""
        return min((each.interval for each in self._columns.values() if not each.apart), default=math.inf)

    def _repeats(self, content: str, at: float, *, stamped: bool) -> bool:
        """Return whether the same part came too short a time ago to be of another reading.

        Without a time stamp or a counter, only the part before this one can tell: many values come again.
        """
        if content not in self._recent or not (stamped or next(reversed(self._recent)) == content):
            return False
        interval = self._interval
        return at - self._recent[content] < max(_AGAIN, interval / 2 if interval < math.inf else 0.0)

    def _wraps(self, first: int, at: float) -> bool:
        """Return whether a part belongs to the next reading, because in this one it would have come earlier."""
        assert self._open is not None
        order, interval = self._order, self._interval
        if first not in order or self._in_order < _times(len(order)):
            return False
        if at - self._columns[first].arrived >= max(_AGAIN, interval / 2 if interval < math.inf else 0.0):
            return False  # there was a pause: the window decides
        last = self._open.order[-1]
        return last in order and order.index(first) < order.index(last)

    def _learn(self, came: Sequence[int], values: Sequence[float], at: float) -> None:
        """Learn when the columns arrive, and whether those that came apart come with the others again."""
        usual = self._interval
        near = self._open is not None or at - self._closed_at < min(self.window, usual / 2)
        for i in came:
            column = self._columns[i]
            if (interval := at - column.arrived) >= _PACKED and interval < math.inf:
                column.intervals.append(interval)
            column.arrived = at
            if i != self._stamp:
                column.value = values[i]
            if column.apart:
                column.prompt = column.prompt + 1 if near and column.interval <= _SLOW * usual else 0
                if column.prompt >= _PROMPT:
                    column.apart, column.misses, column.alone = False, 0, 0

    def _put(self, part: Part, came: Sequence[int], carrier: Carrier, key: int) -> None:
        """Put a part into the reading that is open."""
        reading = self._open
        assert reading is not None
        for i in came:
            if i != self._stamp:
                reading.values[i] = part.values[i]
        reading.came.update(came)
        reading.order.append(came[0])
        reading.carriers.append(carrier)
        reading.keys.append(key)
        if part.ts is not None or part.seq is not None:
            ts, seq = part.ts, part.seq
            reading.stamps.append((len(came), -math.inf if ts is None else ts, _NO_SEQ if seq is None else seq))

    def _close(self) -> list[Joined[Carrier]]:
        reading, self._open = self._open, None
        assert reading is not None
        came = reading.came - {self._stamp}
        self._closed_at = max((self._columns[i].arrived for i in reading.came), default=reading.opened)
        expected = not came or all(self._columns[i].apart for i in came)
        if 2 * len(came) >= len(self._wanted):
            self._note_misses(reading)
        elif not expected:
            self._note_alone(came)
        if self._waited <= reading.came or 3 * len(came) > 2 * len(self._wanted):
            self._pieces = frozenset()
        elif not expected:
            self._note_piece(came)
        values = list(reading.values)
        for i in self._wanted:
            if i not in came and self._columns[i].apart:
                values[i] = self._columns[i].hold(reading.opened)
        ts, seq = _stamp(reading.stamps)
        part = Part(tuple(values), tuple(sorted(came)), ts, seq)
        return [Joined(part, reading.opened, reading.carriers, reading.keys, expected)]

    def _note_misses(self, reading: _Open[Carrier]) -> None:
        """Learn from a reading with at least half of its columns which of them come together, and in which order."""
        shortest = self._interval
        whole = self._waited <= reading.came
        for i, column in self._columns.items():
            if i in reading.came:
                if not column.apart:
                    column.misses = column.alone = 0
                continue
            column.misses += 1
            in_step = column.interval <= _SLOW * shortest and column.interval < math.inf
            column.apart |= column.misses >= (_MISSES_IN_STEP if in_step else _MISSES)
        order = tuple(reading.order)
        if order == self._order:
            self._in_order += 1
        elif whole:  # one with a lost part proves nothing about the order
            self._order, self._in_order = order, 1

    def _note_alone(self, came: Collection[int]) -> None:
        """Learn from less than half of the columns that nobody need wait for them, if the others make a reading."""
        others = [self._columns[i] for i in self._waited - set(came)]
        for i in came:
            column = self._columns[i]
            column.alone += 1
            slow = any(each.interval <= _SLOW * column.interval < math.inf for each in others)
            column.apart |= column.alone >= _ALONE and (slow or 2 * len(others) > len(self._wanted))

    def _note_piece(self, came: Set[int]) -> None:
        """Learn from two pieces in a row with different columns, none of them most of a reading, to wait longer."""
        if self._pieces.isdisjoint(came) and self._pieces:
            self._pieces = frozenset(came)
            for column in self._columns.values():
                column.alone = column.misses = 0
                column.apart = False
            if not self._fixed and self._longest < _SHARE * self._interval < math.inf:
                self._longest *= 2
        else:
            self._pieces |= came


def _stamp(stamps: Sequence[tuple[int, float, int]]) -> tuple[float | None, int | None]:
    """Choose the stamp of the part with the most columns, and the newest among equal ones."""
    if not stamps:
        return None, None
    _, ts, seq = max(stamps)
    return (None if ts == -math.inf else ts), (None if seq == _NO_SEQ else seq)


def _times(parts: int) -> int:
    """Return how often so many parts have to come in one order until chance is out of the question."""
    if parts < 2:
        return 2**31
    return 1 + math.ceil(math.log(_CHANCE) / -math.lgamma(parts + 1))
