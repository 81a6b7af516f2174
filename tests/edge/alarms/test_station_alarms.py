"""A snapshot of a station's alarms is read back as it was; anything else is refused with the reason."""

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
    condition = Condition("methane", True, False, 3600.0, Peak(ts=OPENED, level_ppb=3600.0), "enhancement")
    alarm = ActiveAlarm.from_exceedances([condition], "st-01", OPENED, n=12, bundle="0123456789ab")
    alarm.report("open", OPENED, 40.0)
    windows: dict[str, list[Condition | None]] = {"reconstruction": [condition, None, condition]}
    return StationAlarms(windows, {"methane": alarm}, {"stale": Shelf(EPOCH + 600, "away")})  # type: ignore[arg-type]


SNAPSHOT = remembered().to_bytes(EPOCH)


def read(snapshot: bytes, station: str = "st-01") -> StationAlarms:
    return StationAlarms.from_bytes(snapshot, station, epoch=EPOCH, now=50.0)


def changed(place: tuple[str | int, ...], value: object) -> bytes:
    """The snapshot with another value in one place."""
    document = msgspec.msgpack.decode(SNAPSHOT)
    inside = document
    for step in place[:-1]:
        inside = inside[step]
    inside[place[-1]] = value
    return msgspec.msgpack.encode(document)


def test_a_snapshot_is_read_back_the_same() -> None:
    assert read(SNAPSHOT) == remembered()


def test_times_in_a_snapshot_are_those_of_the_wall_clock() -> None:
    (_, alarm), *_ = StationAlarms.from_bytes(SNAPSHOT, "st-01", epoch=EPOCH - 1000, now=2000.0).standing.items()
    assert alarm.reported_at == 1040.0


@pytest.mark.parametrize(
    ("snapshot", "reason"),
    [
        (b"", "Input data was truncated"),
        (b"\xff\xfe", "Expected `array`"),
        (SNAPSHOT[:-3], "truncated"),
        (changed((3,), 2), "Invalid enum value 2"),
        (changed((1, "methane", 0, "station"), "st-02"), "got one of st-02, methane"),
        (changed((1, "methane", 0, "kind"), "stale"), "got one of st-01, stale"),
        (changed((1, "methane", 0, "opened"), "yesterday"), "got 'yesterday', expected RFC 3339"),
        (changed((1, "methane", 3), float("nan")), "got a time that is not finite"),
        (changed((2, "stale", 0), 1e300), "expected a Unix time"),
        (changed((2,), {"smoke": [0.0, None]}), "Invalid enum value 'smoke'"),
    ],
)
def test_what_is_no_snapshot_of_this_station_by_this_version_is_refused(snapshot: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=r"^alarms of st-01: ") as caught:
        read(snapshot)
    assert reason in str(caught.value)


@given(st.binary(max_size=64) | st.tuples(st.integers(0, len(SNAPSHOT) - 1), st.integers(0, 255)))
@example((0, 0x93))
def test_no_bytes_break_the_reader(found: bytes | tuple[int, int]) -> None:
    """Any bytes, and a snapshot with one byte changed, are read or refused."""
    if isinstance(found, tuple):
        place, value = found
        found = SNAPSHOT[:place] + bytes([value]) + SNAPSHOT[place + 1 :]
    try:
        state = read(found)
    except ValueError:
        return
    assert StationAlarms.from_bytes(state.to_bytes(EPOCH), "st-01", epoch=EPOCH, now=50.0) == state
