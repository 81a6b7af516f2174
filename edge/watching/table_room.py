"""The lines of a terminal that a table may have, and how many of its entries they show."""

from __future__ import annotations

from typing import NamedTuple

_LEAST = 3  # lines of which the last may say how many others there are; with fewer, the heading does


class TableRoom(NamedTuple):
    """Room for the entries of a table.

    Parameters
    ----------
    lines
        Lines, without that of the headings.
    entries
        Entries that there are.
    """

    lines: int
    entries: int

    @property
    def drawn(self) -> int:
        """Number of entries that are drawn."""
        return min(self.entries, self.lines) - (1 if self.others else 0)

    @property
    def others(self) -> int:
        """Number of those that the last line only counts; 0: there is no such line."""
        return self.entries - self.lines + 1 if self.entries > self.lines >= _LEAST else 0

    def heading(self, name: str) -> str:
        """Return a heading, which says how many are drawn if no line does."""
        return name if self.entries <= self.lines or self.others else f"{self.lines} of {self.entries}"


def share_room(lines: int, rows: int, alarms: int) -> tuple[TableRoom, TableRoom]:
    """Share lines out among stations and alarms: half of them at most for alarms, unless the stations need fewer.

    Examples
    --------
    >>> [tuple(each) for each in share_room(5, 50, 25)], share_room(9, 2, 1)[1].drawn
    ([(3, 50), (2, 25)], 1)
    """
    lines = max(2, lines)
    for_alarms = min(alarms, max(1, lines // 2))
    for_rows = min(rows, lines - for_alarms)
    return TableRoom(for_rows, rows), TableRoom(min(alarms, lines - for_rows), alarms)
