"""Alarms open on m of n, hold, clear, latch and repeat; never two opens without a close."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.alarms import AlarmChange, AlarmRule, Alarms, MethaneAlarm
from edge.alarm import UPDATE_EVERY, AlarmPanel
from edge.clock import rfc3339
from edge.errors import RequestError
from edge.event import Event
from edge.verdict import Consistency, Methane, Reconstruction, Verdict

START = 1_790_000_000.0
THRESHOLD = 3.0
THRESHOLDS = {"methane": THRESHOLD, "consistency": THRESHOLD, "reconstruction": THRESHOLD}
QUICK = AlarmRule(m_of_n=(2, 3), clear_after=3, deadband=0.5, hold=4, repeat=3600.0)
EXCEEDING, BETWEEN, QUIET = 3.2, 2.7, 0.4  # the deadband ends at 2.5


class Hands:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return START + self.time

    def monotonic(self) -> float:
        return self.time


class Station:
    """A station whose verdicts go to a panel, one second a reading."""

    def __init__(self, rule: AlarmRule = QUICK, *, enhancement: float = 1000.0, limit: float | None = None) -> None:
        self.clock = Hands()
        rules = Alarms(default=rule, methane=MethaneAlarm(enhancement_ppb=enhancement, limit_ppb=limit))
        self.panel = AlarmPanel(rules, self.clock)
        self.n = 0

    def verdict(self, score: float | None = None, level: float | None = None, **changes: Any) -> Verdict:
        self.n += 1
        self.clock.time += 1.0
        exceeds = changes.pop("exceeds", ("reconstruction",) if score is not None and score >= THRESHOLD else ())
        return Verdict(
            station=changes.pop("station", "st-01"),
            n=self.n,
            ts=rfc3339(START + 60 * self.n),
            received=rfc3339(self.clock.now()),
            reconstruction=None if score is None else Reconstruction(score=score, p=10**-score, error=score / 10),
            methane=changes.pop("methane", None if level is None else Methane(level_ppb=level, background_ppb=2000.0)),
            exceeds=exceeds,
            contributions={} if score is None else {"rmq4_ohm": score / 20},
            state="alarm" if exceeds else "ok",
            bundle="0123456789ab",
            **changes,
        )

    def feed(self, *scores: float | None, **changes: Any) -> list[Event]:
        return [event for score in scores for event in self.panel.observe(self.verdict(score, **changes), THRESHOLDS)]

    def smell(self, *levels: float, by: str = "enhancement", least: float = 3000.0) -> list[Event]:
        events = []
        for level in levels:
            exceeds = ("methane",) if level >= least else ()
            verdict = self.verdict(level=level, exceeds=exceeds, by=by if exceeds else None)
            events += self.panel.observe(verdict, THRESHOLDS)
        return events

    def sense(self, *scores: float, **gas: float) -> list[Event]:
        """Onsets, with what else is known of the gas."""
        events = []
        for score in scores:
            exceeds = ("methane",) if score >= THRESHOLD else ()
            methane = Methane(score=score, p=10**-score, **gas)
            verdict = self.verdict(methane=methane, exceeds=exceeds, by="onset" if exceeds else None)
            events += self.panel.observe(verdict, THRESHOLDS)
        return events


def types(events: list[Event]) -> list[str]:
    return [event.event_type for event in events]


def test_an_alarm_opens_when_m_of_the_last_n_readings_exceed() -> None:
    station = Station()
    assert station.feed(EXCEEDING, QUIET, QUIET, EXCEEDING, QUIET, QUIET) == []
    assert types(station.feed(EXCEEDING, QUIET, EXCEEDING)) == ["open"]


def test_an_open_event_says_what_opened_it() -> None:
    station = Station()
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
        "peak": {"ts": rfc3339(START + 60), "score": 5.0, "p": 1e-5, "level_ppb": None},
        "culprit": None,
        "contributions": {"rmq4_ohm": 0.25},
        "count": 2,
        "acknowledged": False,
        "shelved_until": None,
        "bundle": "0123456789ab",
        "historical": False,
    }
    assert event.id == "st-01-reconstruction-20260921T141322.000Z-2"


def test_an_alarm_closes_after_enough_quiet_readings_in_a_row_under_the_same_id() -> None:
    station = Station()
    (opened,) = station.feed(EXCEEDING, EXCEEDING)
    assert station.feed(QUIET, QUIET, EXCEEDING, QUIET, QUIET, BETWEEN, QUIET, QUIET) == []
    (closed,) = station.feed(QUIET)
    assert closed.event_type == "close"
    assert (closed.id, closed.opened) == (opened.id, opened.opened)
    assert closed.closed == closed.ts == rfc3339(START + 60 * station.n)
    assert closed.count == 3
    assert closed.peak.score == EXCEEDING
    assert closed.score == QUIET
    assert station.panel.standing() == []


def test_an_alarm_is_held_for_the_least_number_of_readings() -> None:
    station = Station(AlarmRule(m_of_n=(1, 1), clear_after=2, hold=6))
    station.feed(EXCEEDING)
    assert station.feed(*[QUIET] * 5) == []
    assert types(station.feed(QUIET)) == ["close"]


def test_a_score_inside_the_deadband_neither_raises_nor_clears() -> None:
    station = Station()
    station.feed(EXCEEDING, EXCEEDING)
    assert station.feed(*[BETWEEN] * 50) == []
    assert types(station.feed(QUIET, QUIET, QUIET)) == ["close"]
    assert station.feed(*[BETWEEN] * 50) == []


def test_a_deadband_wider_than_the_threshold_still_lets_go() -> None:
    station = Station(AlarmRule(m_of_n=(1, 1), clear_after=2, hold=1, deadband=5.0))
    station.feed(EXCEEDING)
    assert station.feed(1.6, 1.6, 1.6) == []
    assert types(station.feed(1.4, 1.4)) == ["close"]


def test_a_reading_without_a_score_neither_raises_nor_clears() -> None:
    station = Station()
    assert types(station.feed(EXCEEDING, None, None, None, EXCEEDING)) == ["open"]
    assert station.feed(QUIET, QUIET, *[None] * 20) == []
    assert station.feed(QUIET) == []  # the hold
    assert types(station.feed(QUIET)) == ["close"]


def test_a_late_reading_is_passed_over() -> None:
    station = Station(AlarmRule(m_of_n=(1, 1)))
    assert station.feed(EXCEEDING, late=True) == []


def test_exceedances_before_an_alarm_do_not_reopen_it() -> None:
    station = Station(AlarmRule(m_of_n=(2, 9), clear_after=1, hold=1))
    assert types(station.feed(EXCEEDING, EXCEEDING, QUIET)) == ["open", "close"]
    assert station.feed(EXCEEDING) == []
    assert types(station.feed(EXCEEDING)) == ["open"]


def test_stations_and_kinds_have_their_own_alarms() -> None:
    station = Station()
    station.feed(EXCEEDING, EXCEEDING, station="st-02")
    station.feed(EXCEEDING)
    assert [event.station for event in station.panel.standing()] == ["st-02"]
    station.smell(4000.0, 4000.0)
    assert [(event.station, event.kind) for event in station.panel.standing()] == [
        ("st-02", "reconstruction"), ("st-01", "methane"),
    ]  # fmt: skip
    assert [event.kind for event in station.panel.standing("st-01")] == ["methane"]


def test_each_kind_follows_its_own_rule() -> None:
    rules = Alarms(default=QUICK, reconstruction=AlarmChange(m_of_n=(1, 1)))
    station = Station()
    station.panel = AlarmPanel(rules, station.clock)
    assert types(station.smell(4000.0)) == []
    assert types(station.feed(EXCEEDING)) == ["open"]


def test_a_latched_alarm_stays_until_it_is_acknowledged() -> None:
    station = Station(msgspec.structs.replace(QUICK, latch=True))
    (opened,) = station.feed(EXCEEDING, EXCEEDING)
    assert station.feed(*[QUIET] * 50) == []
    update, close = station.panel.acknowledge(opened.id, label="plume", comment="digester valve")
    assert (update.event_type, close.event_type) == ("update", "close")
    assert update.acknowledged
    assert (close.label, close.comment, close.id) == ("plume", "digester valve", opened.id)
    assert station.panel.standing() == []


def test_a_latched_alarm_acknowledged_early_closes_when_it_is_over() -> None:
    station = Station(msgspec.structs.replace(QUICK, latch=True))
    station.feed(EXCEEDING, EXCEEDING)
    assert types(station.panel.acknowledge(station="st-01", kind="reconstruction")) == ["update"]
    assert types(station.feed(*[QUIET] * 50)) == ["close"]


def test_acknowledging_what_does_not_stand_is_refused_with_what_does() -> None:
    station = Station()
    with pytest.raises(RequestError, match='id: got "x", expected an alarm that stands: none does'):
        station.panel.acknowledge("x")
    (opened,) = station.feed(EXCEEDING, EXCEEDING)
    with pytest.raises(RequestError, match=rf"station, kind: got .*: {opened.id}"):
        station.panel.acknowledge(station="st-01", kind="methane")
    with pytest.raises(RequestError, match=r"label: got .*expected one of plume, fault, false"):
        station.panel.acknowledge(opened.id, label="gas")  # type: ignore[arg-type]
    with pytest.raises(RequestError, match="neither an id nor a station"):
        station.panel.acknowledge(station="st-01")
    assert not station.panel.standing()[0].acknowledged


def test_a_standing_alarm_is_repeated_whether_readings_come_or_not() -> None:
    station = Station()
    station.feed(EXCEEDING, EXCEEDING)
    station.clock.time += QUICK.repeat - 1
    assert station.panel.tick() == []
    station.clock.time += 1
    (update,) = station.panel.tick()
    assert (update.event_type, update.ts) == ("update", rfc3339(station.clock.now()))
    assert station.panel.tick() == []
    station.clock.time += QUICK.repeat
    assert types(station.feed(EXCEEDING)) == ["update"]


def test_a_repeat_of_zero_means_none() -> None:
    station = Station(msgspec.structs.replace(QUICK, repeat=0.0))
    station.feed(EXCEEDING, EXCEEDING)
    station.clock.time += 1e6
    assert station.panel.tick() == []


def test_a_peak_is_told_when_it_is_news_and_not_too_often() -> None:
    station = Station()
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
    station = Station()
    (opened,) = station.smell(3600.0, 3400.0)
    assert (opened.kind, opened.by, opened.score, opened.p) == ("methane", "enhancement", None, None)
    assert opened.peak.level_ppb == 3600.0
    assert opened.contributions == {}
    assert station.smell(*[2900.0] * 50) == []
    assert types(station.smell(*[2899.9] * 3)) == ["close"]


def test_methane_by_limit_clears_below_the_limit() -> None:
    station = Station(limit=2500.0)
    (opened,) = station.smell(2600.0, 2600.0, by="limit", least=2500.0)
    assert opened.by == "limit"
    assert station.smell(*[2400.0] * 50, least=2500.0) == []
    assert types(station.smell(*[2399.0] * 3, least=2500.0)) == ["close"]


def test_methane_by_onset_opens_and_clears_without_a_level() -> None:
    station = Station()
    (opened,) = station.sense(3.5, EXCEEDING, virtual_ppb=5000.0, sd_ppb=800.0)
    assert (opened.kind, opened.by, opened.score) == ("methane", "onset", EXCEEDING)
    assert (opened.peak.score, opened.peak.level_ppb) == (3.5, None)
    assert station.sense(*[BETWEEN] * 50) == []  # the virtual level is not back yet
    assert types(station.sense(*[QUIET] * 3)) == ["close"]


def test_methane_is_over_when_neither_the_level_nor_the_onset_says_otherwise() -> None:
    station = Station()
    gas = {"level_ppb": 2400.0, "background_ppb": 2000.0}
    assert types(station.sense(EXCEEDING, EXCEEDING, **gas)) == ["open"]
    assert station.sense(*[BETWEEN] * 50, **gas) == []
    assert station.sense(*[QUIET] * 50, **gas | {"level_ppb": 2950.0}) == []
    assert types(station.sense(*[QUIET] * 3, **gas)) == ["close"]


def test_an_onset_that_grows_ten_times_less_likely_is_news() -> None:
    station = Station()
    station.sense(EXCEEDING, EXCEEDING)
    station.clock.time += UPDATE_EVERY
    assert station.sense(EXCEEDING + 0.9) == []
    assert types(station.sense(EXCEEDING + 1.0)) == ["update"]


def test_a_consistency_alarm_names_the_culprit_of_its_strangest_reading() -> None:
    station = Station()
    events = []
    for score, culprit in ((3.1, "rmq4_ohm"), (9.0, "r2600_ohm"), (4.0, "rmq4_ohm")):
        part = Consistency(score=score, p=10**-score, culprit=culprit)
        events += station.panel.observe(station.verdict(consistency=part, exceeds=("consistency",)), THRESHOLDS)
    (opened,) = events
    assert (opened.kind, opened.culprit, opened.contributions) == ("consistency", "r2600_ohm", {})
    assert station.panel.message("st-01").fault == "ON"


def test_the_threshold_in_force_decides_what_is_quiet() -> None:
    station = Station()
    station.feed(EXCEEDING, EXCEEDING)
    strict = THRESHOLDS | {"reconstruction": 4.0}
    events = []
    for _ in range(QUICK.hold):
        events += station.panel.observe(station.verdict(3.4, exceeds=()), strict)
    assert types(events) == ["close"]


def test_the_reason_of_a_methane_alarm_is_that_of_its_peak() -> None:
    station = Station()
    station.smell(3100.0, 3100.0)
    station.smell(9000.0, by="limit")
    station.smell(3100.0)
    (standing,) = station.panel.standing()
    assert (standing.by, standing.peak.level_ppb) == ("limit", 9000.0)


def test_the_retained_message_says_what_stands() -> None:
    station = Station()
    assert msgspec.json.decode(msgspec.json.encode(station.panel.message("st-01"))) == {
        "station": "st-01", "alarm": "OFF", "fault": "OFF", "standing": [], "ts": rfc3339(START),
    }  # fmt: skip
    station.feed(EXCEEDING, EXCEEDING)
    message = station.panel.message("st-01")
    assert (message.alarm, message.fault) == ("OFF", "ON")
    station.smell(4000.0, 4000.0)
    message = station.panel.message("st-01")
    assert (message.alarm, message.fault) == ("ON", "ON")
    assert [event.kind for event in message.standing] == ["reconstruction", "methane"]
    assert station.panel.message("st-02").alarm == "OFF"


_STEPS = st.lists(
    st.sampled_from([EXCEEDING, BETWEEN, QUIET, None]) | st.floats(0, 12) | st.sampled_from(["tick", "acknowledge"]),
    max_size=80,
)
_RULES = st.builds(
    lambda n, m, clear, hold, latch: AlarmRule(m_of_n=(min(m, n), n), clear_after=clear, hold=hold, latch=latch),
    st.integers(1, 5), st.integers(1, 5), st.integers(1, 5), st.integers(1, 8), st.booleans(),
)  # fmt: skip


def play(station: Station, steps: list[Any]) -> list[Event]:
    events = []
    for step in steps:
        if step == "tick":
            station.clock.time += 1000.0
            events += station.panel.tick()
        elif step == "acknowledge":
            for standing in station.panel.standing():
                events += station.panel.acknowledge(standing.id)
        else:
            events += station.feed(step)
    return events


@given(_RULES, _STEPS)
def test_every_alarm_opens_once_and_closes_at_most_once_with_updates_in_between(
    rule: AlarmRule, steps: list[Any]
) -> None:
    station = Station(rule)
    standing: str | None = None
    seen: list[str] = []
    for event in play(station, steps):
        if event.event_type == "open":
            assert standing is None
            assert event.id not in seen
            assert event.count >= rule.m
            standing = event.id
            seen.append(event.id)
        assert event.id == standing
        assert (event.closed is not None) == (event.event_type == "close")
        if event.event_type == "close":
            standing = None
    assert [event.id for event in station.panel.standing()] == ([] if standing is None else [standing])
    assert seen == sorted(seen, key=lambda name: name.split("-")[3])


@given(_RULES, _STEPS)
def test_every_alarm_closes_after_enough_quiet_readings_and_a_latched_one_once_acknowledged(
    rule: AlarmRule, steps: list[Any]
) -> None:
    station = Station(rule)
    play(station, steps)
    before = station.panel.standing()
    station.feed(*[QUIET] * (rule.hold + rule.clear_after))
    left = station.panel.standing()
    assert [event.id for event in left] == [event.id for event in before if rule.latch and not event.acknowledged]
    play(station, ["acknowledge"])
    assert station.panel.standing() == []
