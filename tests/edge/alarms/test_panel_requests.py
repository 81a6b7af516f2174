"""Kinds of alarm without a score, shelving, and labels."""

from __future__ import annotations

import msgspec
import pytest

from config.settings.alarms import UNSCORED, AlarmKind, Alarms, ClockAlarm, RetrainAlarm, StaleAlarm
from edge.clock import rfc3339
from edge.errors import RequestError
from tests.edge.alarms.panel_station import EXCEEDING, QUICK, QUIET, START, PanelStation, types

# ---- kinds without a score -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", UNSCORED)
def test_a_silent_station_or_a_wrong_clock_is_a_fault_without_a_score_until_it_is_over(kind: AlarmKind) -> None:
    station = PanelStation()
    (opened,) = station.panel.raise_unscored(kind, "st-01", n=7, bundle="0123456789ab")
    assert (opened.kind, opened.event_type, opened.score, opened.p) == (kind, "open", None, None)
    assert opened.id == f"st-01-{kind}-20260921T141320.000Z-7"
    assert (station.panel.message("st-01").alarm, station.panel.message("st-01").fault) == ("OFF", "ON")
    assert station.panel.raise_unscored(kind, "st-01", n=7, bundle="0123456789ab") == []
    station.clock.time += 90
    (closed,) = station.panel.clear_unscored(kind, "st-01")
    assert (closed.id, closed.event_type, closed.closed) == (opened.id, "close", rfc3339(START + 90))
    assert closed.duration_s == 90.0
    assert station.panel.message("st-01").fault == "OFF"
    assert station.panel.clear_unscored(kind, "st-01") == []


@pytest.mark.parametrize("kind", UNSCORED)
def test_readings_neither_raise_nor_clear_it(kind: AlarmKind) -> None:
    station = PanelStation()
    station.panel.raise_unscored(kind, "st-01", n=0, bundle="b")
    assert types(station.feed(EXCEEDING, EXCEEDING, *[QUIET] * 50)) == ["open", "close"]
    assert [event.kind for event in station.panel.standing()] == [kind]
    assert not station.panel.stands("st-01")


def test_one_that_stands_names_every_channel_that_it_has_been_about() -> None:
    station = PanelStation()
    station.panel.raise_unscored("retrain", "st-01", n=7, bundle="b", contributions={"a": 1.2})
    station.panel.raise_unscored("retrain", "st-01", n=8, bundle="b", contributions={"b": 1.5})  # a no longer
    (standing,) = station.panel.standing()
    assert (standing.culprit, standing.contributions) == ("b", {"b": 1.5, "a": 1.2})
    assert station.panel.changed() == ["st-01"]
    station.panel.raise_unscored("retrain", "st-01", n=9, bundle="b", contributions={"a": 1.3})
    assert station.panel.changed() == []


@pytest.mark.parametrize("kind", UNSCORED)
def test_when_latched_it_stands_until_it_is_over_and_acknowledged(kind: AlarmKind) -> None:
    station = PanelStation()
    station.rules = Alarms(
        default=QUICK,
        stale=StaleAlarm(latch=True, repeat=60.0),
        clock=ClockAlarm(latch=True, repeat=60.0),
        retrain=RetrainAlarm(latch=True, repeat=60.0),
    )
    station.restart()
    (opened,) = station.panel.raise_unscored(kind, "st-01", n=1, bundle="b")
    assert station.panel.clear_unscored(kind, "st-01") == []
    assert station.panel.raise_unscored(kind, "st-01", n=2, bundle="b") == []  # nobody has seen it yet
    station.clock.time += 60
    (reminder,) = station.panel.tick()
    assert (reminder.id, reminder.event_type, reminder.count) == (opened.id, "update", 2)
    assert types(station.panel.acknowledge(opened.id)) == ["update"]  # but it is silent now
    assert types(station.panel.clear_unscored(kind, "st-01")) == ["close"]


# ---- shelving -------------------------------------------------------------------------------------------------------


def test_a_shelved_alarm_stands_without_counting_until_its_time_is_over() -> None:
    station = PanelStation()
    (opened,) = station.feed(EXCEEDING, EXCEEDING)
    (update,) = station.panel.shelve(opened.id, minutes=10, comment="the sensor is being washed")
    until = rfc3339(station.clock.now() + 600)
    assert (update.event_type, update.shelved_until, update.comment) == ("update", until, "the sensor is being washed")
    assert station.panel.message("st-01").fault == "OFF"
    assert station.panel.message("st-01").standing == (update,)
    assert station.panel.shelved() == {"st-01": {"reconstruction": until}}
    station.clock.time += 599
    assert station.panel.tick() == []
    station.clock.time += 1
    (update,) = station.panel.tick()
    assert (update.id, update.event_type, update.shelved_until) == (opened.id, "update", None)
    assert station.panel.message("st-01").fault == "ON"
    assert station.panel.shelved() == {}


def test_an_alarm_opens_shelved_when_its_kind_is_and_closes_as_any_other() -> None:
    station = PanelStation()
    assert station.panel.shelve(station="st-01", kind="reconstruction", minutes=1000, comment="calibration") == []
    (opened,) = station.feed(EXCEEDING, EXCEEDING)
    assert (opened.shelved_until, opened.comment) == (rfc3339(START + 60_000), "calibration")
    assert station.panel.message("st-01").fault == "OFF"
    station.feed_levels(4000.0, 4000.0)
    assert station.panel.message("st-01").alarm == "ON"  # another kind
    assert types(station.feed(*[QUIET] * 4)) == ["close"]


def test_shelving_for_no_minutes_ends_the_shelving() -> None:
    station = PanelStation()
    station.feed(EXCEEDING, EXCEEDING)
    assert station.panel.shelve(station="st-01", kind="reconstruction", minutes=0) == []
    station.panel.shelve(station="st-01", kind="reconstruction", minutes=5)
    (update,) = station.panel.shelve(station="st-01", kind="reconstruction", minutes=0)
    assert update.shelved_until is None
    assert station.panel.message("st-01").fault == "ON"


def test_an_alarm_that_does_not_stand_cannot_be_shelved_by_its_id() -> None:
    with pytest.raises(RequestError, match='id: got "x", expected an alarm that stands: none does'):
        PanelStation().panel.shelve("x", minutes=5)


# ---- labels ---------------------------------------------------------------------------------------------------


def test_a_label_is_returned_once_and_again_when_the_alarm_closes() -> None:
    station = PanelStation()
    (opened,) = station.feed(EXCEEDING, EXCEEDING)
    station.panel.acknowledge(opened.id)  # seen, and not labelled
    assert station.panel.labels() == []
    station.panel.acknowledge(opened.id, label="fault", comment="wet")
    (row,) = station.panel.labels()
    assert (row.alarm_id, row.kind, row.label, row.comment) == (opened.id, "reconstruction", "fault", "wet")
    assert (row.opened, row.closed) == (opened.opened, None)
    assert station.panel.labels() == []
    station.panel.acknowledge(opened.id)  # labels nothing, and takes nothing back
    assert station.panel.standing()[0].label == "fault"
    (closed,) = station.feed(*[QUIET] * 4)
    (row,) = station.panel.labels()
    assert (row.label, row.comment, row.closed) == ("fault", "wet", closed.closed)


def test_an_alarm_that_closes_is_returned_although_nobody_labelled_it() -> None:
    station = PanelStation()
    (opened, closed) = station.feed(EXCEEDING, EXCEEDING, *[QUIET] * 4)
    (row,) = station.panel.labels()
    assert (row.alarm_id, row.label, row.comment, row.closed) == (opened.id, None, None, closed.closed)


def test_a_duration_spans_the_readings_own_times_and_the_gateways_time_since() -> None:
    station = PanelStation()  # its readings are a minute apart, though they come every second
    (opened,) = station.feed(EXCEEDING, EXCEEDING)
    assert opened.duration_s is None
    assert msgspec.to_builtins(opened)["duration_s"] is None
    station.feed(EXCEEDING)
    station.clock.time += 5
    (update,) = station.panel.acknowledge(opened.id)
    assert update.duration_s == 65.0
    (closed,) = station.feed(*[QUIET] * 3)
    assert closed.duration_s == 240.0
