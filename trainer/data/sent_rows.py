"""Holds every row of a station's files, and fills them as the model of all columns and that without gas see them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise

import numpy as np
from msgspec.structs import replace

from config.settings.station import Station
from edge.arrays import Flags, Floats, Indices, Mask
from edge.readings.csv.header import quoted
from edge.readings.csv.table import CsvTable, Dropped
from edge.readings.last_good import HOLD
from edge.readings.quality import FAIL, GOOD, MISSING, flag
from trainer.data.filled_rows import FilledRows, Span, fill_rows
from trainer.data.labelled_rows import find_labelled, labelled_sentence


class SentRows:
    """All N rows of a station's files, one file after the other.

    Parameters
    ----------
    tables
        The files' rows.
    continues
        Whether each file follows on the one before it.
    station
        What the columns are.

    Attributes
    ----------
    flags
        Flags of the rows [N, F].
    time
        Their Unix time [s], [N], nan where there is none; ``None`` if no row has one.
    spans
        ``(start, end)`` of each file's rows.
    labelled
        Which rows people have labelled as a plume or a fault, or come right before one [N]: they count as missing.
    """

    def __init__(self, tables: Sequence[CsvTable], continues: Sequence[bool], station: Station) -> None:
        self._station = station
        self._values: Floats = np.concatenate([table.values for table in tables])
        self.flags: Flags = flag(self._values, station)
        self.labelled: Mask = find_labelled(tables)
        self.flags[self.labelled] = MISSING
        self.spans: list[Span] = list(pairwise(accumulate((len(table.values) for table in tables), initial=0)))
        self.time: Floats | None = None
        if any(table.time is not None for table in tables):
            times = [np.full(len(table.values), np.nan) if table.time is None else table.time for table in tables]
            self.time = np.concatenate(times)
        self._firsts = [
            start for (start, _), follows in zip(self.spans, continues, strict=True) if not (follows and start)
        ]
        breaks = [start + row for (start, _), table in zip(self.spans, tables, strict=True) for row in table.breaks]
        self._begins = sorted({*self._firsts, *breaks})

    def fill(self) -> tuple[FilledRows | None, FilledRows]:
        """Fill the rows, once; the values are then no longer those that were sent.

        Returns
        -------
        FilledRows or None
            Those for the model without the gas column, in which a level that is not good is nan and not held; ``None``
            if every level is good, or there is no gas column.
        FilledRows
            Those for the model of all columns.
        """
        gas = self._station.gas_index
        without = None
        if gas is not None and (self.flags[:, gas] != GOOD).any():
            without = self._fill_without(gas)
        return without, fill_rows(self._values, self.flags, self.time, self._begins, self._station)

    def _fill_without(self, gas: int) -> FilledRows:
        kept = [column for column in range(self._station.size) if column != gas]
        station = replace(self._station, features=tuple(self._station.features[i] for i in kept), ratio=None)
        filled = fill_rows(self._values[:, kept], self.flags[:, kept], self.time, self._begins, station)
        level = np.where(self.flags[:, gas] == GOOD, self._values[:, gas], np.nan)[filled.rows]
        return filled._replace(
            values=np.insert(filled.values, gas, level, axis=1), held=np.insert(filled.held, gas, False, axis=1)
        )

    def parts(self, rows: Indices) -> tuple[Span, ...]:
        """Return ``(start, end)``, among ``rows``, of each file that has any; files that follow on are one part."""
        edges = [*np.searchsorted(rows, self._firsts).tolist(), len(rows)]
        return tuple((start, end) for start, end in pairwise(edges) if end > start)

    def sentences(self, table: CsvTable, span: Span, kept: Indices, numbered: str) -> Iterator[str]:
        """Describe what became of one file's cells and rows without a good value.

        Parameters
        ----------
        table
            The file's rows.
        span
            Where they are among all rows.
        kept
            The rows that could be filled.
        numbered
            What its rows are numbered by.
        """
        start, end = span
        labelled = self.labelled[start:end]
        if (sentence := labelled_sentence(table, labelled, numbered)) is not None:
            yield sentence
        flags = np.where(labelled[:, None], GOOD, self.flags[start:end])
        left = np.ones(end - start, dtype=np.bool_)
        left[kept[np.searchsorted(kept, start) : np.searchsorted(kept, end)] - start] = False
        for code, what in ((MISSING, "missing"), (FAIL, "outside the physical range")):
            cells = (flags == code) & ~left[:, None]
            if cells.any():
                count = int(cells.sum())
                first = table.lines[np.argmax(cells.any(axis=1))]
                yield (
                    f"{count} cell{'s' if count > 1 else ''} held at the last good value: {what} "
                    f"({_counts(table.names, cells)}) (first at {numbered} {first})"
                )
        others = (flags != GOOD) & left[:, None]
        gas = self._station.gas_index
        if gas is not None:
            alone = others[:, gas] & (others.sum(axis=1) == 1)  # the model without the gas column uses these
            if alone.any():
                count = int(alone.sum())
                first = table.lines[np.argmax(alone)]
                yield (
                    f"{count} row{'s' if count > 1 else ''} used only for the model without {quoted(table.names[gas])}:"
                    f" no level now or in the {HOLD} rows before (first at {numbered} {first})"
                )
                others[alone] = False
        rows = others.any(axis=1)
        if rows.any():
            reason = f"no good value now or in the {HOLD} rows before ({_counts(table.names, others)})"
            yield Dropped(reason, int(rows.sum()), int(table.lines[np.argmax(rows)])).sentence(numbered)


def _counts(names: Sequence[str], cells: Mask) -> str:
    """Return how many of the cells [N, F] each column has."""
    return ", ".join(f"{quoted(name)} {n}" for name, n in zip(names, cells.sum(axis=0).tolist(), strict=True) if n)
