"""Whatever a station's clock does, each of its readings has a place."""

from __future__ import annotations

import math

import pytest

from edge.readings.station_clock.placement import BESIDE, GAP, HISTORICAL, NEXT, STAMP_NOT_USED
from edge.readings.station_clock.station_clock import StationClock
from tests.edge.readings.clock_scenarios import T0, Scenario, kinds, place

HOUR, DAY = 3600.0, 86400.0
CADENCES = pytest.mark.parametrize("cadence", [60.0, None], ids=["configured", "learnt"])


@CADENCES
def test_readings_of_a_right_clock_follow_one_another(cadence: float | None) -> None:
    clock = StationClock(cadence)
    placements = Scenario().live(300).run(clock)
    assert all(each.in_order and not each.historical and each.ts_from == "station" for each in placements)
    assert {each.elapsed for each in placements} == {0.0, 60.0}
    assert (kinds(placements), clock.cadence, clock.faulty, clock.problem) == ([], 60.0, False, None)
    assert clock.bias == pytest.approx(0.0, abs=0.5)


@CADENCES
def test_readings_without_stamps_are_in_the_order_of_arrival(cadence: float | None) -> None:
    clock = StationClock(cadence)
    placements = Scenario(delay=lambda n: 0.0).bare(100).run(clock)
    assert {(each.in_order, each.elapsed, each.ts_from) for each in placements[1:]} == {(True, 60.0, "received")}
    assert (clock.cadence, kinds(placements)) == (cadence, [])
    assert {each.code for each in placements} == {NEXT + STAMP_NOT_USED}


@CADENCES
@pytest.mark.parametrize(
    ("offset", "kind"), [(-T0, "set_back"), (-HOUR, "set_back"), (2 * DAY, "ahead"), (-3 * DAY, "set_back")]
)
def test_a_clock_that_jumps_costs_four_places_at_most(cadence: float | None, offset: float, kind: str) -> None:
    clock = StationClock(cadence)
    placements = Scenario().live(150).set_clock(offset).live(100).run(clock)
    after = placements[150:]
    # A stamp that cannot be true says nothing; one that can may be that of a stored reading.
    possible = -366 * DAY < offset < 180.0
    assert [each.in_order for each in after] == [not possible] * 4 + [True] * 96
    assert [each.cut for each in after].count(True) == 1
    assert all(each.elapsed <= 5.1 * 60 for each in after), "the warm-up never starts anew"
    assert {each.ts_from for each in after[4:]} == {"corrected"}
    assert [each.ts for each in after] == pytest.approx([T0 + 60.0 * n for n in range(150, 250)], abs=1.0)
    assert kinds(placements) == [kind]
    assert clock.faulty


def test_the_note_of_a_jump_says_what_happened_and_what_to_do() -> None:
    def sentence(offset: float) -> str:
        notes = [each.note for each in Scenario().live(99).set_clock(offset).live(5).run(StationClock(60.0))]
        (note,) = filter(None, notes)
        return note.sentence

    assert "restarted at 1970" in sentence(-T0)
    assert "jumped back by 1 h 00 min" in sentence(-HOUR)
    assert "write `timezone:`" in sentence(-HOUR)
    assert "jumped ahead by 50 min" in sentence(3000.0)
    assert "jumped ahead by 10 d 0 h" in sentence(10 * DAY)


@CADENCES
def test_a_clock_that_is_set_right_is_well_after_ten_good_readings(cadence: float | None) -> None:
    clock = StationClock(cadence)
    placements = Scenario().live(60).set_clock(3000.0).live(100).set_clock(0.0).live(13).run(clock)
    assert kinds(placements) == ["ahead", "set_back"]
    before = (clock.faulty, "agrees with the gateway's now" in str(clock.problem))
    assert before == (True, True)
    (last,) = Scenario().wild(T0 + 173 * 60.0).steps
    assert clock.place(last.ts, T0 + 173 * 60.0).note is not None
    assert (clock.faulty, clock.problem) == (False, None)


@CADENCES
@pytest.mark.parametrize(
    ("offset", "words"), [(2 * HOUR, "2 h 00 min ahead of"), (-5 * HOUR, "5 h 00 min behind"), (-400.0, "7 min behind")]
)
def test_a_clock_that_was_never_right_is_corrected(cadence: float | None, offset: float, words: str) -> None:
    clock = StationClock(cadence)
    placements = Scenario().set_clock(offset).live(100).run(clock)
    assert all(each.in_order for each in placements)
    assert sum(each.historical for each in placements) <= 1
    assert [each.ts for each in placements[9:]] == pytest.approx([T0 + 60.0 * n for n in range(9, 100)], abs=1.0)
    assert (kinds(placements), clock.faulty) == (["offset"], True)
    assert clock.problem is not None
    assert words in clock.problem
    assert ("local time" in clock.problem) is (abs(offset) > 1000)


@CADENCES
@pytest.mark.parametrize("wrong", [1, 3, 10, 40])
def test_a_station_that_learns_the_time_after_its_start_is_right_from_then_on(
    cadence: float | None, wrong: int
) -> None:
    placements = Scenario().reboot().live(wrong).set_clock(0.0).live(30).run(StationClock(cadence))
    assert all(each.elapsed <= 5.1 * 60 for each in placements)
    assert [each.ts for each in placements[wrong + 5 :]] == [T0 + 60.0 * n for n in range(wrong + 5, wrong + 30)]


@CADENCES
@pytest.mark.parametrize("stamp", [0.0, T0 - DAY, T0 + DAY, 4e9, -1e9, math.inf, -math.inf, math.nan])
def test_a_wild_stamp_costs_that_stamp_and_nothing_else(cadence: float | None, stamp: float) -> None:
    clock = StationClock(cadence)
    placements = Scenario().live(50).wild(stamp).live(50).run(clock)
    assert placements[50].ts == pytest.approx(T0 + 3000.0, abs=1.0)
    assert placements[50].ts_from == "received"
    assert all(each.in_order and each.ts_from == "station" for each in placements[:50] + placements[51:])
    assert placements[50].in_order or stamp == T0 - DAY
    assert (kinds(placements), clock.faulty, clock.strays_share < 0.02) == ([], False, True)


@CADENCES
def test_stamps_that_do_not_advance_leave_the_order_of_arrival(cadence: float | None) -> None:
    clock = StationClock(cadence)
    placements = Scenario().live(50).dead(200).run(clock)
    assert all(each.in_order and not each.cut for each in placements)
    assert all(each.ts == pytest.approx(T0 + 60.0 * n, abs=200.0) for n, each in enumerate(placements))
    assert (kinds(placements), clock.faulty) == (["adrift"], True)
    again = Scenario().live(265).steps[250:]
    placements = [clock.place(step.ts, step.received) for step in again]
    assert [each.in_order for each in placements] == [True] * 15
    assert (kinds(placements), clock.faulty) == (["recovered"], False)


@CADENCES
@pytest.mark.parametrize("stored", [61, 600])
def test_a_backlog_after_a_live_reading_is_in_its_own_order_and_historical(cadence: float | None, stored: int) -> None:
    clock = StationClock(cadence)
    placements = Scenario().live(100).outage(stored, live_first=True).live(20).run(clock)
    backlog, live = placements[101 : 101 + stored], placements[101 + stored :]
    assert [each.in_order for each in backlog] == [False] * 4 + [True] * (stored - 4)
    assert all(each.historical for each in backlog[:-3])
    assert [each.ts for each in backlog] == [T0 + 60.0 * n for n in range(100, 100 + stored)]
    assert all(each.in_order and not each.historical for each in live)
    assert kinds(placements) == ["backlog"]
    assert sum(each.elapsed > 240 * 60 for each in placements[101:]) == 0, "the warm-up starts anew at most once"
    assert (clock.bias == pytest.approx(0.0, abs=0.5), clock.problem, clock.faulty) == (True, None, False)


@CADENCES
def test_a_queue_in_its_order_is_followed_without_a_word(cadence: float | None) -> None:
    placements = Scenario().live(100).outage(300, live_first=False).live(20).run(StationClock(cadence))
    assert all(each.in_order and not each.cut for each in placements)
    assert sum(each.historical for each in placements) >= 296
    assert kinds(placements) == []


def test_a_queue_with_a_hole_has_a_gap_there() -> None:
    scenario = Scenario().live(100)
    scenario.true += 2 * HOUR
    placements = scenario.outage(180, live_first=False).live(20).run(StationClock(60.0))
    assert all(each.in_order for each in placements)
    assert placements[100].elapsed == 2 * HOUR + 60


def test_a_backlog_with_the_newest_first_is_historical_beside_the_order() -> None:
    clock = StationClock(60.0)
    placements = Scenario().live(100).outage(61, live_first=True, newest_first=True).live(20).run(clock)
    assert all(each.ts_from == "station" for each in placements)
    assert sum(each.historical for each in placements) >= 57
    assert all(each.in_order for each in placements[162:])
    assert (kinds(placements), clock.adrift) == (["backlog"], False)


def test_a_battery_station_that_sends_once_an_hour_is_followed() -> None:
    scenario = Scenario()
    for _ in range(10):
        scenario.outage(60, live_first=False)
        scenario.true -= 60.0
    placements = scenario.run(StationClock(60.0))
    assert all(each.in_order and each.elapsed <= 180 for each in placements)
    assert kinds(placements) == []


@CADENCES
@pytest.mark.parametrize("every", [10.0, 20.0, 30.0])
@pytest.mark.parametrize("reboot", [False, True])
def test_stamps_to_the_minute_are_followed(cadence: float | None, every: float, reboot: bool) -> None:
    clock = StationClock(None if cadence is None else every)
    scenario = Scenario(every).live(100)
    if reboot:
        scenario.reboot().live(100)
    coarse = [step._replace(ts=step.ts // 60 * 60) for step in scenario.steps if step.ts is not None]
    placements = [clock.place(step.ts, step.received) for step in coarse]
    assert all(each.in_order for each in placements)
    assert kinds(placements) == ["set_back"] * reboot
    gaps = [each for each in placements if clock.cadence is not None and each.elapsed > 3 * clock.cadence]
    assert len(gaps) <= reboot


@CADENCES
@pytest.mark.parametrize("seconds", [-DAY, -2 * HOUR, -5.0, 5.0, 2 * HOUR, DAY])
@pytest.mark.parametrize("shared", [False, True])
def test_a_jump_of_the_gateways_clock_costs_no_place(cadence: float | None, seconds: float, shared: bool) -> None:
    clock = StationClock(cadence)
    placements = Scenario().live(60).jump(seconds, shared=shared).live(60).run(clock)
    assert all(each.in_order and not each.cut and not each.historical for each in placements)
    assert max(each.elapsed for each in placements) == pytest.approx(60.0)
    assert kinds(placements) == (["offset"] if abs(seconds) > 180 and not shared else [])


def test_a_shared_clock_that_is_set_right_while_nobody_watches_costs_four_places() -> None:
    scenario = Scenario().jump(DAY, shared=True).live(50).jump(-DAY, shared=True).live(200)
    clock = StationClock(60.0)
    placements = place(clock, [step for step in scenario.steps if not step.shift])
    assert sum(not each.in_order for each in placements) == 4
    assert (clock.faulty, clock.problem) == (False, None)


@CADENCES
def test_messages_that_overtake_one_another_are_not_spoken_of(cadence: float | None) -> None:
    clock = StationClock(cadence)
    steps = Scenario(10.0, delay=lambda n: 15.0 if n % 500 == 499 else 0.1).live(20000).steps
    placements = place(clock, sorted(steps, key=lambda step: step.received))
    assert sum(not each.in_order for each in placements) == 39
    assert all(each.ts_from == "station" and not each.historical for each in placements)
    assert (kinds(placements), any(each.cut for each in placements)) == ([], False)


def test_two_stations_under_one_name_are_reported() -> None:
    clock = StationClock(60.0)
    placements = []
    for n in range(100):
        for offset, wait in ((0.0, 0.1), (-7000.0, 30.0)):
            placements.append(clock.place(T0 + 60.0 * n + offset, T0 + 60.0 * n + wait))
    assert kinds(placements) == ["crowded"]
    assert clock.strays_share == pytest.approx(0.5, abs=0.1)


def test_a_clock_that_runs_slow_is_followed() -> None:
    clock = StationClock(60.0)
    placements = [clock.place(T0 + 60.0 * n * 0.99994, T0 + 60.0 * n + 0.2) for n in range(43200)]
    assert all(each.in_order and not each.historical for each in placements)
    assert max(abs(each.ts - T0 - 60.0 * n) for n, each in enumerate(placements)) < 181
    assert (kinds(placements), clock.faulty) == ([], False)


def test_the_code_of_a_placement_says_all_but_the_gap() -> None:
    scenario = Scenario().live(100).outage(61, live_first=True).live(10).reboot().live(20)
    codes = [each.code for each in scenario.run(StationClock(60.0))]
    assert set(codes) == {NEXT, NEXT + HISTORICAL, BESIDE + HISTORICAL, NEXT + STAMP_NOT_USED}
    assert GAP not in codes


def test_what_is_no_snapshot_is_refused() -> None:
    clock = StationClock()
    for snapshot in (b"", b"\x90", StationClock().snapshot()[:-3], b"no snapshot"):
        with pytest.raises(ValueError):  # noqa: PT011  (whatever is wrong with it)
            clock.restore(snapshot)
    assert clock.place(T0, T0).in_order


def test_an_hour_that_comes_twice_among_stored_readings_is_said_once() -> None:
    clock = StationClock(60.0)
    stamps = [T0 + 60.0 * n - (3600.0 if n >= 150 else 0.0) for n in range(260)]
    placements = [clock.place(ts, T0 + 7 * 86400.0 + 0.01 * n) for n, ts in enumerate(stamps)]
    notes = [each.note for each in placements if each.note is not None]
    (note,) = notes
    assert note.kind == "backlog"
    assert "went back by 1 h 00 min among stored readings" in note.sentence
