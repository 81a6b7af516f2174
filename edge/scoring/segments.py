"""Cuts a batch into runs of readings of one station that follow one another without a gap.

A reading beside the order is a run of its own, which continues a copy of its station's memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from copy import deepcopy
from typing import NamedTuple

import numpy as np

from edge.arrays import Flags, Floats
from edge.models.scores import ScoreState
from edge.scoring.state import Arrival, StationState


class Piece(NamedTuple):
    """Consecutive rows of one station.

    Parameters
    ----------
    state
        The station's state.
    arrival
        How the first row follows what the state has seen before.
    rows
        Row numbers in the batch; possibly none, if only the gap matters.
    """

    state: StationState
    arrival: Arrival
    rows: list[int]


class Segments:
    """Rows of a batch by station."""

    def __init__(self) -> None:
        self._segments: dict[StationState, list[Piece]] = {}

    def add(self, state: StationState, arrival: Arrival, row: int) -> None:
        """Add the next row of the batch, a reading of the station with this ``state``."""
        own = self._segments.setdefault(state, [])
        if own and arrival is Arrival.NEXT and own[-1].arrival is not Arrival.BESIDE:
            own[-1].rows.append(row)
        else:
            own.append(Piece(state, arrival, [row]))

    def runs(
        self, values: Floats, actual: Floats, flags: Flags, faulty: Set[int]
    ) -> Iterator[tuple[list[int], list[tuple[ScoreState, int]]]]:
        """Fill in missing values, and yield the rows that can be measured, in order.

        Parameters
        ----------
        values
            The batch's readings [N, F]; filled in place with last good values.
        actual
            A copy of them [N, F]; filled in place where no number was sent, see
            :class:`edge.readings.last_good.FilledReadings`.
        flags
            Flags of the readings [N, F].
        faulty
            Rows with a flag other than good.

        Yields
        ------
        rows
            Row numbers. They have to be measured before the next are drawn, which may forget what these need. Rows
            that cannot be filled are never yielded.
        runs
            Memory and number of rows of each station, as :func:`edge.models.scores.score_rows` takes them.
        """
        for wave in self.waves(values, actual, flags, faulty):
            rows: list[int] = []
            runs: list[tuple[ScoreState, int]] = []
            for state, arrival, own in wave:
                memory = state.score_state
                if arrival is Arrival.BESIDE:
                    # What goes on is measured and thrown away: the reading is none of those before or after it.
                    memory = deepcopy(memory)
                    memory.restart()
                elif arrival is not Arrival.NEXT:
                    state.forget(arrival)
                if own:
                    rows += own
                    runs.append((memory, len(own)))
            if rows:
                yield rows, runs

    def waves(self, values: Floats, actual: Floats, flags: Flags, faulty: Set[int]) -> list[list[Piece]]:
        """Fill in missing values, and group the pieces that can be measured together.

        A wave contains at most one piece of a station, in order; parameters as in :meth:`runs`.
        """
        waves: list[list[Piece]] = []
        for own in self._segments.values():
            pieces = [piece for segment in own for piece in _fill(segment, values, actual, flags, faulty)]
            for number, piece in enumerate(pieces):
                if number == len(waves):
                    waves.append([])
                waves[number].append(piece)
        return waves


def _fill(segment: Piece, values: Floats, actual: Floats, flags: Flags, faulty: Set[int]) -> Iterator[Piece]:
    """Fill missing values with last good ones, and cut a segment at the rows that cannot be filled."""
    state, arrival, rows = segment
    if arrival is Arrival.BESIDE:
        last_good = deepcopy(state.last_good)
        filled = last_good.fill(values[rows], flags[rows])
        if len(filled.rows):
            values[rows], actual[rows] = filled.values, filled.actual
            yield segment
        return
    if arrival is not Arrival.NEXT:
        state.last_good.clear()
    if faulty.isdisjoint(rows):
        state.last_good.update(values[rows[-1]])
        yield segment
        return
    filled = state.last_good.fill(values[rows], flags[rows])
    places = np.array(rows)[filled.rows]
    values[places], actual[places] = filled.values, filled.actual
    piece: list[int] = []
    end = 0
    for place in [*filled.rows.tolist(), len(rows)]:
        if place != end:
            # Rows that cannot be filled are a gap for those after them.
            yield Piece(state, arrival, piece)
            arrival, piece = Arrival.GAP, []
        if place < len(rows):
            piece.append(rows[place])
        end = place + 1
    yield Piece(state, arrival, piece)
