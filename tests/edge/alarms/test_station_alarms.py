"""What is remembered of a station's alarms is read back as it was, and anything else is refused with the reason."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edge.alarms.active_alarm import ActiveAlarm
from edge.alarms.condition import Condition
from edge.alarms.event import Peak
from edge.alarms.shelf import Shelf
from edge.alarms.station_alarms import StationAlarms

OPENED = "2026-09-21T14:13:20.000Z"
EPOCH = 1_790_000_000.0


def remembered() -> StationAlarms:
    sign = Condition("methane", True, False, 3600.0, Peak(ts=OPENED, level_ppb=3600.0), "enhancement")
    alarm = ActiveAlarm.of([sign], "st-01", OPENED, n=12, bundle="0123456789ab")
    alarm.tell("open", OPENED, 40.0)
    windows: dict[str, list[Condition | None]] = {"reconstruction": [sign, None, sign]}
    return StationAlarms(windows, {"methane": alarm}, {"stale": Shelf(EPOCH + 600, "away")})  # type: ignore[arg-type]


WRITTEN = remembered().write(EPOCH)


def read(written: bytes, station: str = "st-01") -> StationAlarms:
    return StationAlarms.read(written, station, epoch=EPOCH, now=50.0)


def changed(place: tuple[str | int, ...], value: object) -> bytes:
    """Write it with another value somewhere."""
    document = msgspec.msgpack.decode(WRITTEN)
    inside = document
    for step in place[:-1]:
        inside = inside[step]
    inside[place[-1]] = value
    return msgspec.msgpack.encode(document)


def test_what_is_written_is_read_back_the_same() -> None:
    assert read(WRITTEN) == remembered()


def test_times_are_written_by_the_walls_clock() -> None:
    (_, alarm), *_ = StationAlarms.read(WRITTEN, "st-01", epoch=EPOCH - 1000, now=2000.0).standing.items()
    assert alarm.told == 1040.0


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        (b"", "Input data was truncated"),
        (b"\xff\xfe", "Expected `array`"),
        (WRITTEN[:-3], "truncated"),
        (changed((3,), 2), "Invalid enum value 2"),
        (changed((1, "methane", 0, "station"), "st-02"), "got one of st-02, methane"),
        (changed((1, "methane", 0, "kind"), "stale"), "got one of st-01, stale"),
        (changed((1, "methane", 0, "opened"), "yesterday"), "got 'yesterday', expected RFC 3339"),
        (changed((1, "methane", 3), float("nan")), "got a time that is none"),
        (changed((2, "stale", 0), 1e300), "expected a Unix time"),
        (changed((2,), {"smoke": [0.0, None]}), "Invalid enum value 'smoke'"),
    ],
)
def test_what_this_version_did_not_write_of_this_station_is_refused(written: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=r"^alarms of st-01: ") as caught:
        read(written)
    assert reason in str(caught.value)


@given(st.binary(max_size=64) | st.tuples(st.integers(0, len(WRITTEN) - 1), st.integers(0, 255)))
@example((0, 0x93))
def test_no_bytes_break_the_reader(found: bytes | tuple[int, int]) -> None:
    """Any bytes, and what was written with one byte changed, are read or refused."""
    if isinstance(found, tuple):
        place, value = found
        found = WRITTEN[:place] + bytes([value]) + WRITTEN[place + 1 :]
    try:
        state = read(found)
    except ValueError:
        return
    assert StationAlarms.read(state.write(EPOCH), "st-01", epoch=EPOCH, now=50.0) == state
