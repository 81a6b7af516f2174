"""Alarms open on m of n, hold, clear, latch and repeat."""

from __future__ import annotations

import msgspec
import pytest

from config.settings.alarms import AlarmOverride, AlarmRule, Alarms
from edge.alarms.active_alarm import UPDATE_EVERY
from edge.alarms.panel import AlarmPanel
from edge.clock import rfc3339
from edge.errors import RequestError
from edge.scoring.verdict import Consistency
from tests.edge.alarms.panel_station import BETWEEN, EXCEEDING, QUICK, QUIET, START, THRESHOLDS, PanelStation, types


def test_an_alarm_opens_when_m_of_the_last_n_readings_exceed() -> None:
    station = PanelStation()
    assert station.feed(EXCEEDING, QUIET, QUIET, EXCEEDING, QUIET, QUIET) == []
    assert types(station.feed(EXCEEDING, QUIET, EXCEEDING)) == ["open"]


def test_an_open_event_describes_what_opened_it() -> None:
    station = PanelStation()
    (event,) = station.feed(5.0, 3.5)
    assert msgspec.json.decode(msgspec.json.encode(event)) == {
        "event_type": "open",
        "id": f"st-01-reconstruction-{event.id.split('-', 3)[3]}",
        "station": "st-01",
        "kind": "reconstruction",
        "by": None,
        "ts": rfc3339(START + 120),
        "opened": rfc3339(START + 120),
        "closed": None,
        "score": 3.5,
        "p": 10**-3.5,
        "peak": {"ts": rfc3339(START + 60), "score": 5.0, "p": 1e-5, "level_ppb": None, "unit": None, "level": None},
        "culprit": None,
        "contributions": {"rmq4_ohm": 0.25},
        "count": 2,
        "acknowledged": False,
        "shelved_until": None,
        "bundle": "0123456789ab",
        "historical": False,
        "duration_s": None,
        "label": None,
        "comment": None,
        "closed_because": None,
        "advice": None,
    }
    assert event.id == "st-01-reconstruction-20260921T141322.000Z-2"


def test_an_alarm_closes_after_enough_quiet_readings_in_a_row_under_the_same_id() -> None:
    station = PanelStation()
    (opened,) = station.feed(EXCEEDING, EXCEEDING)
    assert station.feed(QUIET, QUIET, EXCEEDING, QUIET, QUIET, BETWEEN, QUIET, QUIET) == []
    (closed,) = station.feed(QUIET)
    assert closed.event_type == "close"
    assert (closed.id, closed.opened) == (opened.id, opened.opened)
    assert closed.closed == closed.ts == rfc3339(START + 60 * station.n)
    assert closed.count == 3
    assert closed.peak.score == EXCEEDING
    assert closed.score == QUIET
    assert closed.closed_because == "cleared"
    assert station.panel.standing() == []


def test_an_alarm_is_held_for_the_least_number_of_readings() -> None:
    station = PanelStation(AlarmRule(m_of_n=(1, 1), clear_after=2, hold=6))
    station.feed(EXCEEDING)
    assert station.feed(*[QUIET] * 5) == []
    assert types(station.feed(QUIET)) == ["close"]


def test_a_score_inside_the_deadband_neither_raises_nor_clears() -> None:
    station = PanelStation()
    station.feed(EXCEEDING, EXCEEDING)
    assert station.feed(*[BETWEEN] * 50) == []
    assert types(station.feed(QUIET, QUIET, QUIET)) == ["close"]
    assert station.feed(*[BETWEEN] * 50) == []


def test_a_deadband_wider_than_the_threshold_still_lets_go() -> None:
    station = PanelStation(AlarmRule(m_of_n=(1, 1), clear_after=2, hold=1, deadband=5.0))
    station.feed(EXCEEDING)
    assert station.feed(1.6, 1.6, 1.6) == []
    assert types(station.feed(1.4, 1.4)) == ["close"]


def test_a_reading_without_a_score_neither_raises_nor_clears() -> None:
    station = PanelStation()
    assert types(station.feed(EXCEEDING, None, None, None, EXCEEDING)) == ["open"]
    assert station.feed(QUIET, QUIET, *[None] * 20) == []
    assert station.feed(QUIET) == []  # the hold
    assert types(station.feed(QUIET)) == ["close"]


def test_exceedances_before_an_alarm_do_not_reopen_it() -> None:
    station = PanelStation(AlarmRule(m_of_n=(2, 9), clear_after=1, hold=1))
    assert types(station.feed(EXCEEDING, EXCEEDING, QUIET)) == ["open", "close"]
    assert station.feed(EXCEEDING) == []
    assert types(station.feed(EXCEEDING)) == ["open"]


def test_stations_and_kinds_have_their_own_alarms() -> None:
    station = PanelStation()
    station.feed(EXCEEDING, EXCEEDING, station="st-02")
    station.feed(EXCEEDING)
    assert [event.station for event in station.panel.standing()] == ["st-02"]
    station.feed_levels(4000.0, 4000.0)
    assert [(event.station, event.kind) for event in station.panel.standing()] == [
        ("st-02", "reconstruction"), ("st-01", "methane"),
    ]  # fmt: skip
    assert [event.kind for event in station.panel.standing("st-01")] == ["methane"]


def test_each_kind_follows_its_own_rule() -> None:
    rules = Alarms(default=QUICK, reconstruction=AlarmOverride(m_of_n=(1, 1)))
    station = PanelStation()
    station.panel = AlarmPanel(rules, station.clock)
    assert types(station.feed_levels(4000.0)) == []
    assert types(station.feed(EXCEEDING)) == ["open"]


def test_a_latched_alarm_stays_until_it_is_acknowledged() -> None:
    station = PanelStation(msgspec.structs.replace(QUICK, latch=True))
    (opened,) = station.feed(EXCEEDING, EXCEEDING)
    assert station.feed(*[QUIET] * 50) == []
    update, close = station.panel.acknowledge(opened.id, label="plume", comment="digester valve")
    assert (update.event_type, close.event_type) == ("update", "close")
    assert update.acknowledged
    assert (close.label, close.comment, close.id) == ("plume", "digester valve", opened.id)
    assert station.panel.standing() == []


def test_a_latched_alarm_acknowledged_early_closes_when_it_is_over() -> None:
    station = PanelStation(msgspec.structs.replace(QUICK, latch=True))
    station.feed(EXCEEDING, EXCEEDING)
    assert types(station.panel.acknowledge(station="st-01", kind="reconstruction")) == ["update"]
    assert types(station.feed(*[QUIET] * 50)) == ["close"]


def test_acknowledging_what_does_not_stand_is_refused_with_what_does() -> None:
    station = PanelStation()
    with pytest.raises(RequestError, match='id: got "x", expected an alarm that stands: none does'):
        station.panel.acknowledge("x")
    (opened,) = station.feed(EXCEEDING, EXCEEDING)
    with pytest.raises(RequestError, match=rf"station, kind: got .*: {opened.id}"):
        station.panel.acknowledge(station="st-01", kind="methane")
    with pytest.raises(RequestError, match="neither an id nor a station"):
        station.panel.acknowledge(station="st-01")
    assert not station.panel.standing()[0].acknowledged


def test_a_standing_alarm_is_repeated_whether_readings_come_or_not() -> None:
    station = PanelStation()
    station.feed(EXCEEDING, EXCEEDING)
    station.clock.time += QUICK.repeat - 1
    assert station.panel.tick() == []
    station.clock.time += 1
    (update,) = station.panel.tick()
    assert (update.event_type, update.ts) == ("update", rfc3339(station.clock.now()))
    assert station.panel.tick() == []
    station.clock.time += QUICK.repeat
    assert types(station.feed(EXCEEDING)) == ["update"]


def test_a_repeat_of_zero_is_never() -> None:
    station = PanelStation(msgspec.structs.replace(QUICK, repeat=0.0))
    station.feed(EXCEEDING, EXCEEDING)
    station.clock.time += 1e6
    assert station.panel.tick() == []


def test_a_peak_is_published_when_it_is_news_and_not_too_often() -> None:
    station = PanelStation()
    station.feed(EXCEEDING, EXCEEDING)
    station.clock.time += UPDATE_EVERY
    assert station.feed(EXCEEDING + 0.9) == []  # higher, but no news
    (update,) = station.feed(EXCEEDING + 1.0)
    assert (update.event_type, update.peak.score) == ("update", EXCEEDING + 1.0)
    assert station.feed(8.0, 9.0, 10.0) == []  # news, but too soon
    station.clock.time += UPDATE_EVERY
    (update,) = station.panel.tick()
    assert (update.peak.score, update.score, update.count) == (10.0, 10.0, 7)


def test_methane_opens_by_level_and_clears_a_tenth_of_the_enhancement_below_it() -> None:
    station = PanelStation()
    (opened,) = station.feed_levels(3600.0, 3400.0)
    assert (opened.kind, opened.by, opened.score, opened.p) == ("methane", "enhancement", None, None)
    assert opened.peak.level_ppb == 3600.0
    assert opened.contributions == {}
    assert station.feed_levels(*[2900.0] * 50) == []
    assert types(station.feed_levels(*[2899.9] * 3)) == ["close"]


def test_methane_by_limit_clears_below_the_limit() -> None:
    station = PanelStation(limit=2500.0)
    (opened,) = station.feed_levels(2600.0, 2600.0, by="limit", least=2500.0)
    assert opened.by == "limit"
    assert station.feed_levels(*[2400.0] * 50, least=2500.0) == []
    assert types(station.feed_levels(*[2399.0] * 3, least=2500.0)) == ["close"]


def test_methane_by_onset_opens_and_clears_without_a_level() -> None:
    station = PanelStation()
    (opened,) = station.feed_onsets(3.5, EXCEEDING, unit="[ppb]", virtual=5000.0, sd=800.0)
    assert (opened.kind, opened.by, opened.score) == ("methane", "onset", EXCEEDING)
    assert (opened.peak.score, opened.peak.level_ppb) == (3.5, None)
    assert station.feed_onsets(*[BETWEEN] * 50) == []  # the virtual level is not back yet
    assert types(station.feed_onsets(*[QUIET] * 3)) == ["close"]


def test_methane_is_over_when_both_the_level_and_the_onset_have_cleared() -> None:
    station = PanelStation()
    gas = {"level": 2400.0, "background": 2000.0}
    assert types(station.feed_onsets(EXCEEDING, EXCEEDING, **gas)) == ["open"]
    assert station.feed_onsets(*[BETWEEN] * 50, **gas) == []
    assert station.feed_onsets(*[QUIET] * 50, **gas | {"level": 2950.0}) == []
    assert types(station.feed_onsets(*[QUIET] * 3, **gas)) == ["close"]


def test_an_onset_that_grows_ten_times_less_likely_is_news() -> None:
    station = PanelStation()
    station.feed_onsets(EXCEEDING, EXCEEDING)
    station.clock.time += UPDATE_EVERY
    assert station.feed_onsets(EXCEEDING + 0.9) == []
    assert types(station.feed_onsets(EXCEEDING + 1.0)) == ["update"]


def test_a_consistency_alarm_names_the_culprit_of_its_strangest_reading() -> None:
    station = PanelStation()
    events = []
    for score, culprit in ((3.1, "rmq4_ohm"), (9.0, "r2600_ohm"), (4.0, "rmq4_ohm")):
        part = Consistency(score=score, p=10**-score, culprit=culprit, contributions={culprit: score})
        events += station.panel.observe(station.verdict(consistency=part, exceeds=("consistency",)), THRESHOLDS)
    (opened,) = events
    assert (opened.kind, opened.culprit, opened.contributions) == ("consistency", "r2600_ohm", {"r2600_ohm": 9.0})
    assert station.panel.message("st-01").fault == "ON"


def test_the_threshold_in_force_decides_what_clears() -> None:
    station = PanelStation()
    station.feed(EXCEEDING, EXCEEDING)
    strict = THRESHOLDS | {"reconstruction": 4.0}
    events = []
    for _ in range(QUICK.hold):
        events += station.panel.observe(station.verdict(3.4, exceeds=()), strict)
    assert types(events) == ["close"]


def test_the_reason_of_a_methane_alarm_is_that_of_its_peak() -> None:
    station = PanelStation()
    station.feed_levels(3100.0, 3100.0)
    station.feed_levels(9000.0, by="limit")
    station.feed_levels(3100.0)
    (standing,) = station.panel.standing()
    assert (standing.by, standing.peak.level_ppb) == ("limit", 9000.0)


def test_the_retained_message_lists_what_stands() -> None:
    station = PanelStation()
    assert msgspec.json.decode(msgspec.json.encode(station.panel.message("st-01"))) == {
        "station": "st-01", "alarm": "OFF", "fault": "OFF", "standing": [], "ts": rfc3339(START),
    }  # fmt: skip
    station.feed(EXCEEDING, EXCEEDING)
    message = station.panel.message("st-01")
    assert (message.alarm, message.fault) == ("OFF", "ON")
    station.feed_levels(4000.0, 4000.0)
    message = station.panel.message("st-01")
    assert (message.alarm, message.fault) == ("ON", "ON")
    assert [event.kind for event in message.standing] == ["reconstruction", "methane"]
    assert station.panel.message("st-02").alarm == "OFF"
