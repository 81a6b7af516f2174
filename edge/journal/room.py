"""How large a journal may become."""

from __future__ import annotations

import math

from edge.clock import Clock
from edge.journal.journal import Journal

_LOG_MB = 8.0  # twice the size at which SQLite writes the log into the database
_LOOK_EVERY = 60.0  # [s]
_FULL, _LOOKS = 1.0, 5  # [MB] free on a full disk; looks at one until it counts: others fill a disk, and empty it again
_PATIENCE = 20.0  # [s] of a full journal until less has to do, and again until still less
_APART = 10.0  # [s] without a failed commit after which a full journal is another one
_LESS = 0.75


class Room:
    """The size that a journal may reach: what its disk has room for, and less while that proves too much.

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
        self._full_looks = 0
        self._next_look = -math.inf
        self._full_at = self._full_since = -math.inf  # [s] when a commit failed last, and since when they have

    @property
    def mb(self) -> float:
        """The size [MB]; not more than ``max_mb``."""
        now = self._clock.monotonic()
        if now >= self._next_look:
            self._next_look = now + _LOOK_EVERY
            size, free = self._journal.mb, self._journal.free_mb
            self._full_looks = self._full_looks + 1 if free < _FULL else 0
            if not 0 < self._full_looks < _LOOKS:
                self._mb = size + free - _LOG_MB
            elif self._mb == math.inf:
                self._mb = size
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
