"""Rows that are no readings are left out, end their segment and are counted; too many of them refuse the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.readings.csv.table import Dropped
from tests.edge.readings.csv.files import HEADER, ROWS, lines, read, refusal

UNITS = "ppm,°C,Ohm"


def with_line(line: str) -> str:
    return lines(*ROWS[:30], line, *ROWS[30:])


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (HEADER, "the header again"),
        (f"{HEADER},,", "the header again"),
        (UNITS, "text in place of numbers"),
        ("# the door was open", "a comment"),
        ("#421,18.5,30011.5", "a comment"),
        ("// restarted", "a comment"),
        ("% restarted, after 3 days", "a comment"),
        ("Guru Meditation Error: Core 0", "text in place of numbers"),
        ("428,22.0", "another number of cells than the header"),
        ("428,22.0,30341.5,5,9", "another number of cells than the header"),
        ('428,"22.0,30341.5', "a quote that is not closed"),
        ("\0\0\0\0\0\0", "NUL bytes"),
        ("428,22\0\0\0\0\0\0.5,30341.5", "NUL bytes"),
        ("428,E#3,30341.5", 'no number ("E#3" in "Temp °C")'),
    ],
)
def test_a_line_that_is_no_reading_is_dropped_and_ends_the_segment(tmp_path: Path, line: str, reason: str) -> None:
    table = read(tmp_path, with_line(line))
    assert table.values[:, 0].tolist() == [420.5 + i / 4 for i in range(60)]
    assert table.breaks == (30,)
    assert table.dropped == (Dropped(reason, 1, 32),)
    assert table.sentences() == [f"garden.csv: 1 row dropped: {reason} (first at line 32)"]


@pytest.mark.parametrize(
    "above",
    [
        "# garden logger 3.1\n# board 7\n",
        "sep=,\n",
        '"sep=,"\n',
        "; station garden\n\n! two,commas\n",
        '"TOA5","garden","CR300","417"\n',
        "Report of the garden\nfrom,1 May\nto,31 May\n",
    ],
)
def test_lines_above_the_header_are_left_out(tmp_path: Path, above: str) -> None:
    table = read(tmp_path, above + lines(*ROWS))
    assert len(table.values) == 60
    assert table.breaks == ()
    assert [drop.reason for drop in table.dropped] == ["above the header"]
    assert table.lines[0] == table.header_line + 1 == above.count("\n") + 2


@pytest.mark.parametrize(
    "below", [f"{UNITS}\n", f"{UNITS}\nAvg,Avg,Smp\n", ",°C,Ohm\n", "-,-,Ohm\n", "ppm\n", "unit: ppm,unit: C\n"]
)
def test_units_below_the_header_are_left_out_of_the_shortest_file(tmp_path: Path, below: str) -> None:
    table = read(tmp_path, f"{HEADER}\n{below}{ROWS[0]}\n")
    assert table.values.tolist() == [[420.5, 18.25, 30000.5]]
    assert table.dropped == (Dropped("text in place of numbers", below.count("\n"), 2),)


@pytest.mark.parametrize("mark", ["#", "# ", "%", "// "])
def test_a_header_may_be_a_comment_itself(tmp_path: Path, mark: str) -> None:
    assert len(read(tmp_path, mark + lines(*ROWS)).values) == 60


@pytest.mark.parametrize("tail", ["435.5,25.", "435.5", '435.5,"25.7', "435.5,25.75,3", "\0" * 300])
def test_a_last_line_that_is_cut_off_is_dropped_from_any_file(tmp_path: Path, tail: str) -> None:
    table = read(tmp_path, lines(*ROWS) + tail)
    assert len(table.values) == 60
    assert table.dropped[0].first_line == 62


def test_a_last_line_without_an_end_is_a_row_if_it_is_whole(tmp_path: Path) -> None:
    assert len(read(tmp_path, lines(*ROWS).rstrip()).values) == 60


@pytest.mark.parametrize("tail", [";;;,,,\n" * 40, ",,\n" * 40, '"","",""\n' * 40, " ; ; \n\n\t\t\n"])
def test_separators_of_any_kind_are_no_rows(tmp_path: Path, tail: str) -> None:
    table = read(tmp_path, lines(*ROWS) + tail)
    assert len(table.values) == 60
    assert {drop.reason for drop in table.dropped} == {"blank"}


def test_separators_at_the_ends_of_rows_do_not_matter(tmp_path: Path) -> None:
    assert len(read(tmp_path, lines(*(f"{row},,," for row in ROWS))).values) == 60


def test_a_station_that_has_a_column_more_after_a_restart_is_read_on(tmp_path: Path) -> None:
    table = read(tmp_path, lines(*ROWS[:30], f"{HEADER},RH", *(f"{row},50" for row in ROWS[30:])))
    assert table.values[:, 2].tolist() == [30000.5 + 11 * i for i in range(60)]
    assert table.dropped == (Dropped("the header again", 1, 32),)


def test_a_station_that_has_a_column_less_after_a_restart_is_read_on(tmp_path: Path) -> None:
    before = [f"{row},{i}" for i, row in enumerate(ROWS[:30])]
    table = read(tmp_path, lines(*before, HEADER, *ROWS[30:], header=f"{HEADER},when").rstrip())
    assert table.values[:, 2].tolist() == [30000.5 + 11 * i for i in range(60)]


def test_columns_that_change_their_places_are_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, with_line("Temp °C,CO2,Heater Ω")) == (
        'garden.csv: line 32: got another header ("Temp °C", "CO2", "Heater Ω"), '
        "whose columns are not where they were; split the file here"
    )


def test_up_to_five_percent_of_the_rows_may_be_bad(tmp_path: Path) -> None:
    bad = ["1,x,3", "1,2", "y,2,3"]
    assert len(read(tmp_path, lines(*ROWS[:57], *bad)).values) == 57
    text = refusal(tmp_path, lines(*ROWS[:56], *bad))
    assert text.splitlines() == [
        (
            'garden.csv: line 58, column "Temp °C": got "x", expected a number; fix the cell or leave it empty, '
            'or write missing: ["x"] into the station file if it stands for no reading'
        ),
        "garden.csv: line 59: got 2 cells, expected 3 as in the header; mend the row",
        (
            'garden.csv: line 60, column "CO2": got "y", expected a number; fix the cell or leave it empty, '
            'or write missing: ["y"] into the station file if it stands for no reading'
        ),
        "garden.csv: 3 of 59 rows (5.1 %) cannot be read, expected at most 5 %; below that they would be left out",
    ]


def test_one_comment_is_dropped_from_a_file_of_a_few_rows(tmp_path: Path) -> None:
    assert len(read(tmp_path, lines(ROWS[0], "# noon", ROWS[1])).values) == 2


def test_a_first_column_whose_values_look_like_comments_is_none(tmp_path: Path) -> None:
    rows = [f"#{i},{row}" for i, row in enumerate(ROWS)]
    assert len(read(tmp_path, lines(*rows, header=f"sample,{HEADER}")).values) == 60


def test_two_quotes_that_swallow_the_rows_between_them_cost_two_rows(tmp_path: Path) -> None:
    rows = [*ROWS[:10], '423,"19.5', *ROWS[10:20], '425","20.5,30231.5', *ROWS[20:]]
    table = read(tmp_path, lines(*rows))
    assert len(table.values) == 60
    assert sum(drop.count for drop in table.dropped) == 2


@pytest.mark.parametrize(("pace", "which"), [(2, "second"), (3, "third"), (6, "6th")])
def test_empty_rows_at_one_distance_are_how_the_file_is_written(tmp_path: Path, pace: int, which: str) -> None:
    rows = [line for i, row in enumerate(ROWS) for line in ((",,", row) if i % (pace - 1) == 0 else (row,))]
    table = read(tmp_path, lines(*rows))
    assert len(table.values) == 60
    assert table.breaks == ()
    assert table.notes == (f"every {which} row is empty; the rows between are taken to follow one another",)


def test_empty_rows_at_odd_distances_are_gaps(tmp_path: Path) -> None:
    rows = [line for i, row in enumerate(ROWS) for line in ((row, ",,") if i * i % 7 == 2 else (row,))]
    assert len(read(tmp_path, lines(*rows)).breaks) > 10


def test_a_header_that_does_not_go_with_the_rows_is_refused_in_one_sentence(tmp_path: Path) -> None:
    sentence = refusal(tmp_path, lines(*(f"{i},{row}" for i, row in enumerate(ROWS))))
    assert sentence == (
        "garden.csv: line 2: got 4 cells in 60 rows, expected 3 as in the header; fix: give every column a name there, "
        'or write ";" between the cells if the comma is the decimal sign'
    )


def test_a_mark_of_byte_order_within_a_file_that_was_put_together_does_not_matter(tmp_path: Path) -> None:
    table = read(tmp_path, "\ufeff" + with_line(f"\ufeff{HEADER}"))
    assert table.dropped == (Dropped("the header again", 1, 32),)


def test_cells_that_are_no_numbers_are_one_reason_with_the_first_as_an_example(tmp_path: Path) -> None:
    table = read(tmp_path, lines(*ROWS, "1,a1,2", "3,4,b2", "5,c3,6"))
    assert table.dropped == (Dropped('no number ("a1" in "Temp °C")', 3, 62),)


def test_a_file_full_of_quotes_that_are_not_closed_is_refused_before_long(tmp_path: Path) -> None:
    text = refusal(tmp_path, lines(*ROWS) + '421,"18,2\n' * 3000)
    assert text == "garden.csv: line 111: got 50 quotes that are not closed; close them"
