"""spans: where rows follow one another."""

from __future__ import annotations

import numpy as np
import pytest

from trainer.data.record import Record
from trainer.data.spans import spans


@pytest.fixture
def record(chamber: Record) -> Record:
    return Record.from_values(chamber.values[:20], chamber.station, [(0, 8), (8, 20)])


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([*range(20)], [[*range(8)], [*range(8, 20)]]),
        ([0, 1, 2, 5, 6], [[0, 1, 2], [5, 6]]),
        ([9, 7, 8, 6], [[6, 7], [8, 9]]),
        ([8, 9], [[8, 9]]),
        ([4], [[4]]),
    ],
)
def test_a_span_ends_at_a_gap_and_at_a_segments_end(record: Record, rows: list[int], found: list[list[int]]) -> None:
    assert [span.tolist() for span in spans(record, np.array(rows))] == found
