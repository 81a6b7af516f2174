"""A declared format of times is read and written, and formats are suggested without guessing."""

from __future__ import annotations

from datetime import datetime

import pytest

from config.time_format import TimeFormat, suggest_time_formats


@pytest.mark.parametrize(
    ("form", "text", "moment"),
    [
        ("dd/mm/yyyy hh:mm", "07/11/2026 06:45", "2026-11-07T06:45"),
        ("DD/MM/YYYY HH:mm", "7/11/2026 6:45", "2026-11-07T06:45"),
        ("dd/MM/yyyy HH.mm.ss", "07/11/2026 06.45.30", "2026-11-07T06:45:30"),
        ("%d.%m.%Y %H:%M:%S", "07.11.2026 06:45:30", "2026-11-07T06:45:30"),
        ("mm/dd/yyyy hh:mm am/pm", "11/07/2026 6:45 PM", "2026-11-07T18:45"),
        ("mm/dd/yyyy hh:mm am/pm", "11/07/2026 12:05 a.m.", "2026-11-07T00:05"),
        ("dd-mmm-yyyy hh:mm:ss.fff", "07-Nov-2026 06:45:30.25", "2026-11-07T06:45:30.250"),
        ("ddd, dd mmmm yyyy hh:mm", "Sat, 07 November 2026 06:45", "2026-11-07T06:45"),
        ("mmm dd, yyyy hh:mm", "Nov 7, 2026 06:45", "2026-11-07T06:45"),
        ("yyyymmddhhmmss", "20261107064530", "2026-11-07T06:45:30"),
        ("hh:mm dd/mm/yy", "06:45 07/11/26", "2026-11-07T06:45"),
        ("dd.mm.yyyy hh:mm z", "07.11.2026 06:45 +01:00", "2026-11-07T06:45+01:00"),
        ("dd/mm/yyyy hh:mm", "07/11/2026", "2026-11-07T00:00"),
    ],
)
def test_a_time_is_read_by_its_format_and_written_back(form: str, text: str, moment: str) -> None:
    expected = datetime.fromisoformat(moment)
    assert TimeFormat(form).parse(text) == expected
    assert TimeFormat(form).parse(TimeFormat(form).write(expected)) == expected


@pytest.mark.parametrize("text", ["31/02/2026 10:00", "07-11-2026 06:45", "07/11/2026 06:45 PM", "", "07/13/2026"])
def test_a_text_in_another_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected dd/mm/yyyy hh:mm|must be in 1\.\.12|out of range"):
        TimeFormat("dd/mm/yyyy hh:mm").parse(text)


@pytest.mark.parametrize(
    ("form", "fault"),
    [
        ("hh:mm", "no year"),
        ("dd/yyyy", "no month"),
        ("dd/mm/yyyy dd", "something twice"),
        ("%j %Y", "such as dd/mm/yyyy"),
    ],
)
def test_a_format_without_a_whole_date_is_refused(form: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        TimeFormat(form)


@pytest.mark.parametrize(
    ("texts", "formats"),
    [
        (["04/05/2026 10:00"], ["dd/mm/yyyy hh:mm", "mm/dd/yyyy hh:mm"]),
        (["04/05/2026 10:00", "30/05/2026 10:00"], ["dd/mm/yyyy hh:mm"]),
        (["04/05/2026 10:00", "04/30/2026 10:00"], ["mm/dd/yyyy hh:mm"]),
        (["31.05.26 10:00:01", "01.12.00 10:00:01"], ["dd.mm.yy hh:mm:ss"]),
        (["4-May-2026"], ["dd-mmm-yyyy"]),
        (["2026-05-04 10:00"], []),
        (["twelve"], []),
        (["45.2"], []),
        ([], []),
    ],
)
def test_every_format_is_suggested_that_reads_all_texts(texts: list[str], formats: list[str]) -> None:
    assert suggest_time_formats(texts) == formats
