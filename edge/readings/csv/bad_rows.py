"""Collects the rows that cannot be read: a few are left out, and a file with many of them is refused."""

from __future__ import annotations

from dataclasses import dataclass

from edge.errors import TableError
from edge.readings.csv.header import quoted
from edge.readings.csv.table import Dropped

MOST_BAD = 0.05
"""Largest share of a file's rows that may be unreadable."""
MOST_LISTED = 10
"""Bad rows of one file that are listed; the others are counted."""
_FEW = 20  # rows; in a shorter file a single bad row is more than MOST_BAD


@dataclass
class _Reason:
    count: int
    first: int
    text: str


class BadRows:
    """Counts the rows of one file that are left out, by reason.

    Parameters
    ----------
    file
        Name of the file, with which every message begins.
    numbered
        What the rows are numbered by: line, or row.
    """

    def __init__(self, file: str, numbered: str = "line") -> None:
        self._file = file
        self._numbered = numbered
        self._faults: list[tuple[int, str, str]] = []  # line, column, sentence: the first ones only
        self._reasons: dict[str, _Reason] = {}
        self._bad = self._free = self._harmless = 0
        self._fatal: list[tuple[int, str, str]] = []

    def leave_out(self, line: int, reason: str) -> None:
        """Count a row that is no reading and no fault: blank, or above the readings.

        What stands in brackets at the end of the reason is an example, of which the first is kept.
        """
        kind = reason.partition(" (")[0]
        found = self._reasons.setdefault(kind, _Reason(0, line, reason))
        found.count += 1
        if line < found.first:
            found.first, found.text = line, reason

    def add(
        self, line: int, reason: str, sentence: str, column: str = "", *, harmless: bool = False, free: bool = False
    ) -> None:
        """Count a row that cannot be read.

        Parameters
        ----------
        line
            Its line.
        reason
            Why, in a few words, for when it is dropped.
        sentence
            What was got and expected, for when the file is refused.
        column
            The column at fault, if it is one.
        harmless
            Whether it never was a reading: one such row is dropped from the shortest of files.
        free
            Whether it does not count: a last line that is cut off, or one of units below the header.
        """
        self.leave_out(line, reason)
        self._bad += not free
        self._free += free
        self._harmless += harmless
        self._faults.append((line, column, sentence))
        if len(self._faults) > 1000 * MOST_LISTED:
            self._faults = sorted(self._faults)[:MOST_LISTED]

    def refuse(self, line: int, sentence: str, column: str = "") -> None:
        """Note a fault with which no row of the file can be trusted."""
        self._fatal.append((line, column, sentence))

    def settle(self, rows: int) -> tuple[Dropped, ...]:
        """Return what was left out beside ``rows`` good rows.

        Raises
        ------
        TableError
            The file is refused: one line for each of the first ten faults, one that counts the others, and one with
            the share of the bad rows.
        """
        if self._fatal:
            raise TableError("\n".join(map(self._line, sorted(self._fatal)[:MOST_LISTED])))
        total = rows + self._bad
        tolerable = rows > 0 and (self._bad <= MOST_BAD * total or self._bad == self._harmless == 1)
        if self._bad + self._free and not tolerable:
            lines = [self._line(fault) for fault in sorted(self._faults)[:MOST_LISTED]]
            more = self._bad + self._free - len(lines)
            if more:
                lines.append(f"{self._file}: and {more} more")
            if rows and total >= _FEW:
                share = f"{100 * self._bad / total:.1f} %"
                lines.append(
                    f"{self._file}: {self._bad} of {total} rows ({share}) cannot be read, expected at most "
                    f"{100 * MOST_BAD:g} %; below that they would be left out"
                )
            raise TableError("\n".join(lines))
        dropped = [Dropped(each.text, each.count, each.first) for each in self._reasons.values()]
        return tuple(sorted(dropped, key=lambda each: each.first_line))

    def _line(self, fault: tuple[int, str, str]) -> str:
        line, column, sentence = fault
        return f"{self._file}: {self._numbered} {line}{f', column {quoted(column)}' if column else ''}: {sentence}"
