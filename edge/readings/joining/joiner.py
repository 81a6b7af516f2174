"""Joins the parts of one station's readings when its columns come in several messages."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

import msgspec

from edge.readings.decoding.part import Part
from edge.readings.joining.arrivals import Arrivals

_AGAIN = 1.0  # [s] within which the same part twice in a row is a repetition as long as no interval is known
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
    saved
        Whether a snapshot has parts of it, which are not needed any more.
    """

    part: Part
    received: float
    carriers: Sequence[Carrier]
    keys: Sequence[int]
    expected: bool
    saved: bool


@dataclass
class _Open(Generic[Carrier]):
    """A reading of which parts are waited for."""

    opened: float
    newest: float
    values: list[float]
    came: set[int] = field(default_factory=set)
    order: list[int] = field(default_factory=list)
    stamps: list[tuple[int, float, int]] = field(default_factory=list)
    carriers: list[Carrier] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)
    parts: list[tuple[Part, int]] = field(default_factory=list)
    saved: int = 0  # carriers that are not needed any more: a snapshot has their parts


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
        self._arrivals = Arrivals(self._wanted, window)
        self._stamp = size  # the place of a time stamp or counter that has a message of its own
        self._open: _Open[Carrier] | None = None
        self._recent: OrderedDict[str, float] = OrderedDict()  # contents of parts -> when they came
        self._order: tuple[int, ...] = ()
        self._in_order = 0

    @property
    def due(self) -> float:
        """When the window passes, Unix time [s]; inf while nothing is open."""
        return math.inf if self._open is None else self._open.opened + self.window

    @property
    def window(self) -> float:
        """Time in which the parts of a reading are expected to arrive [s]."""
        return self._arrivals.window

    @property
    def carriers(self) -> Sequence[Carrier]:
        """The messages of the reading that is open, without those that :meth:`snapshot` has saved."""
        return [] if self._open is None else self._open.carriers[self._open.saved :]

    @property
    def is_open(self) -> bool:
        """Whether parts of a reading have come, and not all of them."""
        return self._open is not None

    def add(self, part: Part, carrier: Carrier, *, key: int = 0, at: float) -> list[Joined[Carrier]]:
        """Take a part.

        Parameters
        ----------
        part
            What a document contains.
        carrier
            Its message, for :attr:`Joined.carriers`.
        key
            Key of the message, for :meth:`add_again` and :attr:`Joined.keys`.
        at
            When it arrived, Unix time [s].

        Returns
        -------
        list of Joined
            The readings that are closed by it, the oldest first.
        """
        arrivals, stamped = self._arrivals, part.ts is not None or part.seq is not None
        came = self._columns_of(part)
        if not came:
            return []
        if self._open is not None and self._open.opened == math.inf:
            self._open.opened = self._open.newest = at
        closed = self.close_due(at)
        content = repr((came, [part.values[i] for i in came if i != self._stamp], part.ts, part.seq))
        if not arrivals.waited <= set(came) and self._repeats(content, at, stamped=stamped):
            self.repetitions += 1
            if self._open is not None:
                self._open.carriers.append(carrier)
            return closed
        self._remember(content, at)
        firm = [i for i in came if not arrivals.apart([i])]
        if firm and self._open is not None and (not self._open.came.isdisjoint(firm) or self._wraps(firm[0], at)):
            closed += self._close()
        arrivals.note_part(came, part.values, at, within=self._open is not None)
        if self._open is None:
            if not firm:
                return closed  # its value is held for the readings to come
            self._open = _Open(at, at, [math.nan] * self._size)
        self._put(self._open, part, came, at)
        self._open.carriers.append(carrier)
        self._open.keys.append(key)
        self._open.parts.append((part, key))
        if arrivals.waited <= self._open.came:
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

    def snapshot(self) -> bytes:
        """Save the parts of the reading that is open, and let go of its messages but the last."""
        assert self._open is not None
        self._open.carriers = self._open.carriers[-1:]
        self._open.saved = 1
        return msgspec.msgpack.encode(self._open.parts)

    def restore(self, snapshot: bytes, carrier: Carrier) -> None:
        """Open the reading of a snapshot again; its window begins with the next part.

        Raises
        ------
        ValueError
            The snapshot is of another version, or of a station with other columns.
        """
        parts = msgspec.msgpack.decode(snapshot, type=list[tuple[Part, int]])
        if any(len(part.values) != self._size for part, _ in parts):
            raise ValueError("the parts are those of other columns")
        reading: _Open[Carrier] = _Open(math.inf, -math.inf, [math.nan] * self._size, saved=1)
        for part, key in parts:
            if came := self._columns_of(part):  # none if gateway.yaml has them under absent now
                self._put(reading, part, came, -math.inf)
            reading.keys.append(key)
        if not reading.came:
            raise ValueError("the parts are those of other columns")
        reading.parts, reading.carriers = parts, [carrier]
        self._open = reading

    def shift(self, seconds: float) -> None:
        """Shift every arrival by as much as the gateway's clock has jumped [s]."""
        if self._open is not None:
            self._open.opened += seconds
            self._open.newest += seconds
        self._recent = OrderedDict((content, at + seconds) for content, at in self._recent.items())
        self._arrivals.shift(seconds)

    def _columns_of(self, part: Part) -> list[int]:
        """Return the columns of a part; a time stamp or a counter alone is one more."""
        came = [i for i in part.came if i in self._arrivals]
        if not came and (part.ts, part.seq) != (None, None):
            self._arrivals.add_column(self._stamp)
            came = [self._stamp]
        return came

    @property
    def _soon(self) -> float:
        """Time in which the next reading cannot have come yet [s]."""
        interval = self._arrivals.interval
        return interval / 2 if interval < math.inf else _AGAIN

    def _repeats(self, content: str, at: float, *, stamped: bool) -> bool:
        """Return whether the same part came too short a time ago to be of another reading.

        Without a time stamp or a counter, only the part before this one can tell: many values come again.
        """
        if content not in self._recent or not (stamped or next(reversed(self._recent)) == content):
            return False
        return at - self._recent[content] < (max(self._soon, self.window) if stamped else self._soon)

    def _remember(self, content: str, at: float) -> None:
        self._recent[content] = at
        self._recent.move_to_end(content)
        if len(self._recent) > _RECENT:
            self._recent.popitem(last=False)

    def _wraps(self, first: int, at: float) -> bool:
        """Return whether a part belongs to the next reading, because in this one it would have come earlier."""
        assert self._open is not None
        order, last = self._order, self._open.order[-1]
        if first not in order or self._in_order < _times(len(order)) or self._arrivals.since(first, at) >= self._soon:
            return False  # it is not known, or there was a pause: the window decides
        return last in order and order.index(first) < order.index(last)

    def _put(self, reading: _Open[Carrier], part: Part, came: Sequence[int], at: float) -> None:
        """Put a part into a reading."""
        for i in came:
            if i != self._stamp:
                reading.values[i] = part.values[i]
        reading.came.update(came)
        reading.order.append(came[0])
        reading.newest = at
        if part.ts is not None or part.seq is not None:
            ts, seq = part.ts, part.seq
            reading.stamps.append((len(came), -math.inf if ts is None else ts, _NO_SEQ if seq is None else seq))

    def _close(self) -> list[Joined[Carrier]]:
        reading, self._open = self._open, None
        assert reading is not None
        arrivals, came = self._arrivals, reading.came - {self._stamp}
        expected = arrivals.apart(came)
        if arrivals.waited <= reading.came:  # one with a lost part proves nothing about the order
            order = tuple(reading.order)
            self._in_order = self._in_order + 1 if order == self._order else 1
            self._order = order
        arrivals.note_closed(reading.came, reading.newest)
        values = list(reading.values)
        for i in set(self._wanted) - came:
            values[i] = arrivals.held(i, reading.opened)
        ts, seq = _stamp(reading.stamps)
        part = Part(tuple(values), tuple(sorted(came)), ts, seq)
        return [Joined(part, reading.opened, reading.carriers, reading.keys, expected, reading.saved > 0)]


def _stamp(stamps: Sequence[tuple[int, float, int]]) -> tuple[float | None, int | None]:
    """Choose the stamp of the part with the most columns, and the newest among equal ones."""
    _, ts, seq = max(stamps, default=(0, -math.inf, _NO_SEQ))
    return (None if ts == -math.inf else ts), (None if seq == _NO_SEQ else seq)


def _times(parts: int) -> int:
    """Return how often so many parts have to come in one order until chance is out of the question."""
    return 2**31 if parts < 2 else 1 + math.ceil(math.log(_CHANCE) / -math.lgamma(parts + 1))
