"""folds: about one chunk per regime."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from msgspec.structs import replace

from config.settings.training import Training
from trainer.data.folds import folds
from trainer.data.record import Record


def plateaus(chamber: Record, *counts: int) -> Record:
    """Return a record of one file per count, with so many plateaus of 400 rows in each."""
    levels = np.concatenate([np.repeat(10.0 + 10 * (np.arange(count) % 4), 400) for count in counts])
    values = np.repeat(chamber.values[:1], len(levels), axis=0)
    values[:, 2] = levels + 0.1 * np.sin(np.arange(len(levels)))
    ends = (400 * np.cumsum(counts)).tolist()
    parts = tuple(zip([0, *ends[:-1]], ends, strict=True))
    return dataclasses.replace(Record.from_values(values, chamber.station, parts), parts=parts)


@pytest.mark.parametrize(("counts", "expected"), [((1,), 3), ((5,), 5), ((12,), 8), ((3, 4), 4), ((4, 1), 4)])
def test_the_file_with_the_most_regimes_counts_within_bounds(
    chamber: Record, counts: tuple[int, ...], expected: int
) -> None:
    assert folds(plateaus(chamber, *counts), Training()) == expected


def test_a_number_that_is_set_holds(chamber: Record) -> None:
    assert folds(chamber, replace(Training(), chunks=2)) == 2
