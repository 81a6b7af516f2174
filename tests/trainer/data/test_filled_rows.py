"""Rows are filled as a gateway fills them, however many at a time."""

from __future__ import annotations

import numpy as np
import pytest

from config.settings.station import Feature, Station
from edge.arrays import Floats
from edge.readings.quality import GOOD, flag
from trainer.data import filled_rows
from trainer.data.filled_rows import fill_rows

STATION = Station(
    name="three",
    cadence=60.0,
    features=tuple(
        Feature(name=name, key=name, unit="1", role="sensor", range=(-5, 5)) for name in ("one", "two", "three")
    ),
)
ROWS = 400


def gappy(seed: int) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(seed)
    values = rng.normal(0, 2, (ROWS, 3))
    values[rng.random((ROWS, 3)) < 0.2] = np.nan
    start, end = np.sort(rng.integers(0, ROWS, 2))
    values[start:end, 0] = np.nan
    return values, 60.0 * np.arange(ROWS) + np.cumsum(rng.choice([0, 500, 20_000], ROWS, p=[0.97, 0.02, 0.01]))


@pytest.mark.parametrize("seed", range(10))
def test_every_hold_is_of_a_good_value_at_most_twelve_rows_old(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    sent, time = gappy(seed)
    flags = flag(sent, STATION)

    found = fill_rows(sent.copy(), flags, time, [0, 150], STATION)
    monkeypatch.setattr(filled_rows, "_BLOCK", 7)
    blocks = fill_rows(sent.copy(), flags, time, [0, 150], STATION)

    assert (flag(found.values, STATION) == GOOD).all()
    for row, column in np.argwhere(found.held).tolist():
        place = int(found.rows[row])
        source = place - int((flags[: place + 1, column] == GOOD)[::-1].argmax())
        assert 0 < place - source <= 12
        assert np.diff(time[source : place + 1]).max() <= 180
        assert not source < 150 <= place
        assert found.values[row, column] == sent[source, column]
    for one, other in zip(found, blocks, strict=True):
        np.testing.assert_array_equal(one, other)


def test_nothing_missing_is_nothing_changed() -> None:
    values = np.random.default_rng(0).uniform(-1, 1, (50, 3))
    found = fill_rows(values.copy(), flag(values, STATION), None, [0, 20], STATION)

    np.testing.assert_array_equal(found.values, values)
    assert (found.segments, found.restarts) == (((0, 20), (20, 50)), ())
    assert not found.held.any()
