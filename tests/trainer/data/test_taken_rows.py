"""Some rows of a record are a record, with its segments, restarts and files."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from config.templates.templates import METHANE
from config.yaml.load import load_station
from trainer.data.record import Record

STATION = load_station(METHANE)


def record_of_ten() -> Record:
    held = np.zeros((10, STATION.size), dtype=bool)
    held[7, 1] = True
    record = Record.from_values(np.ones((10, STATION.size)), STATION, [(0, 5), (5, 10)], held=held, restarts=[8])
    return replace(record, time=np.arange(10.0), parts=((0, 5), (5, 9), (9, 10)))


def test_rows_left_out_end_segments_and_what_was_held_stays() -> None:
    taken = record_of_ten().take(np.array([1, 2, 4, 5, 6, 7, 8]))
    assert taken.segments == ((0, 2), (2, 3), (3, 7))
    assert taken.restarts == (6,)
    assert taken.held[5, 1]
    assert taken.parts == ((0, 3), (3, 7))  # a file without rows is none
    assert taken.time is not None
    assert taken.time[-1] == 8.0
    assert taken.places.tolist() == [1, 2, 4, 5, 6, 7, 8]


def test_a_row_that_begins_a_segment_is_no_restart() -> None:
    taken = record_of_ten().take(np.array([6, 8, 9]))
    assert taken.segments == ((0, 1), (1, 3))
    assert taken.restarts == ()
