"""Recognises messages that the broker, a bridge or a station sends again, so that each reading counts once."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Hashable, Iterable
from typing import Protocol

import numpy as np

from edge.readings.message_key import key
from edge.readings.resending import Resending

LOOK_BACK = 2000
"""Latest messages of a station that a new one is compared with."""

_DECAY = 0.99  # of the share of repetitions with every message
_MEAN_OF = 16.0  # waits whose mean is the pace
_LEAST_WAITS = 4  # before which it is not known well enough to drop what nothing else marks as a copy
_ON_TIME = (0.9, 1.5)  # [paces] wait of a message that comes when the next one is due
_EARLY, _EARLIEST = 0.5, 0.2  # [paces] shorter waits are those of additional messages; without much credit, and with it
_AT_ONCE = 0.1  # [paces] shorter waits are those of doubles
_CREDIT, _MUCH_CREDIT, _MOST_CREDIT = 3.0, 6.0, 10.0  # messages on time after which equal bytes are no repetitions
_COST_ADJACENT = 0.5  # credit that a message with other bytes takes: stamps to the minute change now and then,
_COST_DISTANT = 2.0  # but a counter that restarted beside stuck values brings no bytes that are new
_DIFFERENT = 3  # different readings in an array, which do not come again in the same order by chance
_LEAST_DISTANT = 1.0  # [s] shorter waits are those of a history that is sent again


class Stamped(Protocol):
    """A reading, or anything else with the station's own time and counter."""

    @property
    def ts(self) -> float | None:
        """Unix time [s]."""

    @property
    def seq(self) -> int | None:
        """Counter."""

    @property
    def values(self) -> Hashable:
        """What was measured."""


class Duplicates:
    """The keys of one station's last 2000 messages, in at most 16 kB, and the pace at which they came.

    A message that the broker marks as sent again (DUP = 1) is a repetition if its bytes have come before. Without that
    mark the pace decides. A message with ``seq`` or ``ts`` whose bytes have come before is a repetition, unless such
    messages come again and again just when the next reading is due: a station that stamps to the minute, rounds and
    sends every ten seconds makes each of its messages several times. A message with neither may look like the one
    before it for hours, since a stuck sensor sends it, too; it is a repetition only if it comes at once, or if it is an
    array of different readings.

    A broker that was killed has forgotten which messages were acknowledged since it last saved, and sends them all
    again, unmarked, as soon as it is connected: :meth:`expect_again`. Until something newer comes, the pace then means
    nothing, and messages before the last 2000 are looked up in the journal.
    """

    __slots__ = (
        "_accepted",
        "_adjacent",
        "_came",
        "_distant",
        "_newest_seq",
        "_newest_ts",
        "_next",
        "_pace",
        "_previous",
        "_resending",
        "_ring",
        "_scored_at",
        "_scored_pace",
        "_share",
        "_text",
        "_waits",
    )

    def __init__(self) -> None:
        self._ring = array("q")  # grows to its full size: many stations never send that many messages
        self._next = 0
        self._newest_ts = self._newest_seq = -math.inf
        self._previous = 0  # key of the message before, whether it was a repetition or not
        self._text = 0  # hash of its bytes, if nothing else tells it from others
        self._came = self._scored_at = math.nan  # when the last message came, and the last that was no repetition
        self._pace = self._scored_pace = 0.0  # [s] mean waits for them
        self._waits = 0
        self._adjacent = self._distant = 0.0  # credit of messages equal to the one before, and to an older one
        self._share = 0.0  # of repetitions, when the last of them came
        self._accepted = 0  # messages since then
        self._resending: Resending | None = None

    @property
    def share(self) -> float:
        """Share of about the last hundred messages that were repetitions."""
        return self._share * _DECAY**self._accepted

    def take(
        self, payload: bytes, readings: Iterable[Stamped], *, received: float, mid: int = 0, dup: bool = False
    ) -> int | None:
        """Take the next message: return its key if it is new, ``None`` if it is a repetition.

        Parameters
        ----------
        payload
            Its bytes.
        readings
            What they mean.
        received
            When it came, Unix time [s].
        mid
            Its packet identifier.
        dup
            Whether the broker marks it as sent again.
        """
        pace = self._pace if self._waits else math.inf
        wait = self._wait(received)
        anonymous, newer, current = True, False, False
        for each in readings:
            if (seq := each.seq) is not None:
                anonymous = False
                if seq > self._newest_seq:
                    self._newest_seq, newer = seq, True
            if (ts := each.ts) is not None:
                anonymous = False
                if ts > self._newest_ts:
                    self._newest_ts, newer = ts, True
                elif ts == self._newest_ts:
                    current = True
        if anonymous:
            own = key(payload, mid=mid)
            again = self._is_anonymous_copy(own, payload, readings, wait, pace, dup=dup)
        else:
            own = key(payload)
            # Nearly always: a reading newer than any before cannot be a repetition.
            again = not newer and self.contains(own)
            if (resending := self._resending) is not None:
                again = self._came_before(resending, own, remembered=again, newer=newer)
            if again:
                again = dup or not self._is_due(wait, pace, current=current or own == self._previous)
            elif self._adjacent or self._distant or current:
                self._note_new(wait, pace, current=current and not newer)
        self._previous = own
        if again:
            self._share = self.share * _DECAY + (1 - _DECAY)
            self._accepted = 0
            return None
        self._accepted += 1
        self._keep(own, received)
        return own

    @property
    def expects_again(self) -> bool:
        """Whether the broker may be sending again what came before."""
        return self._resending is not None

    def is_part_again(self, key: int, *, dup: bool) -> bool:
        """Return whether a part of a reading came before; ``dup``: the broker marks it as sent again."""
        if dup:
            return self.contains(key)
        return self._resending is not None and self._resending.is_part_again(key, remembered=self.contains(key))

    def expect_again(self, find: Callable[[int], bool] | None) -> None:
        """Note that the broker may send again what came before, in the order in which it came.

        Parameters
        ----------
        find
            Returns whether the journal has a key that is not among the last 2000; ``None`` if it has no others.
        """
        self._resending = Resending(find)

    def expect_new(self) -> None:
        """Note that the broker has nothing more to send again."""
        self._resending = None

    def note_newest(self, ts: float | None, seq: int | None) -> None:
        """Note the newest time and counter of messages that are not remembered any more."""
        if seq is not None and seq > self._newest_seq:
            self._newest_seq = seq
        if ts is not None and ts > self._newest_ts:
            self._newest_ts = ts

    def contains(self, key: int) -> bool:
        """Return whether a message with this key is remembered."""
        return bool(self._ring) and bool((np.frombuffer(self._ring, dtype=np.int64) == key).any())

    def add(self, key: int, readings: Iterable[Stamped] = (), received: float | None = None) -> None:
        """Remember a message that was not given to :meth:`take`.

        Parameters
        ----------
        key
            Its key.
        readings
            What it means; those of an array may be added one by one.
        received
            When it came, Unix time [s]; ``None`` for a part of a reading, whose pace means nothing.
        """
        for each in readings:
            self.note_newest(each.ts, each.seq)
        if self._ring and self._previous == key and received in (self._came, None):
            return
        self._previous = key
        if received is not None:
            self._wait(received)
        self._keep(key, received)

    def _came_before(self, resending: Resending, key: int, *, remembered: bool, newer: bool) -> bool:
        """Return whether a message with time or counter came before, although the pace does not tell."""
        came_before = not newer and resending.came_before(key, remembered=remembered)
        if newer or resending.over:
            self._resending = None
        return came_before

    def _is_anonymous_copy(
        self, key: int, payload: bytes, readings: Iterable[Stamped], wait: float, pace: float, *, dup: bool
    ) -> bool:
        """Return whether a message without time and counter came before."""
        text = self._text
        again = self._is_double(payload, readings, wait, pace)
        if again or (resending := self._resending) is None:
            return again or (dup and self.contains(key))
        again = resending.is_anonymous_copy(
            key, remembered=self.contains(key), new_text=text not in (0, self._text), dup=dup
        )
        if resending.over:
            self._resending = None
        return again

    def _wait(self, received: float) -> float:
        """Note that a message came, and return the time since the one before [s]; 0 if that is not known."""
        wait = received - self._came
        self._came = received
        if not wait >= 0.0:
            return 0.0
        waits = self._waits
        if waits < _MEAN_OF:
            self._waits = waits = waits + 1
            self._pace += (wait - self._pace) / waits
        else:
            # An outage is no pace.
            self._pace += (min(wait, 4.0 * self._pace) - self._pace) / _MEAN_OF
        return wait

    def _is_double(self, payload: bytes, readings: Iterable[Stamped], wait: float, pace: float) -> bool:
        """Return whether a message without time and counter is the one before it, sent twice."""
        text = hash(payload)
        if text != self._text:
            self._text = text
            self._adjacent = max(0.0, self._adjacent - _COST_ADJACENT)
            return False
        if wait >= _EARLY * pace:
            self._adjacent = min(self._adjacent + 1.0, _MOST_CREDIT)
        at_once = self._waits > _LEAST_WAITS and wait < _AT_ONCE * pace and self._adjacent < 1.0
        return at_once or len({each.values for each in readings}) >= _DIFFERENT

    def _note_new(self, wait: float, pace: float, *, current: bool) -> None:
        """Note a message with bytes that are new, and perhaps with the stamp of the one before."""
        if current:
            self._note_on_time(wait, pace)
        else:
            self._adjacent = max(0.0, self._adjacent - _COST_ADJACENT)
        self._distant = max(0.0, self._distant - _COST_DISTANT)

    def _is_due(self, wait: float, pace: float, *, current: bool) -> bool:
        """Return whether a message that came before, with the current stamp or an older, is another reading."""
        if not current and self._resending is not None:
            return False
        if not current:
            paced = pace < math.inf and wait >= max(_LEAST_DISTANT, _EARLY * self._scored_pace)
            self._distant = min(self._distant + 1.0, _MOST_CREDIT) if paced else 0.0
            return self._distant >= _CREDIT
        if pace == math.inf or wait < (_EARLY if self._adjacent < _MUCH_CREDIT else _EARLIEST) * pace:
            self._adjacent = max(0.0, self._adjacent - 1.0)
            return False
        self._note_on_time(wait, pace)
        return self._adjacent >= _CREDIT

    def _note_on_time(self, wait: float, pace: float) -> None:
        """Note a message with the stamp of the one before, which is another reading if it comes on time."""
        if _ON_TIME[0] * pace <= wait <= _ON_TIME[1] * pace:
            self._adjacent = min(self._adjacent + 1.0, _MOST_CREDIT)

    def _keep(self, key: int, received: float | None) -> None:
        """Remember the key of a message that is no repetition, and forget the oldest."""
        wait = math.nan
        if received is not None:
            wait = received - self._scored_at
            self._scored_at = received
        if wait >= 0.0:
            self._scored_pace += (wait - self._scored_pace) / min(len(self._ring), _MEAN_OF)
        if len(self._ring) < LOOK_BACK:
            self._ring.append(key)
        else:
            self._ring[self._next] = key
        self._next = (self._next + 1) % LOOK_BACK
