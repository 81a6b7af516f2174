"""Rows of a batch are cut where they do not follow on, and only there."""

from __future__ import annotations

import math
from typing import cast

import numpy as np

from edge.models.scores import ScoreState
from edge.readings.last_good import HOLD
from edge.readings.station_clock.station_clock import StationClock
from edge.scoring.adaptation import Adaptation
from edge.scoring.segments import Segments
from edge.scoring.state import Arrival, StationState

NEXT, GAP, LONG_GAP = Arrival.NEXT, Arrival.GAP, Arrival.LONG_GAP


def state() -> StationState:
    return StationState(1, score_state=cast("ScoreState", None), adaptation=Adaptation(0.001), clock=StationClock())


def waves(arrivals: list[tuple[StationState, Arrival]], values: list[float]) -> list[list[tuple[Arrival, list[int]]]]:
    segments = Segments()
    for row, (whose, arrival) in enumerate(arrivals):
        segments.add(whose, arrival, row)
    readings = np.array(values)[:, None]
    flags = np.where(np.isnan(readings), 9, 1).astype(np.uint8)
    found = segments.waves(readings, readings.copy(), flags, set(np.flatnonzero(np.isnan(readings[:, 0])).tolist()))
    return [[(piece.arrival, piece.rows) for piece in wave] for wave in found]


def test_every_station_has_a_piece_of_its_own_and_each_gap_is_for_the_next_wave() -> None:
    one, two = state(), state()
    arrivals = [(one, NEXT), (two, NEXT), (one, NEXT), (one, GAP), (two, NEXT), (one, LONG_GAP)]
    assert waves(arrivals, [1.0] * 6) == [
        [(NEXT, [0, 2]), (NEXT, [1, 4])],
        [(GAP, [3])],
        [(LONG_GAP, [5])],
    ]


def test_readings_that_cannot_be_completed_are_in_no_wave_and_end_what_was_near() -> None:
    gone = [math.nan] * (HOLD + 2)
    one = state()
    rows = list(range(1 + HOLD))
    assert waves([(one, NEXT)] * (len(gone) + 3), [1.0, *gone, 2.0, 3.0]) == [
        [(NEXT, rows)],
        [(GAP, [len(gone) + 1, len(gone) + 2])],
    ]
    # Also where the batch ends with them, or begins with them.
    one = state()
    assert waves([(one, NEXT)] * (len(gone) + 1), [1.0, *gone]) == [[(NEXT, rows)], [(GAP, [])]]
    assert waves([(one, LONG_GAP), (one, NEXT)], [math.nan, 1.0]) == [[(LONG_GAP, [])], [(GAP, [1])]]
