from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.arrays import Floats
from trainer.data.onsets import onsets
from trainer.data.record import Record, load_record

TEN = [151, 1406, 2971, 4363, 5817, 8313, 8988, 10354, 11350, 12767]


def gas(*levels: tuple[int, float]) -> Floats:
    """Return rows of methane that is 2000 ppb but at the rows given, where an exponential plume begins."""
    rows = np.arange(1000)
    column = np.full(1000, 2000.0)
    for start, height in levels:
        column += np.where(rows >= start, height * np.exp(-(rows - start) / 30.0), 0.0)
    return np.column_stack([column, np.random.default_rng(1).uniform(1.0, 2.0, size=(1000, 8))])


def test_the_ten_injections_of_the_reference_record_are_found(record_folder: Path) -> None:
    record = load_record([record_folder / "station-1.csv"], load_station(METHANE))

    assert list(onsets(record, 2007.0)) == pytest.approx(TEN, abs=1)


def test_an_onset_is_steep_and_not_the_flicker_of_a_plume() -> None:
    record = Record.from_values(gas((200, 4000.0), (240, 2000.0), (500, 1400.0), (700, 1600.0)), load_station(METHANE))

    assert onsets(record, 2000.0) == (200, 700)


def test_a_step_between_two_segments_is_a_gap_in_time_and_no_onset() -> None:
    values = gas()
    values[500:, 0] += 5000.0

    assert onsets(Record.from_values(values, load_station(METHANE)), 2000.0) == (500,)
    assert onsets(Record.from_values(values, load_station(METHANE), ((0, 500), (500, 1000))), 2000.0) == ()
