"""One station's stamps: their unit is said once, and counts since the start of a board are no stamps."""

from __future__ import annotations

import pytest

from config.errors import ConfigError
from edge.readings.decoding.quantity import RelativeTime
from edge.readings.decoding.stamps import REMARK, Stamps

NOW = 1_783_854_307.0


@pytest.mark.parametrize(
    ("power", "unit"), [(3, "milliseconds"), (6, "microseconds"), (9, "nanoseconds")], ids=["ms", "us", "ns"]
)
@pytest.mark.parametrize("text", [False, True])
def test_a_unit_is_said_once(power: int, unit: str, text: bool) -> None:
    stamps = Stamps()
    for second in range(3):
        number = int(NOW + second) * 10**power
        assert stamps.read(str(number) if text else number, NOW + second) == NOW + second
        assert stamps.notes == ({REMARK: f"ts is read as {unit} since 1970, by its size"} if second == 0 else {})
        stamps.notes.clear()


def test_what_is_no_time_is_noted_with_one_sentence_until_a_time_comes() -> None:
    stamps = Stamps()
    assert stamps.read("soon", NOW) is None
    sentence = stamps.notes["clock"]
    assert sentence is not None
    assert sentence.startswith('ts: got "soon", expected RFC 3339')
    assert stamps.read("later", NOW + 60) is None
    assert stamps.notes == {"clock": sentence}  # no values that change: it is logged once
    assert stamps.read(None, NOW + 120) is None
    assert stamps.notes == {"clock": sentence}
    assert stamps.read("2026-07-12T11:05:07Z", NOW) == NOW
    assert stamps.notes == {"clock": None}


@pytest.mark.parametrize(("cadence", "per_second"), [(10, 1000), (60, 1000), (2, 1_000_000)])
def test_a_count_of_milliseconds_since_boot_is_no_stamp(cadence: int, per_second: int) -> None:
    stamps = Stamps()
    found = [stamps.read((5 + cadence * i) * per_second % 1_000_000_000, NOW + cadence * i) for i in range(20)]
    assert found[4:] == [None] * 16
    assert "since the board has started" in (stamps.notes["clock"] or "")
    rebooted = [stamps.read((3 + cadence * i) * per_second, NOW + 1200 + cadence * i) for i in range(20)]
    assert rebooted[4:] == [None] * 16
    assert stamps.read(NOW + 9999, NOW + 9999) == NOW + 9999
    assert stamps.notes["clock"] is None


@pytest.mark.parametrize(
    ("per_second", "start", "word"),
    [
        (1e3, 1.3e9, "milliseconds"), (1e3, 3e9, "milliseconds"), (1e6, 4e11, "microseconds"),
        (1e9, 6e12, "nanoseconds"),
        (1e7, 1e7 * (NOW + 62_135_596_800), "ticks of 100 ns"), (1e7, 1e7 * (NOW + 11_644_473_600), "ticks of 100 ns"),
        (100, 70.0, "hundredths"), (10, 5e7, "tenths"), (1 / 3600, 40.0, "hours"),
    ],
)  # fmt: skip
def test_what_grows_at_the_pace_of_another_unit_is_no_stamp(per_second: float, start: float, word: str) -> None:
    stamps = Stamps()
    found = [stamps.read(round(start + 60 * i * per_second, 6), NOW + 60 * i) for i in range(20)]
    assert found[3:] == [None] * 17
    assert word in (stamps.notes["clock"] or "")


def test_a_count_since_boot_stays_one_when_it_is_as_large_as_the_time_and_when_a_message_is_late() -> None:
    stamps = Stamps()
    first = NOW - 60_000 * 40
    late = {15: 25.0, 30: 40.0, 50: 20.0}
    found = [stamps.read(first + 60_000 * i, NOW + 60 * i + late.get(i, 0.0)) for i in range(80)]
    assert found[3:] == [None] * 77
    stamps.notes.clear()
    assert stamps.read(NOW + 60 * 81, NOW + 60 * 81) == NOW + 60 * 81
    assert stamps.notes["clock"] is None


def test_stored_readings_that_come_fast_keep_their_stamps() -> None:
    stamps = Stamps()
    old = NOW - 30 * 86_400
    assert [stamps.read(old + 10 * i, NOW + i) for i in range(50)] == [old + 10 * i for i in range(50)]
    milliseconds = [stamps.read((old + 60 * i) * 1000, NOW + 100 + 1.5 * i) for i in range(50)]
    assert milliseconds == [old + 60 * i for i in range(50)]


def test_arrays_of_a_count_of_milliseconds_are_recognised_as_well() -> None:
    stamps = Stamps()
    found = [stamps.read(1000 * (60 * i + 6 * j), NOW + 60 * i + 54) for i in range(8) for j in range(10)]
    assert found[40:] == [None] * 40


def test_a_clock_that_counts_seconds_from_1970_is_a_clock() -> None:
    stamps = Stamps()
    assert [stamps.read(3 + 60 * i, NOW + 60 * i) for i in range(50)] == [3.0 + 60 * i for i in range(50)]
    assert not stamps.notes


def test_a_day_of_a_spreadsheet_is_no_stamp() -> None:
    stamps = Stamps()
    assert stamps.read(NOW / 86400 + 25569, NOW) is None
    assert "spreadsheets" in (stamps.notes["clock"] or "")


def test_a_time_from_now_counts_from_arrival() -> None:
    assert Stamps().read(RelativeTime(-12.5), NOW) == NOW - 12.5


def test_local_time_takes_the_zone_of_the_entry() -> None:
    assert Stamps("Europe/Berlin").read("2026-07-12T13:05:07", NOW) == NOW
    assert Stamps().read("2026-07-12T13:05:07", NOW) == NOW + 7200
    with pytest.raises(ConfigError, match="timezone"):
        Stamps("Europe/Atlantis")
