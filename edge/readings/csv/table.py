"""Defines what reading a file gives: its rows as numbers and times, and what its owner should know about it."""

from __future__ import annotations

from dataclasses import dataclass

from edge.arrays import Floats, Indices, Texts


@dataclass(frozen=True)
class Dropped:
    """Rows that were left out.

    Parameters
    ----------
    reason
        Reason, in a few words.
    count
        Number of rows.
    first_line
        Line of the first of them, counted from 1.
    """

    reason: str
    count: int
    first_line: int

    def sentence(self, numbered: str = "line") -> str:
        """Return a sentence about them.

        Examples
        --------
        >>> Dropped("blank", 2, 7).sentence()
        '2 rows dropped: blank (first at line 7)'
        """
        rows = "rows" if self.count > 1 else "row"
        return f"{self.count} {rows} dropped: {self.reason} (first at {numbered} {self.first_line})"


@dataclass(frozen=True)
class CsvTable:
    """The readings of a file, columns in the station's order.

    Parameters
    ----------
    file
        Name of the file, without its folder.
    names
        Column names [F].
    values
        Readings [N, F] in the station's units; nan = missing.
    time
        Unix time [N] in [s]; ``None`` if the station names no time column.
    lines
        The line [N], counted from 1, on which each row begins.
    dropped
        The rows that were left out, by reason.
    breaks
        Rows before which others were left out, so that the readings on either side are not consecutive.
    header_line
        The line of the header, counted from 1.
    notes
        Sentences about how the file was read, and about what in it disagrees with the station file.
    labels
        What people said of the alarms that were open at each row [N], see
        :mod:`edge.readings.csv.collected_columns`; ``None``: the file was not collected.
    """

    file: str
    names: tuple[str, ...]
    values: Floats
    time: Floats | None
    lines: Indices
    dropped: tuple[Dropped, ...] = ()
    breaks: tuple[int, ...] = ()
    header_line: int = 1
    notes: tuple[str, ...] = ()
    labels: Texts | None = None

    def sentences(self, numbered: str = "line") -> list[str]:
        """Return everything about this file that its owner should read, each sentence with the file's name."""
        found = [*(drop.sentence(numbered) for drop in self.dropped), *self.notes]
        return [f"{self.file}: {sentence}" for sentence in found]
