"""Cuts a batch into runs of readings of one station that follow one another without a gap.

A reading beside the order is a run of its own, which continues a copy of its station's memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from copy import deepcopy
from typing import NamedTuple

import numpy as np

from edge.arrays import Flags, Floats
from edge.models.scores import ScoreState
from edge.readings.quality import MISSING
from edge.scoring.gas_outage import LATELY, GasOutage
from edge.scoring.state import Arrival, StationState

_UNUSABLE, _SPARED, _WHOLE = 0, 1, 2  # a row for neither model, for the one without the gas column, or for both


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
    outage
        What the model without the gas column has to see as well; ``None``: the gas level has not been missing lately.
    """

    state: StationState
    arrival: Arrival
    rows: list[int]
    outage: OutagePiece | None = None


class OutagePiece(NamedTuple):
    """Consecutive rows for the model without the gas column.

    Parameters
    ----------
    arrival
        How the first row follows what that model has seen before.
    rows
        Row numbers in the batch.
    """

    arrival: Arrival
    rows: list[int]


class ModelRows(NamedTuple):
    """Rows that one model measures together.

    Parameters
    ----------
    outage
        What measures them, if it is the model without the gas column.
    rows
        Row numbers in the batch.
    states
        Memory and number of rows of each station, as :func:`edge.models.scores.score_rows` takes them.
    """

    outage: GasOutage | None
    rows: list[int]
    states: list[tuple[ScoreState, int]]


class Segments:
    """Rows of a batch by station.

    Parameters
    ----------
    outage
        What scores readings without a gas level; ``None``: they are like readings without any other channel.
    """

    def __init__(self, outage: GasOutage | None = None) -> None:
        self._outage = outage
        self._segments: dict[StationState, list[Piece]] = {}

    def add(self, state: StationState, arrival: Arrival, row: int) -> None:
        """Add the next row of the batch, a reading of the station with this ``state``."""
        own = self._segments.setdefault(state, [])
        if own and arrival is Arrival.NEXT and own[-1].arrival is not Arrival.BESIDE:
            own[-1].rows.append(row)
        else:
            own.append(Piece(state, arrival, [row]))

    def runs(self, values: Floats, actual: Floats, flags: Flags, faulty: Set[int]) -> Iterator[ModelRows]:
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
        ModelRows
            Rows that have to be measured before the next are drawn, which may forget what these need. Rows that cannot
            be filled are never yielded; those without a gas level come twice if they can be filled.
        """
        for wave in self.waves(values, actual, flags, faulty):
            rows: list[int] = []
            states: list[tuple[ScoreState, int]] = []
            without: list[tuple[ScoreState, list[int]]] = []
            for piece in wave:
                state, arrival, own, outage = piece
                memory = state.score_state
                if arrival is Arrival.BESIDE:
                    # What goes on is measured and thrown away: the reading is none of those before or after it.
                    memory = deepcopy(memory)
                    memory.restart()
                elif arrival is not Arrival.NEXT:
                    state.forget(arrival)
                if outage is not None:
                    without.append((self._follow_outage(piece, outage), outage.rows))
                elif state.outage is not None and arrival is not Arrival.BESIDE:
                    state.outage = None
                if own:
                    rows += own
                    states.append((memory, len(own)))
            if rows:
                yield ModelRows(None, rows, states)
            if any(own for _, own in without):
                order = [row for _, own in without for row in own]
                yield ModelRows(self._outage, order, [(memory, len(own)) for memory, own in without if own])

    def _follow_outage(self, piece: Piece, outage: OutagePiece) -> ScoreState:
        """Return the memory of the model without the gas column, with which a piece begins or goes on."""
        assert self._outage is not None
        state = piece.state
        memory = state.outage
        if piece.arrival is Arrival.BESIDE:
            memory = self._outage.begin(state.score_state) if memory is None else deepcopy(memory)
            memory.restart()
        elif memory is None:
            memory = state.outage = self._outage.begin(state.score_state)
        elif outage.arrival is Arrival.LONG_GAP:
            memory.clear()
        elif outage.arrival is not Arrival.NEXT:
            memory.restart()
        return memory

    def waves(self, values: Floats, actual: Floats, flags: Flags, faulty: Set[int]) -> list[list[Piece]]:
        """Fill in missing values, and group the pieces that can be measured together.

        A wave contains at most one piece of a station, in order; parameters as in :meth:`runs`.
        """
        waves: list[list[Piece]] = []
        for own in self._segments.values():
            pieces = [piece for segment in own for piece in self._fill(segment, values, actual, flags, faulty)]
            for number, piece in enumerate(pieces):
                if number == len(waves):
                    waves.append([])
                waves[number].append(piece)
        return waves

    def _fill(self, segment: Piece, values: Floats, actual: Floats, flags: Flags, faulty: Set[int]) -> Iterable[Piece]:
        """Fill missing values with last good ones, and cut a segment at the rows that cannot be filled."""
        state, arrival, rows, _ = segment
        gas = None if self._outage is None else self._outage.column
        if arrival is Arrival.BESIDE:
            return _fill_beside(segment, values, actual, flags, gas)
        if arrival is not Arrival.NEXT:
            state.last_good.clear()
        if state.since_gas_missing is None and faulty.isdisjoint(rows):
            state.last_good.update(values[rows[-1]])
            return (segment,)
        filled = state.last_good.fill(values[rows], flags[rows], gas)
        places = np.array(rows)[filled.rows]
        values[places], actual[places] = filled.values, filled.actual
        use = [_UNUSABLE] * len(rows)
        for place, whole in zip(filled.rows.tolist(), filled.whole.tolist(), strict=True):
            use[place] = _WHOLE if whole else _SPARED
        without_gas = [False] * len(rows) if gas is None else (flags[rows, gas] == MISSING).tolist()
        return _cut(segment, use, without_gas)


def _fill_beside(segment: Piece, values: Floats, actual: Floats, flags: Flags, gas: int | None) -> Iterable[Piece]:
    """Fill a reading beside the order with a copy of the last good values."""
    state, arrival, rows, _ = segment
    filled = deepcopy(state.last_good).fill(values[rows], flags[rows], gas)
    if not len(filled.rows):
        return ()
    values[rows], actual[rows] = filled.values, filled.actual
    if gas is not None and flags[rows[0], gas] == MISSING:
        return (Piece(state, arrival, [], OutagePiece(arrival, rows)),)
    # A gas level that failed, before any was good, is no reading of either model.
    return (segment,) if filled.whole[0] else ()


def _cut(segment: Piece, use: Sequence[int], without_gas: Sequence[bool]) -> Iterator[Piece]:
    """Cut a segment at rows that cannot be used, and where an outage of the gas level begins or is over.

    Parameters
    ----------
    segment
        The segment, of n rows.
    use
        What each row can be used for, [n].
    without_gas
        Whether each row lacks the gas level, [n].
    """
    state, arrival, rows, _ = segment
    since = None if arrival is Arrival.LONG_GAP else state.since_gas_missing
    lasts = since is not None
    piece = _piece(state, arrival, arrival, lasts)
    missed = False  # whether the model of all columns has not seen the last row
    for row, used, without in zip(rows, use, without_gas, strict=True):
        state.without_gas = state.without_gas + 1 if without else 0
        if without:
            since = 0
        elif since is not None:
            since = since + 1 if since < LATELY else None
        if lasts != (since is not None):
            yield piece
            lasts = not lasts
            piece = _piece(state, Arrival.NEXT, Arrival.NEXT, lasts)
        if used == _UNUSABLE:
            gap = _piece(state, Arrival.GAP, Arrival.GAP, lasts)
            if piece != gap:
                yield piece
            piece, missed = gap, False
            continue
        if used == _WHOLE:
            if missed:
                yield piece
                piece, missed = _piece(state, Arrival.GAP, Arrival.NEXT, lasts), False
            piece.rows.append(row)
        else:
            missed = True
        if piece.outage is not None:
            piece.outage.rows.append(row)
    yield piece
    if missed:
        yield _piece(state, Arrival.GAP, Arrival.NEXT, lasts)
    state.since_gas_missing = since


def _piece(state: StationState, arrival: Arrival, without_gas: Arrival, lasts: bool) -> Piece:
    """Return a piece without rows as yet, in an outage that ``lasts`` or outside one."""
    return Piece(state, arrival, [], OutagePiece(without_gas, []) if lasts else None)
