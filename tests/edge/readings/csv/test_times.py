"""Times of files: by their size, as declared, in the station's zone and in order; or refused with the line to write."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pytest

from tests.edge.readings.csv.files import GARDEN, HEADER, ROWS, TIMED, lines, read, refusal, stamped

START = datetime(2026, 5, 7, 21, 40, tzinfo=UTC)
MOMENTS = [START + timedelta(minutes=i) for i in range(60)]
VIENNA = ZoneInfo("Europe/Vienna")
SERIALS = [f"{(moment - datetime(1899, 12, 30, tzinfo=UTC)) / timedelta(days=1):.6f}" for moment in MOMENTS]
ISO = [f"{moment:%Y-%m-%dT%H:%M:%SZ}" for moment in MOMENTS]
replace = msgspec.structs.replace


@pytest.mark.parametrize(
    ("write", "note"),
    [
        (lambda moment: f"{moment:%Y-%m-%dT%H:%M:%SZ}", None),
        (lambda moment: f"{moment:%Y/%m/%d %H:%M:%S}", None),
        (lambda moment: f"{moment:%Y%m%d%H%M%S}", None),
        (lambda moment: f"{moment.astimezone(VIENNA).isoformat()}", None),
        (lambda moment: f"{moment.timestamp():.0f}", None),
        (lambda moment: f"{moment.timestamp():.3f}", None),
        (lambda moment: f"{moment.timestamp() * 1e3:.0f}", "the times are Unix milliseconds"),
        (lambda moment: f"{moment.timestamp() * 1e6:.0f}", "the times are Unix microseconds"),
        (lambda moment: f"{int(moment.timestamp()) * 10**9}", "the times are Unix nanoseconds"),
    ],
)
def test_a_time_is_recognised_by_its_form_and_size(
    tmp_path: Path, write: Callable[[datetime], str], note: str | None
) -> None:
    table = read(tmp_path, stamped([write(moment) for moment in MOMENTS]), TIMED)
    assert table.time is not None
    assert table.time.tolist() == [moment.timestamp() for moment in MOMENTS]
    assert table.notes == ((note,) if note else ())


@pytest.mark.parametrize(
    ("form", "fix"),
    [
        (
            "%d/%m/%Y %H:%M",
            "which may be 7 May 2026 or 5 July 2026; fix: write time_format: dd/mm/yyyy hh:mm or time",
        ),
        ("%d.%m.%Y %H:%M:%S", "write time_format: dd.mm.yyyy hh:mm:ss or time_format: mm.dd.yyyy hh:mm:ss into the"),
        ("%d-%b-%Y %H:%M", "which is 7 May 2026; fix: write time_format: dd-mmm-yyyy hh:mm into the station file"),
        ("%H:%M:%S", "a time of day without a date; fix: write time: [DATE, Time] into the station file"),
    ],
)
def test_a_date_that_may_be_another_is_never_guessed(tmp_path: Path, form: str, fix: str) -> None:
    assert fix in refusal(tmp_path, stamped([moment.strftime(form) for moment in MOMENTS]), TIMED)


def test_days_behind_the_twelfth_prove_the_order_and_the_line_to_write_is_one(tmp_path: Path) -> None:
    stamps = [f"{START + timedelta(hours=12 * i):%d/%m/%Y %H:%M}" for i in range(60)]
    assert refusal(tmp_path, stamped(stamps), TIMED) == (
        'garden.csv: line 2, column "Time": got "07/05/2026 21:40", which is 7 May 2026, as other rows show; '
        "fix: write time_format: dd/mm/yyyy hh:mm into the station file"
    )


def test_a_declared_format_is_read_in_the_stations_zone(tmp_path: Path) -> None:
    stamps = [f"{moment.astimezone(VIENNA):%d/%m/%Y %H:%M}" for moment in MOMENTS]
    station = replace(TIMED, time_format="dd/mm/yyyy hh:mm", timezone="Europe/Vienna")
    table = read(tmp_path, stamped(stamps), station)
    assert table.time is not None
    assert table.time.tolist() == [moment.timestamp() for moment in MOMENTS]


def test_a_date_and_a_time_of_day_may_have_a_column_each(tmp_path: Path) -> None:
    rows = [f"{moment:%d.%m.%Y},{row},{moment:%H:%M:%S}" for moment, row in zip(MOMENTS, ROWS, strict=True)]
    station = replace(TIMED, time=("Day", "Clock"), time_format="dd.mm.yyyy hh:mm:ss")
    table = read(tmp_path, lines(*rows, header=f"Day,{HEADER},Clock"), station)
    assert table.time is not None
    assert table.time.tolist() == [moment.timestamp() for moment in MOMENTS]


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("form", [None, "dd/mm/yyyy hh:mm"])
def test_of_an_hour_that_comes_twice_the_order_of_the_rows_tells_which_it_is(
    tmp_path: Path, newest_first: bool, form: str | None
) -> None:
    start = datetime(2026, 10, 24, 23, 50, tzinfo=UTC)
    moments = [start + timedelta(minutes=3 * i) for i in range(60)]
    local = [moment.astimezone(VIENNA) for moment in moments]
    stamps = [f"{moment:%d/%m/%Y %H:%M}" if form else f"{moment:%Y-%m-%d %H:%M:%S}" for moment in local]
    text = stamped(stamps)
    if newest_first:
        header, *rows = text.splitlines()
        text = "\n".join([header, *reversed(rows)]) + "\n"
    table = read(tmp_path, text, replace(TIMED, timezone="Europe/Vienna", time_format=form))
    assert table.time is not None
    assert table.time.tolist() == [moment.timestamp() for moment in moments]


def test_without_a_zone_the_hour_that_comes_twice_ends_a_segment_and_is_named(tmp_path: Path) -> None:
    start = datetime(2026, 10, 24, 23, 50, tzinfo=UTC)
    stamps = [f"{(start + timedelta(minutes=3 * i)).astimezone(VIENNA):%Y-%m-%d %H:%M:%S}" for i in range(60)]
    (note,) = read(tmp_path, stamped(stamps), TIMED).notes
    assert note.startswith("its times go back once, and a segment ends there (first at line 26); if summer time ended")


@pytest.mark.parametrize("serials", [SERIALS, [f'"{serial.replace(".", ",")}"' for serial in SERIALS]])
def test_days_as_a_spreadsheet_counts_them_are_refused_with_how_to_export(tmp_path: Path, serials: list[str]) -> None:
    text = refusal(tmp_path, stamped(serials), TIMED)
    assert "which is 2026-05-07 21:40 counted in days as spreadsheets do; fix: give the column the number for" in text
    assert "\n" not in text


def test_seconds_since_a_start_are_no_days(tmp_path: Path) -> None:
    table = read(tmp_path, stamped([f"{25000 + 10 * i}" for i in range(60)]), TIMED)
    assert table.time is not None
    assert set(np.diff(table.time)) == {10.0}


def test_a_single_stamp_that_stands_out_is_ignored_and_its_row_kept(tmp_path: Path) -> None:
    stamps = [*ISO]
    stamps[20], stamps[40] = "2051-01-01T00:00:00Z", "1970-01-01T00:00:07Z"
    table = read(tmp_path, stamped(stamps), TIMED)
    assert table.time is not None
    assert np.allclose(np.diff(table.time), 60.0)
    assert table.notes == ("2 time stamps stand out between two that fit; ignored (first at line 22)",)


def test_a_file_that_is_newest_first_is_turned_round(tmp_path: Path) -> None:
    header, *rows = stamped(ISO).splitlines()
    rows.insert(20, ",,,")
    table = read(tmp_path, "\n".join([header, *reversed(rows)]), TIMED)
    assert table.values[:, 0].tolist() == [420.5 + i / 4 for i in range(60)]
    assert table.lines[:2].tolist() == [62, 61]
    assert table.breaks == (20,)
    assert table.notes == ("its rows are newest first; they were turned round",)


@pytest.mark.parametrize(("cadence", "effect"), [(10.0, "every row counts as a gap"), (600.0, "gaps are found late")])
def test_a_cadence_that_is_not_the_rows_own_is_named(tmp_path: Path, cadence: float, effect: str) -> None:
    (note,) = read(tmp_path, stamped(ISO), replace(TIMED, cadence=cadence)).notes
    assert note.startswith(f"its rows are 60 s apart and the station file states cadence: {cadence:g}")
    assert effect in note
    assert note.endswith("fix: write cadence: 60, or null to learn it")


@pytest.mark.parametrize("cadence", [None, 10.0])
def test_milliseconds_since_a_start_are_no_seconds(tmp_path: Path, cadence: float | None) -> None:
    stamps = [f"{40_000 + 10_000 * i}" for i in range(60)]
    table = read(tmp_path, stamped(stamps), replace(TIMED, cadence=cadence))
    assert table.time is not None
    assert set(np.diff(table.time)) == {10.0}
    assert table.notes == ("the times are taken for milliseconds since the station's start; dates are not known",)


def test_hours_since_a_start_are_seconds_if_the_cadence_is(tmp_path: Path) -> None:
    stamps = [f"{3600 * i}" for i in range(60)]
    table = read(tmp_path, stamped(stamps), replace(TIMED, cadence=3600.0))
    assert table.time is not None
    assert set(np.diff(table.time)) == {3600.0}


@pytest.mark.parametrize(
    ("form", "declaration"),
    [
        ("%Y%m%d%H%M", "time_format: yyyymmddhhmm into"),
        ("%Y%m%d%H", "time_format: yyyymmddhh into"),
        ("%y%m%d%H%M%S", "time_format: yymmddhhmmss or time_format: ddmmyyhhmmss into"),
        ("%Y%m%d.%H%M%S", "time_format: yyyymmdd.hhmmss into"),
        ("%d%m%Y%H%M", "time_format: ddmmyyyyhhmm or time_format: mmddyyyyhhmm into"),
    ],
)
def test_a_date_without_separators_is_no_unix_time(tmp_path: Path, form: str, declaration: str) -> None:
    stamps = [f"{moment:{form}}" for moment in MOMENTS]
    sentence = refusal(tmp_path, stamped(stamps), TIMED)
    assert sentence.count("\n") == 0
    assert f'got "{stamps[0]}", which ' in sentence
    assert declaration in sentence
    declared = replace(TIMED, time_format=declaration.split()[1])
    assert read(tmp_path, stamped(stamps), declared).time is not None


def test_seconds_may_have_a_fraction_in_a_date_without_separators(tmp_path: Path) -> None:
    table = read(tmp_path, stamped([f"{moment:%Y%m%d%H%M%S}.25" for moment in MOMENTS]), TIMED)
    assert table.time is not None
    assert table.time[0] == START.timestamp() + 0.25


@pytest.mark.parametrize("form", ["{:.5E}", "{:.4e}"])
def test_numbers_that_a_spreadsheet_has_shortened_are_refused(tmp_path: Path, form: str) -> None:
    stamps = [form.format(moment.timestamp() * 1e3) for moment in MOMENTS]
    assert "whose last digits a spreadsheet has cut off; fix: give" in refusal(tmp_path, stamped(stamps), TIMED)
    whole = [f"{moment.timestamp():.18e}" for moment in MOMENTS]
    table = read(tmp_path, stamped(whole), TIMED)
    assert table.time is not None
    assert table.time[-1] == MOMENTS[-1].timestamp()


@pytest.mark.parametrize(
    ("offset", "per_second", "note"),
    [
        (-START.timestamp(), 1 / 3600, "seconds since a start, with rows 0.0167 s apart; if they count something else"),
        (2_082_844_800, 1, "its times begin at 2092-05-07; if that is wrong, export them as dates"),
        (62_135_596_800, 1e7, "its times begin at 1990-04-03; if that is wrong, export them as dates"),
    ],
)
def test_numbers_that_are_no_unix_times_of_this_century_are_reported(
    tmp_path: Path, offset: float, per_second: float, note: str
) -> None:
    stamps = [f"{(moment.timestamp() + offset) * per_second:.4f}" for moment in MOMENTS]
    assert note in "; ".join(read(tmp_path, stamped(stamps), TIMED).notes)


def test_times_of_a_form_that_nobody_knows_are_refused_in_one_sentence(tmp_path: Path) -> None:
    sentence = refusal(tmp_path, stamped([f"{moment:%Y+%m+%d+%H+%M}" for moment in MOMENTS]), TIMED)
    assert sentence.count("\n") == 0
    assert "declare its form as time_format:" in sentence


def test_a_long_file_of_dates_whose_order_is_open_is_refused_in_one_sentence(tmp_path: Path) -> None:
    row = ROWS[0]
    stamps = [START + timedelta(minutes=i) for i in range(30 * 1440)]
    content = lines(*(f"{stamp:%d.%m.%Y %H:%M},{row}" for stamp in stamps), header=f"Time,{HEADER}")
    sentence = refusal(tmp_path, content, TIMED)
    assert sentence.count("\n") == 0


def test_two_columns_in_the_wrong_order_and_an_empty_date_are_named(tmp_path: Path) -> None:
    two = replace(GARDEN, time=("Clock", "Day"))
    stamps = [f"{moment:%H:%M},{moment:%Y-%m-%d}" for moment in MOMENTS]
    assert "write time: [Day, Clock] into" in refusal(tmp_path, stamped(stamps, "Clock,Day"), two)
    two = replace(GARDEN, time=("Day", "Clock"))
    once = [f"{moment:%Y-%m-%d}," if i == 0 else "," for i, moment in enumerate(MOMENTS)]
    stamps = [f"{day}{moment:%H:%M}" for day, moment in zip(once, MOMENTS, strict=True)]
    assert 'fill the column "Day" in every row' in refusal(tmp_path, stamped(stamps, "Day,Clock"), two)


@pytest.mark.parametrize(("form", "note"), [("%Y-%m-%d", "gives days only"), ("%Y-%m-%d 12:30", "has the same time")])
def test_times_that_do_not_move_are_reported(tmp_path: Path, form: str, note: str) -> None:
    days = [START + timedelta(days=i // 40 if note.startswith("gives") else 0) for i in range(60)]
    (found,) = read(tmp_path, stamped([f"{day:{form}}" for day in days]), TIMED).notes
    assert note in found
    assert not read(tmp_path, stamped([f"{START + timedelta(days=i):%Y-%m-%d}" for i in range(60)]), TIMED).notes
