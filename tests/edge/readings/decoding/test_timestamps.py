"""Times are read in every form in which stations send them; what is none is refused with a hint."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from config.errors import ConfigError
from edge.clock import rfc3339
from edge.readings.decoding.timestamps import load_zone, number_unit, parse_timestamp

BERLIN = ZoneInfo("Europe/Berlin")
T = 1783854307.0  # 2026-07-12T11:05:07Z


@pytest.mark.parametrize(
    "value",
    [
        "2026-07-12T11:05:07Z", "2026-07-12t11:05:07z", "2026-07-12 11:05:07Z", "2026-07-12 11:05:07",
        "2026-07-12T11:05:07", "2026-07-12T13:05:07+02:00", "2026-07-12T13:05:07+0200", "2026-07-12T13:05:07+02",
        "2026-07-12T13:05:07 +02:00", "2026-07-12T06:05:07-05:00", "2026/07/12T11:05:07z", "2026/07/12 11:05:07",
        "2026/7/12 11:05:07", "2026.07.12 11:05:07", "20260712T110507Z", "20260712T110507", "20260712110507",
        "20260712 110507", "2026-07-12_11:05:07", "2026-07-12T11:05:07,000Z", "2026-07-12T11:05:07.000000000Z",
        "2026-07-12 11:05:07 UTC", "2026-07-12 11:05:07 GMT", "2026-07-12T11:05:07Z[UTC]", " 2026-07-12T11:05:07Z\r\n",
        "2026-07-12T11:05:07Z\0", "2026-07-12T13:05:07+02:00[Europe/Berlin]", "2026-07-12-11:05:07",
        1783854307, 1783854307.0, 1783854307000, 1783854307000.0, 1783854307000000, 1783854307000000000,
        "1783854307", "1783854307.0", "1783854307000", "1783854307000000", "1783854307000000000", " 1783854307 ",
        "1.783854307e9", 20260712110507,
    ],
)  # fmt: skip
def test_one_time_in_many_forms(value: Any) -> None:
    assert parse_timestamp(value) == T


@pytest.mark.parametrize(
    ("value", "unix"),
    [
        ("2026-07-12T11:05:07.25Z", T + 0.25),
        ("2026-07-12 11:05:07,25", T + 0.25),
        ("2026/07/12 11:05", T - 7),
        ("2026-07-12", T - 7 - 11 * 3600 - 300),
        ("2026-06-30T23:59:60Z", 1782864000.0),  # a leap second is the next day's first
        (1783854307250, T + 0.25),
        (1783854307250000123, T + 0.250000123),
        (0, 0.0),
        (5, 5.0),
        (46356, 46356.0),  # whole: a board that has counted for 13 hours
        (-1, -1.0),
        ("1970-01-01T00:00:03Z", 3.0),
        ("2026-07-12T25:00:00+99:00", None),
    ],
)
def test_fractions_small_numbers_and_whole_days(value: Any, unix: float | None) -> None:
    if unix is None:
        with pytest.raises(ValueError, match="not in the calendar"):
            parse_timestamp(value)
    else:
        assert parse_timestamp(value) == pytest.approx(unix, abs=1e-6)


@pytest.mark.parametrize("value", [None, "", "  ", "null", "N/A", "unknown", "unavailable"])
def test_a_missing_time_is_none(value: Any) -> None:
    assert parse_timestamp(value) is None


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("noon", "RFC 3339"),
        ("2026-13-01T00:00:00Z", "not in the calendar"),
        ("2026-02-30 10:00:00", "not in the calendar"),
        ("2026-02-03T10:61:00Z", "not in the calendar"),
        ("2026-02-03T10:00:75", "not in the calendar"),
        ("31/12/2026 10:00", "mistaken for one another"),
        ("03.04.2026", "mistaken for one another"),
        ("12:30:05", "without a date"),
        ("2T03:04:05", "since the board has started"),
        (46215.4619, "spreadsheets"),
        (10**21, "too large"),
        (1e300, "too large"),
        (float("nan"), "too large"),
        (float("inf"), "too large"),
        (10**400, "too large"),
        (True, "got true"),
        ([1], "got an array, expected RFC 3339 such as .* under keys, such as ts: ts"),
        ({"t": 1}, "got an object, expected RFC 3339 such as .* under keys, such as ts: ts.seconds"),
        ("\ud800", "RFC 3339"),
        ("1" * 10_000, "RFC 3339"),
    ],
)
def test_what_is_no_time_is_refused_with_a_hint(value: Any, hint: str) -> None:
    with pytest.raises(ValueError, match=hint) as caught:
        parse_timestamp(value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value).encode()) < 250


def test_a_day_of_a_spreadsheet_is_one_near_today_only() -> None:
    with pytest.raises(ValueError, match="spreadsheets"):
        parse_timestamp(46215.4619, near=T)
    with pytest.raises(ValueError, match="spreadsheets"):
        parse_timestamp("43100.123456", near=T)  # years ago
    with pytest.raises(ValueError, match="spreadsheets"):
        parse_timestamp(46215.5, near=T)
    assert parse_timestamp(43100.125, near=T) == 43100.125  # the milliseconds of a board that has run for twelve hours
    assert parse_timestamp(25000.123456, near=T) == 25000.123456
    assert parse_timestamp(12345.25, near=T) == 12345.25


def test_local_time_has_the_offset_of_its_season() -> None:
    assert parse_timestamp("2026-07-12T13:05:07", BERLIN) == T
    assert parse_timestamp("2026-01-12T12:00:00", BERLIN) == datetime(2026, 1, 12, 11, tzinfo=UTC).timestamp()
    assert parse_timestamp("2026/07/12 13:05:07", BERLIN) == T
    assert parse_timestamp("2026-07-12T11:05:07Z", BERLIN) == T  # an offset of its own wins


def test_the_hour_that_comes_twice_is_the_one_nearer_to_arrival() -> None:
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC).timestamp()
    text = "2026-10-25T02:30:00"
    assert parse_timestamp(text, BERLIN) == first
    assert parse_timestamp(text, BERLIN, first + 2) == first
    assert parse_timestamp(text, BERLIN, first + 3602) == first + 3600
    assert parse_timestamp("2026-10-25T03:30:00", BERLIN, first + 7202) == first + 7200
    assert parse_timestamp("2026-10-25 02:30:00 CEST", BERLIN, first + 3602) == first
    assert parse_timestamp("2026-10-25 02:30:00 CET", BERLIN, first + 2) == first + 3600
    for zone in (None, ZoneInfo("America/New_York")):
        with pytest.raises(ValueError, match="CEST may be more than one zone"):
            parse_timestamp("2026-10-25 02:30:00 CEST", zone)


def test_the_hours_around_a_change_of_the_clock_advance_minute_by_minute() -> None:
    for start in (datetime(2026, 10, 24, 23, tzinfo=UTC), datetime(2026, 3, 28, 23, tzinfo=UTC)):
        for minute in range(300):
            moment = start + timedelta(minutes=minute)
            text = moment.astimezone(BERLIN).strftime("%Y-%m-%dT%H:%M:%S")
            assert parse_timestamp(text, BERLIN, moment.timestamp() + 1.5) == moment.timestamp()


def test_an_hour_that_does_not_exist_is_near_arrival() -> None:
    arrival = datetime(2026, 3, 29, 1, 30, tzinfo=UTC).timestamp()
    assert parse_timestamp("2026-03-29T02:30:00", BERLIN, arrival) == arrival


@pytest.mark.parametrize(
    ("number", "unit"),
    [(1783854307, "s"), (1783854307e3, "ms"), (1783854307e6, "us"), (1783854307e9, "ns"), (5, "s"), (1e30, None)],
)
def test_the_unit_of_a_number_is_told_by_its_size(number: float, unit: str | None) -> None:
    assert number_unit(number) == unit


def test_a_zone_that_does_not_exist_is_refused_with_the_nearest() -> None:
    assert load_zone("America/New_York").key == "America/New_York"
    for name, hint in [("europe/berlin", "Europe/Berlin"), ("New York", "America/New_York"), ("+02:00", "Etc/GMT-2")]:
        with pytest.raises(ConfigError, match=f'timezone: got "{name}"'.replace("+", r"\+")) as caught:
            load_zone(name)
        assert f'did you mean "{hint}"?' in str(caught.value)
    with pytest.raises(ConfigError, match="expected a name such as Europe/Berlin"):
        load_zone("Mars/Olympus")


@given(st.one_of(st.text(), st.integers(), st.floats(), st.booleans(), st.binary(), st.lists(st.integers())))
@example("0001-01-01T00:00:00")
@example("9999-12-31T23:59:59.9999Z")
@example("1" * 20)
def test_anything_is_a_time_or_a_refusal(value: Any) -> None:
    for zone in (None, BERLIN):
        with contextlib.suppress(ValueError):
            found = parse_timestamp(value, zone, T)
            assert found is None or rfc3339(found)


@given(st.integers(0, 4_000_000_000_000))
def test_what_davylamp_writes_is_read_back(milliseconds: int) -> None:
    assert parse_timestamp(rfc3339(milliseconds / 1000)) == pytest.approx(milliseconds / 1000, abs=1e-6)


@given(st.integers(1_000_000_000, 4_000_000_000))
def test_every_unit_gives_the_same_second(second: int) -> None:
    assert {parse_timestamp(second * 10**power) for power in (0, 3, 6, 9)} == {float(second)}
