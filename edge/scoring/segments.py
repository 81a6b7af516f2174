"""Segments: the rows of a batch, station by station, cut where one does not follow on the one before."""

from __future__ import annotations

from collections.abc import Iterator, Set
from typing import NamedTuple

import numpy as np

from edge.arrays import Flags, Floats
from edge.models.scores import ScoreState
from edge.scoring.state import Arrival, StationState


class Piece(NamedTuple):
    """Rows, maybe none, that follow on one another, and how they follow on what their station's memory saw before."""

    state: StationState
    arrival: Arrival
    rows: list[int]


class Segments:
    """Which rows of a batch are whose; late ones are nobody's."""

    def __init__(self) -> None:
        self._segments: dict[StationState, list[Piece]] = {}

    def add(self, state: StationState, arrival: Arrival, row: int) -> None:
        """Note the next row of the batch that has arrived at ``state``."""
        own = self._segments.setdefault(state, [])
        if own and arrival is Arrival.NEXT:
            own[-1].rows.append(row)
        else:
            own.append(Piece(state, arrival, [row]))

    def runs(
        self, values: Floats, actual: Floats, flags: Flags, faulty: Set[int]
    ) -> Iterator[tuple[list[int], list[tuple[ScoreState, int]]]]:
        """Complete the readings, and yield them in the order in which they are to be measured.

        Parameters
        ----------
        values, actual
            The batch's readings [N, F], twice; what is completed is changed in place, see
            :class:`edge.readings.last_good.FilledReadings`.
        flags
            Of the readings [N, F].
        faulty
            The rows that have another flag than good.

        Yields
        ------
        rows, runs
            Numbers of rows, and whose they are, as :func:`edge.models.scores.score_rows` takes them. To be measured
            before the next are drawn, which may forget what these still need. Readings that cannot be completed are in
            none.
        """
        for wave in self.waves(values, actual, flags, faulty):
            for piece in wave:
                if piece.arrival is not Arrival.NEXT:
                    piece.state.forget(piece.arrival)
            rows = [row for piece in wave for row in piece.rows]
            if rows:
                yield rows, [(piece.state.memory, len(piece.rows)) for piece in wave if piece.rows]

    def waves(self, values: Floats, actual: Floats, flags: Flags, faulty: Set[int]) -> list[list[Piece]]:
        """Complete the readings, and group the pieces that can be measured together.

        Of a station at most one is in a wave, the earlier in the earlier wave; parameters as in :meth:`runs`.
        """
        waves: list[list[Piece]] = []
        for own in self._segments.values():
            pieces = [piece for segment in own for piece in _complete(segment, values, actual, flags, faulty)]
            for number, piece in enumerate(pieces):
                if number == len(waves):
                    waves.append([])
                waves[number].append(piece)
        return waves


def _complete(segment: Piece, values: Floats, actual: Floats, flags: Flags, faulty: Set[int]) -> Iterator[Piece]:
    """Hold what was good, and cut a segment at the readings that even so are not complete."""
    state, arrival, rows = segment
    if arrival is not Arrival.NEXT:
        state.holding.clear()
    if faulty.isdisjoint(rows):
        state.holding.update(values[rows[-1]])
        yield segment
        return
    held = state.holding.fill(values[rows], flags[rows])
    places = np.array(rows)[held.rows]
    values[places], actual[places] = held.values, held.actual
    piece: list[int] = []
    end = 0
    for place in [*held.rows.tolist(), len(rows)]:
        if place != end:
            # What the incomplete readings interrupt begins anew after them.
            yield Piece(state, arrival, piece)
            arrival, piece = Arrival.GAP, []
        if place < len(rows):
            piece.append(rows[place])
        end = place + 1
    yield Piece(state, arrival, piece)
