"""Alarms survive restarts, and keep their promises in any sequence of readings and requests."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from config.settings.alarms import AlarmRule
from edge.alarms.event import Event
from tests.edge.alarms.panel_station import BETWEEN, EXCEEDING, QUICK, QUIET, PanelStation, types

# ---- restarts --------------------------------------------------------------------------------------------------------


def test_an_alarm_that_stood_before_a_restart_is_the_same_after_it() -> None:
    station = PanelStation()
    (opened,) = station.feed(EXCEEDING, 5.0)
    station.panel.acknowledge(opened.id, label="plume")
    before = station.panel.message("st-01")
    station.restart()
    assert station.panel.message("st-01") == before
    (closed,) = station.feed(*[QUIET] * 4)
    assert (closed.id, closed.peak.score, closed.count, closed.label) == (opened.id, 5.0, 2, "plume")


def test_exceedances_before_a_restart_count_with_those_after_it() -> None:
    station = PanelStation(AlarmRule(m_of_n=(3, 4)))
    station.feed(EXCEEDING, QUIET, EXCEEDING)
    station.restart()
    (opened,) = station.feed(EXCEEDING)
    assert opened.count == 3


def test_a_reminder_is_not_put_off_by_a_restart() -> None:
    station = PanelStation()
    station.feed(EXCEEDING, EXCEEDING)
    station.clock.time += QUICK.repeat - 1
    station.restart()
    assert station.panel.tick() == []
    station.clock.time += 1
    assert types(station.panel.tick()) == ["update"]


def test_a_clock_that_is_set_back_over_a_restart_neither_silences_nor_ages_an_alarm() -> None:
    station = PanelStation()
    (opened,) = station.feed(EXCEEDING, EXCEEDING)
    station.commit()
    station.clock.time -= 1e6  # a machine without a battery, before it has received the time
    station.restart()
    station.clock.time += QUICK.repeat
    (update,) = station.panel.tick()
    assert (update.id, update.duration_s) == (opened.id, QUICK.repeat)


def test_a_station_with_nothing_to_remember_has_no_snapshot() -> None:
    station = PanelStation()
    station.feed(*[QUIET] * 10)
    assert (station.panel.changed(), station.panel.snapshot("st-01")) == ([], None)
    station.feed(EXCEEDING)
    assert station.panel.changed() == ["st-01"]
    assert station.panel.snapshot("st-01") is not None
    station.feed(*[QUIET] * QUICK.n)
    assert (station.panel.changed(), station.panel.snapshot("st-01")) == (["st-01"], None)
    station.feed(QUIET)
    assert station.panel.changed() == []


# ---- any sequence ----------------------------------------------------------------------------------------------------


_STEPS = st.lists(
    st.sampled_from([EXCEEDING, BETWEEN, QUIET, None])
    | st.floats(0, 12)
    | st.sampled_from(["tick", "acknowledge", "shelve", "stale", "clear", "restart"]),
    max_size=80,
)
_RULES = st.builds(
    lambda n, m, clear, hold, latch: AlarmRule(m_of_n=(min(m, n), n), clear_after=clear, hold=hold, latch=latch),
    st.integers(1, 5), st.integers(1, 5), st.integers(1, 5), st.integers(1, 8), st.booleans(),
)  # fmt: skip


def play(station: PanelStation, steps: list[Any]) -> list[Event]:
    events = []
    for step in steps:
        panel = station.panel
        if step == "tick":
            station.clock.time += 1000.0
            events += panel.tick()
        elif step == "acknowledge":
            for standing in panel.standing():
                events += panel.acknowledge(standing.id)
        elif step == "shelve":
            events += panel.shelve(station="st-01", kind="reconstruction", minutes=30)
        elif step == "stale":
            events += panel.raise_unscored("stale", "st-01", n=station.n, bundle="0123456789ab")
        elif step == "clear":
            station.n += 1
            events += panel.clear_unscored("stale", "st-01")
        elif step == "restart":
            station.restart()
        else:
            events += station.feed(step)
        station.commit()
    return events


@given(_RULES, _STEPS)
def test_every_alarm_opens_once_and_closes_at_most_once_with_updates_in_between(
    rule: AlarmRule, steps: list[Any]
) -> None:
    station = PanelStation(rule)
    standing: dict[str, str] = {}
    seen: list[str] = []
    for event in play(station, steps):
        if event.event_type == "open":
            assert event.kind not in standing
            assert event.id not in seen
            assert event.count >= (rule.m if event.kind == "reconstruction" else 1)
            standing[event.kind] = event.id
            seen.append(event.id)
        assert event.id == standing[event.kind]
        assert (event.closed is not None) == (event.event_type == "close")
        assert (event.duration_s is None) == (event.event_type == "open")
        if event.event_type == "close":
            del standing[event.kind]
    assert {event.kind: event.id for event in station.panel.standing()} == standing
    assert seen == sorted(seen, key=lambda name: name.split("-")[3])


@given(_RULES, _STEPS)
def test_a_restart_changes_nothing(rule: AlarmRule, steps: list[Any]) -> None:
    unbroken, broken = PanelStation(rule), PanelStation(rule)
    expected = play(unbroken, [step for step in steps if step != "restart"])
    assert play(broken, steps) == expected
    assert broken.panel.message("st-01") == unbroken.panel.message("st-01")
    assert broken.panel.shelved() == unbroken.panel.shelved()


@given(_RULES, _STEPS)
def test_enough_quiet_readings_close_every_alarm_and_a_latched_one_once_acknowledged(
    rule: AlarmRule, steps: list[Any]
) -> None:
    station = PanelStation(rule)
    play(station, [*steps, "clear"])
    before = station.panel.standing()
    station.feed(*[QUIET] * (rule.hold + rule.clear_after))
    left = station.panel.standing()
    assert [event.id for event in left] == [event.id for event in before if rule.latch and not event.acknowledged]
    play(station, ["acknowledge"])
    assert station.panel.standing() == []
