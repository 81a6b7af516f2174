"""Learns how the columns of a station arrive whose readings come in parts: together, apart, or too late."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Collection, Sequence, Set
from dataclasses import dataclass, field
from statistics import median

WINDOW = 10.0
"""Time in which the parts of a reading arrive unless ``join`` says otherwise [s]."""

_SHARE = 0.95  # of the station's own interval that a window lasts at most: the next reading must not fall into it
_PACKED = 0.2  # [s] shortest interval that is learnt: a queue that the broker drains says nothing about the station
_LEARNT = 5  # latest intervals from which the usual one is learnt
_ALONE = 2  # times that a column came without the others, after which nobody waits for it
_MISSES = 2  # readings without a slow column, after which nobody waits for it ...
_MISSES_IN_STEP = 5  # ... and without one that usually comes as often as the others
_SLOW = 1.5  # times the shortest interval from which on a column is slow
_PROMPT = 3  # times in a row that it came with the others, after which it is waited for again
_HELD = 1.5  # times its longest interval that the value of a column nobody waits for is held
_HELD_UNKNOWN = 900.0  # [s] that it is held as long as no interval is known


@dataclass
class _Column:
    """What is known of how one column arrives."""

    arrived: float = -math.inf
    value: float = math.nan
    intervals: deque[float] = field(default_factory=lambda: deque(maxlen=_LEARNT))
    misses: int = 0  # readings in a row without it
    alone: int = 0  # times in a row that it came without most of the others
    prompt: int = 0  # times in a row that it came with them although nobody waits for it
    apart: bool = False  # whether it usually comes without the others, so that nobody waits for it

    @property
    def interval(self) -> float:
        """Usual time between two arrivals [s]; inf while unknown."""
        return median(self.intervals) if self.intervals else math.inf

    def follow(self) -> None:
        """Wait for it again."""
        self.apart = False
        self.misses = self.alone = self.prompt = 0


class Arrivals:
    """Which columns a reading has to wait for, and for how long.

    Parameters
    ----------
    wanted
        Indices of the columns that the station sends.
    window
        Time in which the parts of a reading arrive [s]; ``None``: 10, and longer if no reading is ever whole.
    """

    def __init__(self, wanted: Collection[int], window: float | None = None) -> None:
        self._wanted = len(wanted)
        self._longest = WINDOW if window is None else window
        self._fixed = window is not None
        self._columns = {i: _Column() for i in wanted}
        self._pieces: Set[int] = frozenset()
        self._closed_at = -math.inf

    def __contains__(self, column: int) -> bool:
        return column in self._columns

    @property
    def waited(self) -> set[int]:
        """Columns without which a reading is not whole."""
        return {i for i, column in self._columns.items() if not column.apart}

    @property
    def interval(self) -> float:
        """Shortest usual interval of a column that is waited for [s]; inf while unknown."""
        return min((each.interval for each in self._columns.values() if not each.apart), default=math.inf)

    @property
    def window(self) -> float:
        """Time in which the parts of a reading are expected to arrive [s]."""
        return min(self._longest, _SHARE * self.interval)

    def add_column(self, column: int) -> None:
        """Expect a further column."""
        self._columns.setdefault(column, _Column())

    def apart(self, columns: Collection[int]) -> bool:
        """Return whether all of these columns usually come without the others."""
        return all(self._columns[i].apart for i in columns)

    def since(self, column: int, at: float) -> float:
        """Return the time since a column came [s]."""
        return at - self._columns[column].arrived

    def held(self, column: int, at: float) -> float:
        """Return the last value of a column nobody waits for, nan if it is too old or the column is waited for."""
        each = self._columns[column]
        longest = _HELD * max(each.intervals) if each.intervals else _HELD_UNKNOWN
        return each.value if each.apart and at - each.arrived <= longest else math.nan

    def shift(self, seconds: float) -> None:
        """Shift every arrival by as much as the gateway's clock has jumped [s]."""
        self._closed_at += seconds
        for column in self._columns.values():
            column.arrived += seconds

    def note_part(self, came: Sequence[int], values: Sequence[float], at: float, *, within: bool) -> None:
        """Learn from a part when its columns arrive, and whether those that came apart come with the others again.

        Parameters
        ----------
        came
            Its columns.
        values
            Values of all columns [F].
        at
            When it arrived, Unix time [s].
        within
            Whether a reading is open.
        """
        usual = self.interval
        near = within or at - self._closed_at < min(self.window, usual / 2)
        for i in came:
            column = self._columns[i]
            if _PACKED <= (interval := at - column.arrived) < math.inf:
                column.intervals.append(interval)
            column.arrived = at
            if i < len(values):
                column.value = values[i]
            if column.apart:
                column.prompt = column.prompt + 1 if near and column.interval <= _SLOW * usual else 0
                if column.prompt >= _PROMPT:
                    column.follow()

    def note_closed(self, came: Set[int], at: float) -> None:
        """Learn from a reading, closed at this Unix time [s], which of its columns come together."""
        self._closed_at = at
        if self.apart(came):
            return
        if 2 * len(came) >= self._wanted:
            self._note_misses(came)
        else:
            self._note_alone(came)
        if self.waited <= came or 3 * len(came) > 2 * self._wanted:
            self._pieces = frozenset()
        else:
            self._note_piece(came)

    def _note_misses(self, came: Set[int]) -> None:
        """Learn from a reading with at least half of its columns that nobody need wait for the others."""
        shortest = self.interval
        for i, column in self._columns.items():
            if i in came:
                if not column.apart:
                    column.misses = column.alone = 0
                continue
            column.misses += 1
            in_step = column.interval <= _SLOW * shortest and column.interval < math.inf
            column.apart |= column.misses >= (_MISSES_IN_STEP if in_step else _MISSES)

    def _note_alone(self, came: Set[int]) -> None:
        """Learn from less than half of the columns that nobody need wait for them, if the others make a reading."""
        others = [self._columns[i] for i in self.waited - came]
        for i in came:
            column = self._columns[i]
            column.alone += 1
            slow = any(each.interval <= _SLOW * column.interval < math.inf for each in others)
            column.apart |= column.alone >= _ALONE and (slow or 2 * len(others) > self._wanted)

    def _note_piece(self, came: Set[int]) -> None:
        """Learn from two pieces in a row with different columns, none of them most of a reading, to wait longer."""
        if not self._pieces or not self._pieces.isdisjoint(came):
            self._pieces |= came
            return
        self._pieces = frozenset(came)
        for column in self._columns.values():
            column.follow()
        if not self._fixed and self._longest < _SHARE * self.interval < math.inf:
            self._longest *= 2
