"""Whatever a station's clock does: its readings are scored, limits and ranges hold, and a leak raises an alarm."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from config.settings.alarms import Alarms, MethaneAlarm
from edge.alarms.event import Event
from edge.bundles.bundle import Bundle
from edge.clock import parse_time
from edge.mqtt.message import Message
from edge.readings.last_good import HOLD
from edge.scoring.verdict import Verdict
from tests.doubles import GOOD, FakeClock, FakeLink
from tests.edge.agent.test_pipeline import Run

START = 1_793_500_000.0  # 2026-11-01
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
LEAK = {"ch4_ppb": 10_000.0}  # 8,000 ppb above what the gas column shows without it
ROWS = (np.array(list(GOOD.values())) * np.random.default_rng(3).normal(1.0, 1e-3, (1200, len(GOOD)))).tolist()


class Station:
    """A station that sends a reading a minute, to a gateway that is restarted at will."""

    def __init__(self, bundle: Bundle, folder: Path, clock: FakeClock, **alarms: Any) -> None:
        self._bundle, self._folder, self._alarms = bundle, folder, Alarms(**alarms)
        self.clock = clock
        self.events: list[Event] = []
        self.sent = 0
        self.run = self._start()

    def _start(self) -> Run:
        path = self._folder / "journal.db"
        return Run(self._bundle, path, FakeLink(), self.clock, alarms=self._alarms, cadence=MINUTE)

    def restart(self) -> None:
        """Kill the agent, and start it again."""
        self.run.journal.close()
        self.run = self._start()

    def send(self, stamp: object, *, at: float, **channels: float) -> Verdict:
        """Send the next reading so that it arrives at a Unix time [s]; return its verdict."""
        (verdict,) = self.send_together([(stamp, channels)], at=at)
        return verdict

    def send_together(self, readings: Sequence[tuple[object, dict[str, float]]], *, at: float) -> list[Verdict]:
        """Send readings that arrive in one turn."""
        self.clock.time = at
        messages = []
        for stamp, channels in readings:
            body = dict(zip(GOOD, ROWS[self.sent], strict=True)) | channels
            self.sent += 1
            payload = json.dumps(body | {"ts": stamp, "seq": self.sent}).encode()
            messages.append(Message("sensors/st-1/readings", payload, qos=1, mid=self.sent, connection=1, received=at))
        results = self.run.take(*messages)
        self.events += results.events
        return results.verdicts

    def opened(self, kind: str) -> list[Event]:
        return [event for event in self.events if event.kind == kind and event.event_type == "open"]

    @property
    def problem(self) -> str | None:
        return self.run.stations["st-1"].health.problems.get("clock")


@pytest.fixture
def station(bundles: dict[str, Path], tmp_path: Path, fake_clock: FakeClock) -> Station:
    return Station(Bundle.open(bundles["ae"]), tmp_path, fake_clock, methane=MethaneAlarm(limit_ppb=5000.0))


def local(unix: float, offset: float) -> str:
    """A stamp in local time without its offset."""
    return datetime.fromtimestamp(unix + offset, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def arrivals(first: int, last: int) -> Iterator[float]:
    return (START + MINUTE * i + 0.3 for i in range(first, last))


def after_150(station: Station, stamps: Iterable[object], *, right: bool = True) -> list[Verdict]:
    """Send 150 readings with right stamps, then 150 with these: a leak from the 50th on, -127 Cel from the 100th on."""
    for at in arrivals(0, 150):
        station.send(at - 0.3, at=at)
    verdicts = []
    for i, (stamp, at) in enumerate(zip(stamps, arrivals(150, 300), strict=False)):
        changes: dict[str, float] = {}
        if i >= 50:
            changes |= LEAK
        if i >= 100:
            changes["temperature_c"] = -127.0
        verdicts.append(station.send(stamp, at=at, **changes))
    return verdicts


def check_leak(station: Station, verdicts: list[Verdict], *, late: int = 4) -> None:
    """Check what has to hold of the readings of :func:`after_150`, whatever their stamps are."""
    assert len(verdicts) == 150
    assert [verdict.n for verdict in verdicts] == list(range(151, 301))
    assert sum(verdict.late for verdict in verdicts) <= late
    assert all(verdict.reconstruction is not None for verdict in verdicts[: 100 + HOLD])
    assert not any(verdict.state == "warming_up" for verdict in verdicts)
    leak = verdicts[50:]
    assert all("methane" in verdict.exceeds and verdict.by == "limit" for verdict in leak)
    assert not any("methane" in verdict.exceeds for verdict in verdicts[:50])
    assert all(verdict.flags == {"temperature_c": 4} for verdict in verdicts[100:])
    assert all("consistency" in verdict.exceeds for verdict in verdicts[100:])
    (opened,) = station.opened("methane")
    assert parse_time(opened.opened) <= parse_time(leak[4].ts)
    assert not opened.historical
    message = station.run.panel.message("st-1")
    assert (message.alarm, message.fault) == ("ON", "ON")


def test_a_reboot_into_1970_is_said_and_silences_nothing(station: Station) -> None:
    verdicts = after_150(station, (3.0 + MINUTE * i for i in range(150)))
    check_leak(station, verdicts)
    assert station.problem is not None
    assert "1970" in station.problem
    # Its times are those of the arrival, once it is known by how much the clock is off.
    assert all(abs(parse_time(verdict.ts) - parse_time(verdict.received)) < 1.0 for verdict in verdicts)
    assert {verdict.ts_from for verdict in verdicts} == {"received", "corrected"}
    (fault,) = station.opened("clock")
    assert (fault.score, fault.p) == (None, None)


def test_the_clock_alarm_ends_when_the_clock_is_right_again(station: Station) -> None:
    for i, at in enumerate(arrivals(0, 60)):
        station.send(3.0 + MINUTE * i, at=at)
    (opened,) = station.opened("clock")
    assert [event.id for event in station.run.panel.standing("st-1") if event.kind == "clock"] == [opened.id]
    for at in arrivals(60, 90):
        station.send(at - 0.3, at=at)
    assert [event.event_type for event in station.events if event.kind == "clock"] == ["open", "close"]
    assert station.problem is None
    assert station.run.stations["st-1"].health.problems == {}


def test_the_hour_that_comes_twice_in_autumn_is_scored_in_the_order_of_arrival(station: Station) -> None:
    check_leak(station, after_150(station, (local(START + MINUTE * i, -HOUR) for i in range(150, 300))))


@pytest.mark.parametrize("offset", [-5 * HOUR, 2 * HOUR, -50 * MINUTE, DAY, -400 * DAY])
def test_a_clock_that_is_set_silences_nothing(station: Station, offset: float) -> None:
    check_leak(station, after_150(station, (START + MINUTE * i + offset for i in range(150, 300))))


def test_milliseconds_since_boot_silence_nothing_after_a_reboot(station: Station) -> None:
    for at in arrivals(-100, 0):
        station.send(60_000 * (200 + station.sent), at=at)
    sent = station.sent
    verdicts = [station.send(60_000 * i + 400, at=at, **LEAK) for i, at in enumerate(arrivals(0, 20))]
    assert [verdict.n for verdict in verdicts] == list(range(sent + 1, sent + 21))
    assert all(verdict.by == "limit" for verdict in verdicts)
    assert len(station.opened("methane")) == 1


def test_stamps_without_any_order_silence_nothing(station: Station) -> None:
    stamps = np.random.default_rng(5).uniform(START - 50 * DAY, START - DAY, 150).tolist()
    check_leak(station, after_150(station, stamps), late=15)


def test_a_single_stray_stamp_costs_its_stamp_and_nothing_else(station: Station) -> None:
    for at in arrivals(0, 100):
        station.send(at - 0.3, at=at)
    stray = station.send(START - 40 * DAY, at=START + 100 * MINUTE, **LEAK)
    assert (stray.late, stray.ts, stray.ts_from, stray.by) == (True, stray.received, "received", "limit")
    after = [station.send(at - 0.3, at=at) for at in arrivals(101, 110)]
    assert not any(verdict.late or verdict.historical for verdict in after)
    assert station.problem is None
    assert station.run.stations["st-1"].health.late == 1


def test_gateway_and_station_share_a_clock_that_is_a_day_ahead_and_then_right(station: Station) -> None:
    for at in arrivals(0, 50):
        station.send(at - 0.3 + DAY, at=at + DAY)
    station.run.recovery.shift_clock(-DAY)
    verdicts = [station.send(at - 0.3, at=at, **LEAK) for at in arrivals(50, 120)]
    assert sum(verdict.late for verdict in verdicts) <= 4
    assert all(verdict.by == "limit" for verdict in verdicts)
    assert len(station.opened("methane")) == 1


def test_a_gateway_that_learns_the_time_late_blames_the_clocks_only_until_then(station: Station) -> None:
    for at in arrivals(0, 50):
        station.send(at - 0.3, at=at - 3 * HOUR)
    assert station.problem is not None
    assert len(station.opened("clock")) == 1
    station.run.recovery.shift_clock(3 * HOUR)
    verdicts = [station.send(at - 0.3, at=at, **LEAK) for at in arrivals(50, 90)]
    assert not any(verdict.late or verdict.historical for verdict in verdicts)
    assert {verdict.ts_from for verdict in verdicts} == {"station"}
    assert len(station.opened("methane")) == 1
    assert station.problem is None
    assert [event.event_type for event in station.events if event.kind == "clock"] == ["open", "close"]


def test_a_restart_of_the_agent_amid_strays_goes_on_with_what_was_known(station: Station) -> None:
    for at in arrivals(0, 150):
        station.send(at - 0.3, at=at)
    verdicts = []
    for i, at in enumerate(arrivals(150, 300)):
        if i in (2, 4, 5, 60):
            station.restart()
        changes = LEAK if i >= 50 else {}
        changes = changes | {"temperature_c": -127.0} if i >= 100 else changes
        verdicts.append(station.send(3.0 + MINUTE * i, at=at, **changes))
    check_leak(station, verdicts)
    assert [verdict.ts_from for verdict in verdicts[:6]] == ["received"] * 4 + ["corrected"] * 2


# ---- stored readings -------------------------------------------------------------------------------------------------


def test_stored_readings_of_an_outage_are_scored_in_their_order_and_raise_events_that_say_so(station: Station) -> None:
    for at in arrivals(0, 100):
        station.send(at - 0.3, at=at)
    outage = list(arrivals(100, 161))
    live = START + MINUTE * 170
    first = station.send(live, at=live + 0.3)
    assert not first.historical
    stored: list[tuple[object, dict[str, float]]] = [(at - 0.3, LEAK if i >= 30 else {}) for i, at in enumerate(outage)]
    verdicts = station.send_together(stored, at=live + 2.0)
    assert len(verdicts) == 61
    assert all(verdict.historical for verdict in verdicts)
    assert [verdict.ts for verdict in verdicts] == sorted(verdict.ts for verdict in verdicts)
    assert sum(verdict.late for verdict in verdicts) == 4
    assert all(verdict.by == "limit" for verdict in verdicts[30:])
    (opened,) = station.opened("methane")
    assert opened.historical
    assert station.run.panel.message("st-1").alarm == "ON"
    # What is live now counts for an automation that ignores old news.
    station.events.clear()
    assert not station.send(live + MINUTE, at=live + MINUTE + 0.3, **LEAK).historical
    (update,) = [event for event in station.events if event.kind == "methane"]
    assert (update.event_type, update.id, update.historical) == ("update", opened.id, False)
    assert station.run.stations["st-1"].health.historical == 61


def test_old_news_does_not_close_an_alarm_that_stands_now(station: Station) -> None:
    for at in arrivals(0, 100):
        station.send(at - 0.3, at=at)
    live = START + MINUTE * 200
    for i in range(3):
        station.send(live + MINUTE * i, at=live + MINUTE * i + 0.3, **LEAK)
    (opened,) = station.opened("methane")
    station.send_together([(at - 0.3, {}) for at in arrivals(100, 190)], at=live + 2.5 * MINUTE)
    assert [event.id for event in station.run.panel.standing("st-1") if event.kind == "methane"] == [opened.id]


def test_a_station_that_wakes_once_an_hour_to_send_what_it_has_stored_is_scored_in_order(station: Station) -> None:
    found = []
    for hour in range(4):
        wakes = START + HOUR * (hour + 1)
        stamps = [wakes - MINUTE * i for i in reversed(range(60))]
        found += station.send_together([(stamp, {}) for stamp in stamps], at=wakes + 1.0)
    assert not any(verdict.late for verdict in found)
    assert sum(verdict.state == "warming_up" for verdict in found) == 60


@pytest.mark.parametrize("kind", ["json", "rebuilt"])
def test_the_clock_of_a_restarted_agent_is_that_of_an_unbroken_one(
    station: Station, bundles: dict[str, Path], tmp_path: Path, kind: str
) -> None:
    (tmp_path / "other").mkdir()
    other = Station(Bundle.open(bundles["ae"]), tmp_path / "other", FakeClock(), methane=MethaneAlarm(limit_ppb=5000.0))
    stamps: list[tuple[object, float]] = [(at - 0.3, at) for at in arrivals(0, 120)]
    stamps += [(3.0 + MINUTE * i, at) for i, at in enumerate(arrivals(120, 200))]
    stamps += [(at - 0.3, at) for at in arrivals(200, 230)]
    stamps += [(START + MINUTE * i, START + MINUTE * 231 + 0.1 * i) for i in range(40)]
    stamps += [(None, at) for at in arrivals(240, 250)]
    stamps += [(at - 0.3, at) for at in arrivals(250, 300)]
    for i, (stamp, at) in enumerate(stamps):
        if i % 37 == 36:
            if kind == "rebuilt":
                station.run.journal._db.execute("delete from clocks")
            station.restart()
        one, two = station.send(stamp, at=at), other.send(stamp, at=at)
        assert placed(one) == placed(two)


def placed(verdict: Verdict) -> tuple[Any, ...]:
    return verdict.n, verdict.ts, verdict.ts_from, verdict.late, verdict.historical, verdict.exceeds, verdict.state
