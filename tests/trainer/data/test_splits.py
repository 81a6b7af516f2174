from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split

from config.settings.station import Feature, Station
from edge.readings.csv.writer import write_table
from trainer.data.record import Record, load_record
from trainer.data.splits import Split, blocked, chunks, pieces, random_split, spans, widen_chunks
from trainer.errors import TrainingError

STATION = Station(
    name="two",
    features=tuple(
        Feature(name=name, key=name, unit="1", role="sensor", range=(-1e9, 1e9), missing=()) for name in ("a", "b")
    ),
)


def record(*lengths: int) -> Record:
    """Return a record of one file per length; its rows are numbered in column a."""
    rows = sum(lengths)
    ends = np.cumsum(lengths).tolist()
    parts = tuple((end - length, end) for end, length in zip(ends, lengths, strict=True))
    values = np.column_stack([np.arange(rows), np.zeros(rows)]).astype(float)
    return dataclasses.replace(Record.from_values(values, STATION, parts), parts=parts)


def sets(split: Split) -> list[set[int]]:
    return [set(split.train.tolist()), set(split.validation.tolist()), set(split.test.tolist())]


@given(st.integers(30, 5000), st.integers(0, 40))
def test_roles_share_no_row_and_no_training_row_is_near_a_held_out_one(rows: int, embargo: int) -> None:
    split = blocked(record(rows), embargo=embargo)
    train, validation, test = sets(split)

    assert train
    assert validation
    assert test
    assert not train & validation
    assert not train & test
    assert not validation & test
    width = min(embargo, rows // 30 // 4)
    held_out = np.array(sorted(validation | test))
    at = np.searchsorted(held_out, split.train)
    distance = np.minimum(
        np.abs(split.train - held_out[np.minimum(at, len(held_out) - 1)]), np.abs(split.train - held_out[at - 1])
    )
    assert distance.min() > width
    assert train | validation | test >= set(range(rows)) - {
        row for edge in held_out for row in range(edge - width, edge + width + 1)
    }


def test_of_six_blocks_four_train_one_validates_one_tests_and_only_the_embargo_is_lost() -> None:
    split = blocked(record(3000))

    assert len(split.validation) == len(split.test) == 500
    # Ten runs of training rows, each between two joins, but the first: 19 joins of 12 rows.
    assert len(split.train) == 2000 - 19 * 12
    assert split.validation[0] == 200
    assert split.test[:100].tolist() == list(range(500, 600))
    assert np.flatnonzero(np.diff(split.test) > 1).tolist() == [99, 199, 299, 399]


def test_without_an_embargo_every_row_has_a_role() -> None:
    assert set().union(*sets(blocked(record(1234), embargo=0))) == set(range(1234))


def test_thirty_rows_are_enough_and_twenty_nine_are_named() -> None:
    assert [len(rows) for rows in sets(blocked(record(30)))] == [20, 5, 5]
    for split in (blocked, random_split):
        with pytest.raises(TrainingError, match="got 29 rows, expected at least 30"):
            split(record(29))


def test_boards_that_stood_in_one_chamber_are_tested_on_the_same_hours() -> None:
    split = blocked(record(1200, 1200, 1200))

    for rows in (split.train, split.validation, split.test):
        hours = [{int(row) - start for row in rows if start <= row < start + 1200} for start in (0, 1200, 2400)]
        assert hours[0] == hours[1] == hours[2]


def test_small_files_share_a_block_instead_of_being_cut_in_six() -> None:
    split = blocked(record(*[100] * 30))

    assert np.array_equal(split.test, blocked(record(3000)).test)


@given(st.lists(st.integers(1, 60), min_size=1, max_size=12))
def test_any_lengths_of_files_give_every_role_its_rows(lengths: list[int]) -> None:
    lengths = [*lengths, 30]
    roles = sets(blocked(record(*lengths)))

    assert all(roles)
    assert sum(map(len, roles)) == len(set().union(*roles))


def test_a_short_file_beside_a_longer_one_has_every_role() -> None:
    for lengths in ((10, 20), (7, 23), (11, 11, 11)):
        start = 0
        roles = sets(blocked(record(*lengths)))
        for length in lengths:
            assert all(role & set(range(start, start + length)) for role in roles)
            start += length


def test_the_random_split_is_the_published_one() -> None:
    train, test = train_test_split(np.arange(14186), test_size=0.2, random_state=42)

    split = random_split(record(14186))

    assert np.array_equal(split.train, train)
    assert np.array_equal(split.test, test)
    assert np.array_equal(split.validation, test)
    assert len(test) == 2838
    assert not np.array_equal(random_split(record(14186), seed=43).test, test)


@given(st.integers(1, 400), st.integers(1, 12))
def test_chunks_are_contiguous_of_equal_size_and_together_all_rows(rows: int, k: int) -> None:
    if rows < k:
        with pytest.raises(TrainingError, match=f"got {rows} rows for {k} chunks"):
            chunks(record(rows), k)
        return
    found = chunks(record(rows), k)

    assert np.array_equal(np.concatenate(found), np.arange(rows))
    assert max(map(len, found)) - min(map(len, found)) <= 1


def test_chunks_of_training_rows_hold_training_rows_only() -> None:
    whole = record(3000)
    split = blocked(whole)

    found = chunks(whole, 4, split.train)

    assert np.array_equal(np.concatenate(found), split.train)


def test_chunks_of_boards_in_one_chamber_take_the_same_hours_of_each() -> None:
    first = chunks(record(100, 100), 4)[0]

    assert first.tolist() == [*range(25), *range(100, 125)]


def test_chunks_of_some_rows_widen_to_those_of_all() -> None:
    several = record(300, 310)
    every = np.arange(610)
    kept = np.setdiff1d(every, [0, 1, *range(90, 110), *range(290, 320), 609])
    parts = chunks(several, 3, kept)
    wider = widen_chunks(several, parts, every)
    np.testing.assert_array_equal(np.sort(np.concatenate(wider)), every)
    for part, wide in zip(parts, wider, strict=True):
        np.testing.assert_array_equal(np.intersect1d(wide, kept), part)
        assert all(len(wide[(wide >= start) & (wide < end)]) > 80 for start, end in several.parts)
    assert {0, 1, 300, 319} <= set(wider[0].tolist())  # each file begins in the first chunk
    assert {299, 609} <= set(wider[2].tolist())


def test_files_on_disk_are_parts_too(tmp_path: Path) -> None:
    paths = [tmp_path / "one.csv", tmp_path / "two.csv"]
    for offset, path in enumerate(paths):
        write_table(path, STATION.names, np.column_stack([np.arange(60.0), np.arange(60.0) + offset]))

    split = blocked(load_record(paths, STATION))

    assert {row + 60 for row in split.test.tolist() if row < 60} == {row for row in split.test.tolist() if row >= 60}


@pytest.fixture
def segmented(chamber: Record) -> Record:
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
def test_a_span_ends_at_a_gap_and_at_a_segments_end(segmented: Record, rows: list[int], found: list[list[int]]) -> None:
    assert [span.tolist() for span in spans(segmented, np.array(rows))] == found


def test_pieces_are_spans_cut_where_the_latest_readings_are_forgotten(chamber: Record) -> None:
    one = Record.from_values(chamber.values[:20], chamber.station, [(0, 12), (12, 20)], restarts=[5, 7, 15])

    found = pieces(one, np.array([0, 1, 2, 3, 4, 5, 6, 9, 10, 11, 12, 13, 15, 16]))

    assert [[piece.tolist() for piece in span] for span in found] == [
        [[0, 1, 2, 3, 4], [5, 6]],
        [[9, 10, 11]],
        [[12, 13]],
        [[15, 16]],
    ]
    assert one.stretches == ((0, 5), (5, 7), (7, 12), (12, 15), (15, 20))


def test_complete_rows_are_a_record_of_their_own(chamber: Record) -> None:
    held = np.zeros((20, 9), dtype=bool)
    held[[3, 4, 19], 2] = True
    one = Record.from_values(chamber.values[:20], chamber.station, [(0, 12), (12, 20)], restarts=[8], held=held)

    complete = one.complete

    assert complete.places.tolist() == [0, 1, 2, *range(5, 19)]
    assert complete.segments == ((0, 3), (3, 6), (6, 10), (10, 17))
    assert (complete.restarts, complete.parts) == ((), ((0, 17),))
    assert complete.complete is complete
    assert chamber.complete is chamber
