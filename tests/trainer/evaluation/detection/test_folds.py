from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from config.settings.station import Feature, Station
from config.templates.templates import METHANE
from config.yaml.load import load_station
from trainer.data.record import Record, load_record
from trainer.errors import TrainingError
from trainer.evaluation.detection.folds import Fold, folds

STATION = Station(
    name="two",
    features=(
        Feature(name="t", key="t", unit="Cel", role="environment", range=(-1e9, 1e9), missing=()),
        Feature(name="r", key="r", unit="Ohm", role="sensor", range=(-1e9, 1e9), missing=()),
    ),
)


def plateaus(*levels: float, rows: int = 600) -> Record:
    """Return a record whose temperature rests on one level after the other."""
    noise = np.random.default_rng(1).normal(size=(rows * len(levels), 2))
    return Record.from_values(np.repeat(levels, rows)[:, None] * [1.0, 0.0] + noise, STATION)


def assert_whole(fold: Fold, rows: int) -> None:
    assert np.array_equal(np.sort(np.concatenate([fold.train, fold.test])), np.arange(rows))
    assert np.isin(fold.validation, fold.train).all()
    assert 0 < len(fold.validation) < len(fold.train) / 2
    assert np.array_equal(np.concatenate([np.arange(start, end) for start, end in fold.spans]), fold.test)


def test_of_six_blocks_four_train_the_last_of_them_validates_and_two_test() -> None:
    fold = folds(plateaus(20.0, rows=3000))["seen"]

    assert_whole(fold, 3000)
    assert fold.spans == ((400, 600), (1000, 1200), (1600, 1800), (2200, 2400), (2800, 3000))
    assert fold.validation[:100].tolist() == list(range(300, 400))


def test_forwards_and_backwards_each_climate_is_tested_by_what_learnt_the_others() -> None:
    cells = folds(plateaus(20.0, 30.0, 10.0))

    assert list(cells) == ["seen", "fwd", "bwd"]
    for fold in cells.values():
        assert_whole(fold, 1800)
    ((first, last),) = cells["fwd"].spans
    assert first == pytest.approx(1200, abs=20)
    assert last == 1800
    assert np.array_equal(cells["bwd"].train, cells["fwd"].test)
    assert np.array_equal(cells["bwd"].test, cells["fwd"].train)


def test_a_record_of_one_climate_is_tested_on_its_other_half_and_a_short_one_is_not() -> None:
    halves = folds(plateaus(20.0, rows=1800))
    assert list(halves) == ["seen", "ahead", "back"]
    for fold in halves.values():
        assert_whole(fold, 1800)
    assert halves["ahead"].spans == ((900, 1800),)
    assert np.array_equal(halves["back"].train, halves["ahead"].test)
    assert list(folds(plateaus(20.0, rows=1100))) == ["seen"]


def test_a_span_ends_where_a_segment_does() -> None:
    record = dataclasses.replace(plateaus(20.0, rows=3000), segments=((0, 450), (450, 1000), (1000, 3000)))

    assert folds(record)["seen"].spans[:3] == ((400, 450), (450, 600), (1000, 1200))


def test_thirty_rows_are_enough_and_twenty_nine_are_named() -> None:
    assert_whole(folds(plateaus(20.0, rows=30))["seen"], 30)
    with pytest.raises(TrainingError, match="got 29 rows, expected at least 30"):
        folds(plateaus(20.0, rows=29))


def test_the_reference_record_is_split_between_its_third_and_fourth_set_point(record_folder: Path) -> None:
    cells = folds(load_record([record_folder / "station-2.csv"], load_station(METHANE)))

    ((first, last),) = cells["fwd"].spans
    assert first == pytest.approx(8278, abs=60)
    assert last == 14186
    assert cells["seen"].spans[0] == (4 * 473, 6 * 473)
