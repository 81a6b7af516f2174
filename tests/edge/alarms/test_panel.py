"""Alarms open on m of n, hold, clear, latch, repeat, are put aside and acknowledged, whatever restarts come between."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.settings.alarms import AlarmOverride, AlarmRule, Alarms, MethaneAlarm, StaleAlarm
from edge.alarms.active_alarm import UPDATE_EVERY
from edge.alarms.event import Event
from edge.alarms.panel import AlarmPanel
from edge.clock import rfc3339
from edge.errors import RequestError
from edge.scoring.verdict import Consistency, Methane, Reconstruction, Verdict

START = 1_790_000_000.0
THRESHOLD = 3.0
THRESHOLDS = {"methane": THRESHOLD, "consistency": THRESHOLD, "reconstruction": THRESHOLD}
QUICK = AlarmRule(m_of_n=(2, 3), clear_after=3, deadband=0.5, hold=4, repeat=3600.0)
EXCEEDING, BETWEEN, QUIET = 3.2, 2.7, 0.4  # the deadband ends at 2.5


class Hands:
    """A clock that stands until it is set; the monotonic one begins anew with every start of the machine."""

    def __init__(self) -> None:
        self.time = 0.0
        self.started = 0.0

    def now(self) -> float:
        return START + self.time

    def monotonic(self) -> float:
        return self.time - self.started


class Station:
    """A station whose verdicts go to a panel, one second a reading."""

    def __init__(self, rule: AlarmRule = QUICK, *, enhancement: float = 1000.0, limit: float | None = None) -> None:
        self.clock = Hands()
        self.rules = Alarms(default=rule, methane=MethaneAlarm(enhancement_ppb=enhancement, limit_ppb=limit))
        self.panel = AlarmPanel(self.rules, self.clock)
        self.journal: dict[str, bytes | None] = {}
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

    def keep(self) -> None:
        """Journal what has changed, and nothing else."""
        for name in self.panel.changed():
            self.journal[name] = self.panel.snapshot(name)

    def restart(self) -> None:
        """Begin again with what is journalled, as after ``kill -9`` and a reboot."""
        self.keep()
        self.clock.started = self.clock.time - 7.0
        self.panel = AlarmPanel(self.rules, self.clock)
        for name, written in self.journal.items():
            if written is not None:
                self.panel.restore(name, written)

    def smell(self, *levels: float, by: str = "enhancement", least: float = 3000.0) -> list[Event]:
        events = []
        for level in levels:
            exceeds = ("methane",) if level >= least else ()
            verdict = self.verdict(level=level, exceeds=exceeds, by=by if exceeds else None)
            events += self.panel.observe(verdict, THRESHOLDS)
        return events

    def sense(self, *scores: float, **gas: Any) -> list[Event]:
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
    rules = Alarms(default=QUICK, reconstruction=AlarmOverride(m_of_n=(1, 1)))
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


# ---- a silent station ------------------------------------------------------------------------------------------------


def test_a_silent_station_is_a_fault_without_a_score_until_it_is_heard() -> None:
    station = Station()
    (opened,) = station.panel.silent("st-01", n=7, bundle="0123456789ab")
    assert (opened.kind, opened.event_type, opened.score, opened.p) == ("stale", "open", None, None)
    assert opened.id == "st-01-stale-20260921T141320.000Z-7"
    assert (station.panel.message("st-01").alarm, station.panel.message("st-01").fault) == ("OFF", "ON")
    assert station.panel.silent("st-01", n=7, bundle="0123456789ab") == []
    station.clock.time += 90
    (closed,) = station.panel.heard("st-01")
    assert (closed.id, closed.event_type, closed.closed) == (opened.id, "close", rfc3339(START + 90))
    assert closed.duration_s == 90.0
    assert station.panel.message("st-01").fault == "OFF"
    assert station.panel.heard("st-01") == []


def test_readings_neither_raise_nor_clear_staleness() -> None:
    station = Station()
    station.panel.silent("st-01", n=0, bundle="b")
    assert types(station.feed(EXCEEDING, EXCEEDING, *[QUIET] * 50)) == ["open", "close"]
    assert [event.kind for event in station.panel.standing()] == ["stale"]
    assert not station.panel.stands("st-01")


def test_a_latched_silence_stands_until_it_is_over_and_acknowledged() -> None:
    station = Station()
    station.rules = Alarms(default=QUICK, stale=StaleAlarm(latch=True, repeat=60.0))
    station.restart()
    (opened,) = station.panel.silent("st-01", n=1, bundle="b")
    assert station.panel.heard("st-01") == []
    assert station.panel.silent("st-01", n=2, bundle="b") == []  # the same alarm: nobody has seen it yet
    station.clock.time += 60
    (reminder,) = station.panel.tick()
    assert (reminder.id, reminder.event_type, reminder.count) == (opened.id, "update", 2)
    assert types(station.panel.acknowledge(opened.id)) == ["update"]  # but it is silent now
    assert types(station.panel.heard("st-01")) == ["close"]


# ---- put aside -------------------------------------------------------------------------------------------------------


def test_what_is_put_aside_stands_without_counting_until_its_time_is_over() -> None:
    station = Station()
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
    station = Station()
    assert station.panel.shelve(station="st-01", kind="reconstruction", minutes=1000, comment="calibration") == []
    (opened,) = station.feed(EXCEEDING, EXCEEDING)
    assert (opened.shelved_until, opened.comment) == (rfc3339(START + 60_000), "calibration")
    assert station.panel.message("st-01").fault == "OFF"
    station.smell(4000.0, 4000.0)
    assert station.panel.message("st-01").alarm == "ON"  # another kind
    assert types(station.feed(*[QUIET] * 4)) == ["close"]


def test_shelving_for_no_minutes_takes_up_again() -> None:
    station = Station()
    station.feed(EXCEEDING, EXCEEDING)
    assert station.panel.shelve(station="st-01", kind="reconstruction", minutes=0) == []
    station.panel.shelve(station="st-01", kind="reconstruction", minutes=5)
    (update,) = station.panel.shelve(station="st-01", kind="reconstruction", minutes=0)
    assert update.shelved_until is None
    assert station.panel.message("st-01").fault == "ON"


def test_an_alarm_that_does_not_stand_cannot_be_shelved_by_its_id() -> None:
    with pytest.raises(RequestError, match='id: got "x", expected an alarm that stands: none does'):
        Station().panel.shelve("x", minutes=5)


# ---- what was said ---------------------------------------------------------------------------------------------------


def test_what_somebody_says_is_handed_out_once_and_again_when_the_alarm_closes() -> None:
    station = Station()
    (opened,) = station.feed(EXCEEDING, EXCEEDING)
    station.panel.acknowledge(opened.id)  # seen, and nothing said
    assert station.panel.labels() == []
    station.panel.acknowledge(opened.id, label="fault", comment="wet")
    (said,) = station.panel.labels()
    assert (said.alarm_id, said.kind, said.label, said.comment) == (opened.id, "reconstruction", "fault", "wet")
    assert (said.opened, said.closed) == (opened.opened, None)
    assert station.panel.labels() == []
    station.panel.acknowledge(opened.id)  # says nothing, and takes nothing back
    assert station.panel.standing()[0].label == "fault"
    (closed,) = station.feed(*[QUIET] * 4)
    (said,) = station.panel.labels()
    assert (said.label, said.comment, said.closed) == ("fault", "wet", closed.closed)


def test_an_alarm_that_closes_is_handed_out_although_nobody_said_anything_about_it() -> None:
    station = Station()
    (opened, closed) = station.feed(EXCEEDING, EXCEEDING, *[QUIET] * 4)
    (row,) = station.panel.labels()
    assert (row.alarm_id, row.label, row.comment, row.closed) == (opened.id, None, None, closed.closed)


def test_how_long_an_alarm_lasted_is_told_by_the_times_of_its_readings_and_of_ours_since() -> None:
    station = Station()  # its readings are a minute apart, though they come every second
    (opened,) = station.feed(EXCEEDING, EXCEEDING)
    assert opened.duration_s is None
    assert "duration_s" not in msgspec.to_builtins(opened)
    station.feed(EXCEEDING)
    station.clock.time += 5
    (update,) = station.panel.acknowledge(opened.id)
    assert update.duration_s == 65.0
    (closed,) = station.feed(*[QUIET] * 3)
    assert closed.duration_s == 240.0


# ---- restarts --------------------------------------------------------------------------------------------------------


def test_an_alarm_that_stood_before_a_restart_is_the_same_after_it() -> None:
    station = Station()
    (opened,) = station.feed(EXCEEDING, 5.0)
    station.panel.acknowledge(opened.id, label="plume")
    before = station.panel.message("st-01")
    station.restart()
    assert station.panel.message("st-01") == before
    (closed,) = station.feed(*[QUIET] * 4)
    assert (closed.id, closed.peak.score, closed.count, closed.label) == (opened.id, 5.0, 2, "plume")


def test_exceedances_before_a_restart_count_with_those_after_it() -> None:
    station = Station(AlarmRule(m_of_n=(3, 4)))
    station.feed(EXCEEDING, QUIET, EXCEEDING)
    station.restart()
    (opened,) = station.feed(EXCEEDING)
    assert opened.count == 3


def test_a_reminder_is_not_put_off_by_a_restart() -> None:
    station = Station()
    station.feed(EXCEEDING, EXCEEDING)
    station.clock.time += QUICK.repeat - 1
    station.restart()
    assert station.panel.tick() == []
    station.clock.time += 1
    assert types(station.panel.tick()) == ["update"]


def test_a_clock_that_is_set_back_over_a_restart_neither_silences_nor_ages_an_alarm() -> None:
    station = Station()
    (opened,) = station.feed(EXCEEDING, EXCEEDING)
    station.keep()
    station.clock.time -= 1e6  # a machine without a battery, before it has heard the time
    station.restart()
    station.clock.time += QUICK.repeat
    (update,) = station.panel.tick()
    assert (update.id, update.duration_s) == (opened.id, QUICK.repeat)


def test_nothing_is_remembered_of_a_station_with_nothing_to_remember() -> None:
    station = Station()
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
    | st.sampled_from(["tick", "acknowledge", "shelve", "silent", "heard", "restart"]),
    max_size=80,
)
_RULES = st.builds(
    lambda n, m, clear, hold, latch: AlarmRule(m_of_n=(min(m, n), n), clear_after=clear, hold=hold, latch=latch),
    st.integers(1, 5), st.integers(1, 5), st.integers(1, 5), st.integers(1, 8), st.booleans(),
)  # fmt: skip


def play(station: Station, steps: list[Any]) -> list[Event]:
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
        elif step == "silent":
            events += panel.silent("st-01", n=station.n, bundle="0123456789ab")
        elif step == "heard":
            station.n += 1
            events += panel.heard("st-01")
        elif step == "restart":
            station.restart()
        else:
            events += station.feed(step)
        station.keep()
    return events


@given(_RULES, _STEPS)
def test_every_alarm_opens_once_and_closes_at_most_once_with_updates_in_between(
    rule: AlarmRule, steps: list[Any]
) -> None:
    station = Station(rule)
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
    unbroken, broken = Station(rule), Station(rule)
    expected = play(unbroken, [step for step in steps if step != "restart"])
    assert play(broken, steps) == expected
    assert broken.panel.message("st-01") == unbroken.panel.message("st-01")
    assert broken.panel.shelved() == unbroken.panel.shelved()


@given(_RULES, _STEPS)
def test_every_alarm_closes_after_enough_quiet_readings_and_a_latched_one_once_acknowledged(
    rule: AlarmRule, steps: list[Any]
) -> None:
    station = Station(rule)
    play(station, [*steps, "heard"])
    before = station.panel.standing()
    station.feed(*[QUIET] * (rule.hold + rule.clear_after))
    left = station.panel.standing()
    assert [event.id for event in left] == [event.id for event in before if rule.latch and not event.acknowledged]
    play(station, ["acknowledge"])
    assert station.panel.standing() == []
