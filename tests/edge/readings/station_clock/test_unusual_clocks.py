"""Clocks that run at another speed, count from another year, jump often, or are two: said once, and nothing is old."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from edge.readings.station_clock.placement import Placement
from edge.readings.station_clock.station_clock import StationClock
from tests.edge.readings.clock_scenarios import T0, kinds

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


def run(clock: StationClock, readings: Iterable[tuple[float, float]]) -> list[Placement]:
    return [clock.place(stamp, received) for stamp, received in readings]


@pytest.mark.parametrize("speed", [0.5, 0.93, 1.07, 1.9])
def test_a_clock_at_another_speed_makes_nothing_old_and_no_flood(speed: float) -> None:
    clock = StationClock(MINUTE)
    placements = run(clock, ((T0 + MINUTE * n * speed, T0 + MINUTE * n + 0.3) for n in range(3000)))
    assert all(each.in_order and not each.historical for each in placements)
    assert set(kinds(placements)) == {"offset"}
    assert len(kinds(placements)) <= 10
    assert clock.faulty


def test_a_counter_of_readings_makes_nothing_old() -> None:
    clock = StationClock()
    placements = run(clock, ((float(n), T0 + 20.0 * n) for n in range(600)))
    assert all(each.in_order and not each.historical for each in placements)
    assert kinds(placements) == ["offset"]
    assert clock.faulty


@pytest.mark.parametrize("offset", [200.0, -200.0])
def test_a_clock_that_is_somewhat_off_is_not_called_right(offset: float) -> None:
    clock = StationClock(MINUTE)
    placements = run(clock, ((T0 + MINUTE * n + offset, T0 + MINUTE * n + 0.3) for n in range(200)))
    assert kinds(placements) == ["offset"]
    assert clock.problem is not None
    placements = run(clock, ((T0 + MINUTE * n, T0 + MINUTE * n + 0.3) for n in range(200, 1500)))
    assert kinds(placements) == ["recovered"] or clock.problem is None
    assert clock.problem is None


@pytest.mark.parametrize(
    ("epoch", "word"),
    [(315_964_782.0, "GPS"), (946_684_800.0, "MicroPython"), (978_307_200.0, "Apple"), (-2_208_988_800.0, "NTP")],
)
def test_another_epoch_is_named(epoch: float, word: str) -> None:
    clock = StationClock(MINUTE)
    placements = run(clock, ((T0 + MINUTE * n - epoch, T0 + MINUTE * n + 0.3) for n in range(60)))
    assert kinds(placements) == ["offset"]
    assert word in (clock.problem or "")
    assert placements[-1].ts == pytest.approx(T0 + MINUTE * 59, abs=1.0)


def test_a_clock_that_was_never_set_and_sends_what_it_has_gathered_is_noticed() -> None:
    clock = StationClock(MINUTE)
    readings = [(MINUTE * (60 * hour + i), T0 + HOUR * hour + 0.02 * i) for hour in range(1, 10) for i in range(60)]
    placements = run(clock, readings)
    assert all(each.in_order for each in placements)
    assert kinds(placements) == ["offset"]
    assert "never set" in (clock.problem or "")
    assert clock.faulty
    assert abs(placements[-1].ts - readings[-1][1]) < MINUTE


@pytest.mark.parametrize("every", [8, 25])
def test_a_clock_that_jumps_again_and_again_is_not_a_flood(every: int) -> None:
    clock = StationClock(MINUTE)
    placements = run(
        clock, ((T0 + MINUTE * n - HOUR * (n // every % 2), T0 + MINUTE * n + 0.3) for n in range(every * 40))
    )
    said = kinds(placements)
    assert said[-1] == "restless"
    assert said.count("restless") == 1
    assert len(said) <= 6
    at = T0 + MINUTE * every * 40
    placements = run(clock, ((at + MINUTE * n, at + MINUTE * n + 0.3) for n in range(300)))
    assert kinds(placements)[-1] == "recovered"
    assert clock.problem is None


@pytest.mark.parametrize("wait", [2.0, 30.0, 55.0])
@pytest.mark.parametrize("behind", [HOUR, 5 * HOUR, 2 * DAY])
def test_readings_of_another_station_under_the_name_are_not_old(wait: float, behind: float) -> None:
    clock = StationClock(MINUTE)
    placements = []
    for n in range(200):
        placements.append(clock.place(T0 + MINUTE * n, T0 + MINUTE * n + 0.3))
        placements.append(clock.place(T0 + MINUTE * n + wait - behind, T0 + MINUTE * n + wait + 0.5))
    assert sum(each.historical for each in placements) <= 2
    assert "crowded" in kinds(placements)
