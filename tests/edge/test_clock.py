"""Times are written and read as RFC 3339 in UTC."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.clock import SystemClock, parse_time, rfc3339


def test_a_time_is_written_in_utc_with_milliseconds() -> None:
    assert rfc3339(0.0) == "1970-01-01T00:00:00.000Z"
    assert rfc3339(1753776000.25) == "2025-07-29T08:00:00.250Z"


def test_milliseconds_are_rounded_not_cut() -> None:
    assert rfc3339(1753776000.9996) == "2025-07-29T08:00:01.000Z"


@pytest.mark.parametrize("unix", [math.inf, math.nan, 1e15, -1e15])
def test_a_time_outside_the_calendar_is_not_written(unix: float) -> None:
    with pytest.raises(ValueError, match="expected a Unix time in seconds between the years 1 and 9999"):
        rfc3339(unix)


@given(st.integers(-2_000_000_000_000, 4_000_000_000_000))
def test_what_is_written_is_read_back(milliseconds: int) -> None:
    assert round(1000 * parse_time(rfc3339(milliseconds / 1000))) == milliseconds


@pytest.mark.parametrize(
    ("value", "unix"),
    [
        ("2025-07-29T08:00:00Z", 1753776000.0),
        ("2025-07-29T10:00:00.5+02:00", 1753776000.5),
        ("2025-07-29 08:00:00", 1753776000.0),
        (" 2025-07-29T08:00:00Z ", 1753776000.0),
        (1753776000, 1753776000.0),
        (1753776000.125, 1753776000.125),
    ],
)
def test_rfc_3339_and_unix_seconds_are_read(value: str | float, unix: float) -> None:
    assert parse_time(value) == unix


@pytest.mark.parametrize(
    "value", ["yesterday", "", "2025-13-01T00:00:00Z", math.nan, math.inf, 1753776000123.0, 10**400]
)
def test_what_is_no_time_is_refused(value: str | float) -> None:
    with pytest.raises(ValueError, match="expected"):
        parse_time(value)


def test_the_system_clock_goes_forward() -> None:
    clock = SystemClock()
    assert clock.now() > 1.7e9
    assert clock.monotonic() <= clock.monotonic()
