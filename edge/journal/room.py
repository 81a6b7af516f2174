"""How large a journal may become."""

from __future__ import annotations

import math
from collections import deque

from edge.clock import Clock
from edge.journal.journal import Journal

_LOOK_EVERY, _LOOKS = 60.0, 5  # [s]; the roomiest of five looks counts
_PATIENCE = 20.0  # [s] of a full journal until less has to do, and again until still less
_APART = 10.0  # [s] without a failed commit after which a full journal is another one
_LESS = 0.75


class Room:
    """The size that a journal may reach: what its disk has had room for lately, and less while that proves too much.

    A disk that is full for a moment costs nothing: what is deleted from the journal cannot be recognised when the
    broker sends it again.

    Parameters
    ----------
    journal
        The journal.
    clock
        Times the looks at the disk.
    """

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock
        self._mb = math.inf
        self._looks: deque[float] = deque(maxlen=_LOOKS)
        self._next_look = -math.inf
        self._full_at = self._full_since = -math.inf  # [s] when a commit failed last, and since when they have

    @property
    def mb(self) -> float:
        """The size [MB]; not more than ``max_mb``."""
        now = self._clock.monotonic()
        if now >= self._next_look:
            self._looks.append(room := self._journal.room_mb)
            self._next_look = now + _LOOK_EVERY
            if room > self._journal.mb or len(self._looks) == _LOOKS:  # others fill a disk, and empty it again
                self._mb = max(self._looks)
        return min(self._mb, self._journal.max_mb)

    def note_full(self) -> None:
        """Note that a commit has failed because the journal or its disk is full."""
        now = self._clock.monotonic()
        if now - self._full_at > _APART:
            self._full_since = now
        self._full_at = now
        if now - self._full_since >= _PATIENCE:
            self._full_since = now
            self._mb = _LESS * min(self.mb, self._journal.mb)
            self._looks.clear()
