"""Rows that are there twice are found; rows that are equal by chance, or because a station is stuck, are not."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from edge.arrays import Floats
from edge.readings.csv.table import CsvTable
from trainer.data.repeated_rows import find_repeated_rows

RNG = np.random.default_rng(3)
FINE = np.cumsum(RNG.normal(size=(900, 3)), axis=0)
COARSE = np.round(np.cumsum(RNG.normal(size=(900, 3)), axis=0) / 6)
CLOCK: Floats = np.arange(0.0, 54000.0, 60.0)


def tables(*parts: Floats, clocks: list[Floats] | None = None) -> list[CsvTable]:
    times: list[Floats | None] = list(clocks) if clocks else [None] * len(parts)
    return [
        CsvTable("x.csv", ("a", "b", "c"), part, time, np.arange(len(part)) + 2)
        for part, time in zip(parts, times, strict=True)
    ]


def new(found: list[CsvTable]) -> list[int]:
    repeated = find_repeated_rows(found)
    kept = [repeated.new(i) for i in range(len(found))]
    for i, table in enumerate(found):
        for row in np.flatnonzero(~kept[i]).tolist():
            file, place = repeated.place(int(repeated.first[i][row]))
            assert np.array_equal(found[file].values[place], table.values[row], equal_nan=True)
    return [int(each.sum()) for each in kept]


@pytest.mark.parametrize("clocked", [False, True])
def test_exports_that_overlap_count_once(clocked: bool) -> None:
    spans = [(0, 500), (200, 700), (400, 900)]
    clocks = [CLOCK[a:b] for a, b in spans] if clocked else None
    assert new(tables(*(FINE[a:b] for a, b in spans), clocks=clocks)) == [500, 200, 200]
    clocks = clocks and clocks[::-1]
    assert new(tables(*(FINE[a:b] for a, b in spans[::-1]), clocks=clocks)) == [500, 200, 200]


def test_exports_that_overlap_are_put_in_the_order_of_their_rows() -> None:
    spans = [(600, 900), (0, 300), (200, 500), (100, 150), (480, 640)]
    order = find_repeated_rows(tables(*(FINE[a:b] for a, b in spans))).order()
    assert order == (1, 3, 2, 4, 0)
    ordered = find_repeated_rows(tables(*(FINE[slice(*spans[i])] for i in order)))
    assert [ordered.continues(i) for i in range(5)] == [False, False, True, True, True]


def test_files_that_do_not_overlap_keep_their_order() -> None:
    spans = [(600, 900), (0, 300), (850, 890), (250, 400), (450, 500)]
    assert find_repeated_rows(tables(*(FINE[a:b] for a, b in spans))).order() == (0, 2, 1, 3, 4)


@pytest.mark.parametrize("overlap", [1, 2, 3, 7, 8, 100])
def test_an_overlap_of_any_length_is_found(overlap: int) -> None:
    assert new(tables(FINE[:300], FINE[300 - overlap : 600])) == [300, 300]


def test_a_file_within_another_has_no_rows_of_its_own() -> None:
    assert new(tables(FINE, FINE[100:400])) == [900, 0]
    assert new(tables(FINE[100:400], FINE)) == [300, 600]


@pytest.mark.parametrize("times", [2, 3])
@pytest.mark.parametrize("block", [1, 3, 10, 900])
def test_lines_and_blocks_that_come_again_count_once_and_the_rows_around_them_stay_together(
    times: int, block: int
) -> None:
    if block < 900 and block > 1 and times == 3:
        return
    parts = [np.tile(FINE[i : i + block], (times, 1)) for i in range(0, 900, block)]
    found = tables(np.concatenate(parts))
    assert new(found) == [900]
    assert find_repeated_rows(found).breaks(0) == ()


def test_a_few_doubled_lines_are_found_among_many() -> None:
    assert new(tables(np.repeat(FINE, 1 + (RNG.random(900) < 0.05), axis=0))) == [900]


def test_a_stuck_station_repeats_itself_and_is_kept() -> None:
    stuck = FINE.copy()
    stuck[300:420] = stuck[300]
    assert new(tables(stuck)) == [900]
    assert new(tables(stuck[:500], stuck[350:])) == [500, 400]
    assert new(tables(stuck, clocks=[CLOCK])) == [900]


def test_equal_rows_of_a_coarse_station_are_chance_and_a_long_sequence_is_not() -> None:
    assert new(tables(COARSE)) == [900]
    assert new(tables(COARSE[:600], COARSE[200:])) == [600, 300]
    states = RNG.integers(0, 2, (900, 3)).astype(float)
    assert new(tables(states)) == [900]


@pytest.mark.parametrize("steps", [0.3, 0.7, 1.3, 4.0])
@pytest.mark.parametrize("overlap", [64, 80, 150, 300])
@pytest.mark.parametrize("seed", range(4))
def test_no_row_of_an_overlap_of_coarse_rows_is_left(steps: float, overlap: int, seed: int) -> None:
    rows = np.round(np.cumsum(np.random.default_rng(seed).normal(size=(900, 3)), axis=0) * steps)
    repeated = find_repeated_rows(tables(rows[:600], rows[600 - overlap :]))
    assert repeated.new(0).all()
    assert not repeated.new(1)[:overlap].any()
    assert repeated.new(1).sum() > 295  # after the border, a row may be equal to the last one by chance


def test_many_files_do_not_make_coarse_rows_fine() -> None:
    rows = np.round(np.cumsum(np.random.default_rng(0).normal(size=(40_000, 3)), axis=0) / 2)
    found = find_repeated_rows(tables(*np.split(rows, 100)))
    assert all(found.new(i).all() for i in range(100))


def test_all_columns_that_refresh_together_and_seldom_are_kept() -> None:
    assert new(tables(np.repeat(FINE[:180], 5, axis=0))) == [900]


def test_rows_of_one_stamp_are_two_if_stamps_are_coarse() -> None:
    coarse: Floats = np.floor(CLOCK / 600)  # ten rows a stamp
    assert new(tables(COARSE, clocks=[coarse])) == [900]
    assert new(tables(np.repeat(FINE, 2, axis=0), clocks=[np.sort(np.concatenate([CLOCK, CLOCK]))])) == [900]


def test_the_same_values_at_another_time_are_another_row() -> None:
    assert new(tables(FINE, FINE, clocks=[CLOCK, CLOCK + 1e6])) == [900, 900]


def test_missing_values_are_equal_to_one_another() -> None:
    holes = FINE.copy()
    holes[::7, 1] = np.nan
    assert new(tables(holes[:500], holes[300:])) == [500, 400]


def test_rows_between_repeated_ones_do_not_follow_on() -> None:
    mixed = np.concatenate([FINE[:100], FINE[600:650], FINE[50:90], FINE[700:800]])
    found = tables(FINE[600:650], mixed)
    repeated = find_repeated_rows(found)
    assert new(found) == [50, 200]
    assert repeated.breaks(1) == (100,)
    for a, b in itertools.pairwise([0, *repeated.breaks(1), 200]):
        assert b > a
