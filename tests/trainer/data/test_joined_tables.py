"""The files of a record that is stored in parts are put into the order of their times, whatever their names say."""

from __future__ import annotations

import numpy as np

from edge.readings.csv.table import CsvTable
from trainer.data.joined_tables import join_tables, sort_jumbled, time_groups


def table(times: list[float] | None, *, count: int = 3, breaks: tuple[int, ...] = ()) -> CsvTable:
    rows = count if times is None else len(times)
    time = None if times is None else np.array(times, dtype=np.float64)
    values = np.arange(rows, dtype=np.float64)[:, None] if time is None else time[:, None].copy()
    return CsvTable("f", ("x",), values, time, np.arange(2, rows + 2), breaks=breaks)


def test_files_are_in_the_order_of_their_times_and_those_that_overlap_are_a_group() -> None:
    tables = [table([50, 60, 70]), table([0, 10, 20]), table([20, 30, 40]), table([15, 35])]
    assert time_groups(tables) == [[1, 3, 2], [0]]
    joined = join_tables(tables, "all")
    assert joined.table.time is not None
    assert joined.table.time.tolist() == [0, 10, 15, 20, 20, 30, 35, 40, 50, 60, 70]
    assert joined.source.tolist() == [1, 1, 3, 1, 2, 2, 3, 2, 0, 0, 0]
    assert joined.table.values[:, 0].tolist() == joined.table.time.tolist()
    assert joined.table.lines.tolist() == [1, 2, 1, 3, 1, 2, 2, 3, 1, 2, 3]


def test_without_times_files_stay_in_the_order_given() -> None:
    tables = [table(None, count=2), table([5, 6]), table(None, count=1)]
    assert time_groups(tables) == [[0], [1], [2]]
    joined = join_tables(tables, "all")
    assert joined.table.time is None
    assert joined.source.tolist() == [0, 0, 1, 1, 2]


def test_rows_that_were_left_out_still_part_their_neighbours() -> None:
    joined = join_tables([table([30, 40, 50], breaks=(2,)), table([0, 10, 20], breaks=(1,))], "all")
    assert joined.table.breaks == (1, 5)


def test_rows_in_no_order_are_sorted_and_a_clock_that_was_set_back_is_left_alone() -> None:
    jumbled = np.random.default_rng(3).permutation(np.arange(0.0, 6000.0, 60.0))
    found = sort_jumbled(table(jumbled.tolist()))
    assert found.time is not None
    assert found.time.tolist() == sorted(jumbled)
    assert found.values[:, 0].tolist() == sorted(jumbled)
    assert found.lines.tolist() == (np.argsort(jumbled) + 2).tolist()
    assert found.notes == ("its rows are in no order of their times; they were sorted",)
    for other in (table([0, 60, 120, 60, 120, 180]), table([300, 240, 180, 120, 60, 0]), table(None)):
        assert sort_jumbled(other) is other
