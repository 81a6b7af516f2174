"""Scores tables of a station's rows, with one memory for each or with one for all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from edge.readings.csv.table import CsvTable
from edge.readings.csv.writer import CsvCell
from edge.readings.quality import worst_flag
from edge.readings.reading import Reading
from edge.readings.station_clock.record_clock import RecordClock
from edge.scoring.score_table import score_cells
from edge.scoring.score_tally import ScoreTally
from edge.scoring.scorer import Scorer
from edge.scoring.state import StationState
from edge.scoring.units_guard import UnitsGuard

_ROWS = 512  # scored together


class TableScorer:
    """Scores tables row by row.

    Parameters
    ----------
    scorer
        Scores the rows.
    guard
        Doubts the units of its rows.
    tally
        Counts them.
    follows
        Whether the rows of a table follow on those of the one before, as the days of a record do; otherwise scoring
        starts afresh with each.
    """

    def __init__(self, scorer: Scorer, guard: UnitsGuard, tally: ScoreTally, *, follows: bool = False) -> None:
        self._scorer = scorer
        self._guard = guard
        self._tally = tally
        self._follows = follows
        self._state: StationState | None = None

    def rows(self, table: CsvTable, name: str) -> Iterator[Sequence[CsvCell]]:
        """Yield the cells of each row: those of :data:`~edge.scoring.score_table.SCORE_COLUMNS`.

        Parameters
        ----------
        table
            The rows.
        name
            What the table is called in the first cell, and in what the tally prints.
        """
        for sentence in table.sentences():
            self._tally.say(sentence)
        if self._state is None or not self._follows:
            self._state = self._scorer.new_state(clock=RecordClock)
        state, starts = self._state, set(table.breaks) - {0}
        for first in range(0, len(table.values), _ROWS):
            chunk = slice(first, first + _ROWS)
            times = np.full(_ROWS, np.nan) if table.time is None else table.time[chunk]
            batch = []
            for i, (values, time) in enumerate(zip(table.values[chunk].tolist(), times.tolist(), strict=False), first):
                if i in starts:
                    state = self._scorer.new_state(clock=RecordClock)
                ts = None if time != time else time  # noqa: PLR0124  # the quick test for nan
                batch.append((state, Reading(station=name, values=tuple(values), ts=ts, received=0.0)))
            lines = table.lines[chunk].tolist()
            for line, (_, reading), scored in zip(lines, batch, self._scorer.score(batch), strict=True):
                verdict = self._guard.review(scored, reading.values)
                self._tally.add(verdict)
                self._tally.note_doubt(name, self._guard.doubt)
                yield score_cells(name, line - table.header_line - 1, verdict, worst_flag(verdict.flags.values()))
        self._state = state
        self._tally.report(name, "rows")
