"""What comes twice is scored once, and after a restart stations go on where they were."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from config.settings.alarms import Alarms
from config.settings.gateway import Gateway, StationEntry
from edge.agent import recovery
from edge.agent.health import Health
from edge.agent.intake import Entry, Intake
from edge.agent.pipeline import Pipeline, Results
from edge.agent.recovery import Recovery
from edge.agent.station import LiveStation
from edge.agent.station_journal import StationJournal
from edge.agent.stations import Stations
from edge.alarms.panel import AlarmPanel
from edge.bundles.bundle import Bundle
from edge.delivery.delivery import Delivery
from edge.journal.journal import Journal
from edge.journal.transaction import Transaction
from edge.log import Log
from edge.mqtt.message import Message
from edge.mqtt.topics import Topics
from tests.doubles import GOOD, FakeClock, FakeLink

NOW = 1_800_000_000.0


class Run:
    """One run of a gateway, from start to end, without the loop around it."""

    def __init__(
        self,
        bundle: Bundle,
        path: Path,
        link: FakeLink,
        clock: FakeClock,
        *,
        alarms: Alarms | None = None,
        **entry: Any,
    ) -> None:
        stations = (StationEntry(bundle=bundle.path, **entry),)
        gateway = Gateway(gateway="gw1", stations=stations, alarms=alarms or Alarms())
        self.clock = clock
        self.journal = Journal(path, clock=clock)
        self.stations = Stations(gateway, [bundle])
        self.panel = AlarmPanel(gateway.alarms, clock)
        self.delivery = Delivery(link, Topics("davylamp/gw1"), clock, self.journal.recovered)
        self.health = Health(clock)
        log = Log("agent", clock)
        self.recovery = Recovery(self.stations, self.panel, self.journal, log)
        self.intake = Intake(self.stations, self.recovery, self.delivery, health=self.health, log=log)
        self.pipeline = Pipeline(self.panel, self.delivery, health=self.health, log=log)
        self.station_journal = StationJournal(self.stations, self.panel, self.journal, clock)
        self.stations.remember(self.journal.recovered.stations, clock.monotonic())
        self.recovery.restore_alarms()

    def take(self, *messages: Message) -> Results:
        """Take messages through one turn; none of them may have to wait."""
        transaction = Transaction()
        self.recovery.begin_turn(messages, self.clock.monotonic(), held=False)
        entries: list[Entry] = []
        for message in messages:
            read = self.intake.read(message, transaction)
            assert read is not None
            entries += read
        results = self.pipeline.score(entries, transaction)
        self.station_journal.update(results.stations, transaction)
        self.journal.commit(transaction)
        return results


class Start(Protocol):
    """Starts a run; kills the one before."""

    def __call__(self, **entry: Any) -> Run: ...


@pytest.fixture
def start(bundle: Bundle, tmp_path: Path, fake_link: FakeLink, fake_clock: FakeClock) -> Iterator[Start]:
    runs: list[Run] = []

    def kill() -> None:
        for run in runs:
            run.journal.close()

    def again(**entry: Any) -> Run:
        kill()
        runs.append(Run(bundle, tmp_path / "journal.db", fake_link, fake_clock, **entry))
        return runs[-1]

    yield again
    kill()


def message(body: Any = GOOD, *, station: str = "st-1", mid: int = 1, dup: bool = False, at: float = NOW) -> Message:
    payload = json.dumps(body).encode()
    return Message(f"sensors/{station}/readings", payload, qos=1, mid=mid, connection=1, received=at, dup=dup)


SAME = [
    ("seq", GOOD | {"seq": 1}, {}, True),
    ("ts", GOOD | {"ts": 100}, {}, True),
    ("an array with one seq in it", [GOOD, GOOD | {"seq": 1}], {}, True),
    ("nothing to tell them apart", GOOD, {}, False),
    ("the broker says so", GOOD, {"dup": True}, True),
    ("the broker says so of another one", GOOD, {"dup": True, "mid": 2}, False),
]


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize(("body", "again", "same"), [case[1:] for case in SAME], ids=[case[0] for case in SAME])
def test_what_comes_twice_is_scored_once(start: Start, body: Any, again: Any, same: bool, restart: bool) -> None:
    run = start()
    scored = len(run.take(message(body)).verdicts)
    run = start() if restart else run
    assert len(run.take(message(body, **again)).verdicts) == (0 if same else scored)
    assert run.health.duplicates == same


def test_a_time_or_a_count_that_comes_again_with_other_values_is_no_repetition(start: Start) -> None:
    run = start()
    for key in ("ts", "seq"):
        run.take(message(GOOD | {key: 100}), message(GOOD | {key: 100, "ch4_ppb": 2001.0}))
    assert (run.health.readings, run.health.duplicates) == (4, 0)


def test_a_repetition_in_one_turn_counts_once_and_at_another_station_is_none(start: Start) -> None:
    run = start()
    body = GOOD | {"seq": 1}
    run.take(message(body), message(body, mid=2), message(body, station="st-2"))
    assert (run.health.readings, run.health.duplicates) == (2, 1)


def test_many_repetitions_are_reported_until_they_become_few(start: Start) -> None:
    run = start()

    def problems() -> set[str]:
        (station,) = run.stations
        return set(station.health.problems)

    for n in range(40):
        run.take(*[message(GOOD | {"seq": n}, mid=2 * n + copy, at=NOW + 60 * n + 0.1 * copy) for copy in (1, 2)])
    assert (run.health.readings, problems()) == (40, {"repetitions"})
    again = run.take(message(GOOD | {"seq": 39}, mid=99, at=NOW + 60 * 39 + 0.2))
    assert again.stations == [], "a station of which nothing but repetitions comes turns stale"
    for n in range(40, 300):
        run.take(message(GOOD | {"seq": n}, at=NOW + 60 * n))
    assert problems() == set()


def test_an_array_may_begin_with_the_newest_reading_and_repeat_older_ones(start: Start) -> None:
    run = start()

    def array(last: int) -> Message:
        body = [GOOD | {"ts": NOW + 60 * n, "ch4_ppb": 2000.0 + n} for n in range(last, last - 10, -1)]
        return message(body, mid=last, at=NOW + 60 * last + 1)

    first = run.take(array(10)).verdicts
    assert [each.ts for each in first] == sorted(each.ts for each in first)
    run = start()
    verdicts = [each for last in range(11, 31) for each in run.take(array(last)).verdicts]
    assert [(each.n, each.late) for each in verdicts] == [(n, False) for n in range(11, 31)]


def test_the_bad_part_of_a_repetition_is_no_second_dead_letter(start: Start) -> None:
    run = start()
    body = [GOOD | {"seq": 1}, {"uptime": 5}]
    run.take(message(body), message(body))
    assert (run.health.readings, run.delivery.counts.dead_letters) == (1, 1)


def test_after_a_restart_counts_rates_and_the_past_go_on(start: Start) -> None:
    run = start()
    for n in range(100):
        run.take(message(GOOD | {"seq": n, "ts": NOW + 60 * n}, at=NOW + 60 * n))
    before = run.stations["st-1"].state
    run = start()
    state = run.stations["st-1"].state
    assert (state.n, state.adaptation.rates()) == (100, before.adaptation.rates())
    assert state.adaptation.learnt
    (verdict,) = run.take(message(GOOD | {"seq": 100, "ts": NOW + 6000}, at=NOW + 6000)).verdicts
    assert (verdict.n, verdict.state == "warming_up") == (101, False)
    assert state.cadence == 60.0
    assert len(run.stations["st-1"].recent.last(100)) == 100


def test_an_alarm_that_stood_stands_after_a_restart(start: Start) -> None:
    run = start()
    leak = [message(GOOD | {"seq": n, "ch4_ppb": 9000.0}) for n in range(3)]
    opened = [event.id for event in run.take(*leak).events if event.kind == "methane"]
    assert opened
    run = start()
    assert [event.id for event in run.panel.standing("st-1") if event.kind == "methane"] == opened


def test_a_station_on_another_topic_than_before_goes_on(start: Start) -> None:
    run = start()
    leak = [message(GOOD | {"seq": n, "ch4_ppb": 9000.0}) for n in range(3)]
    run.take(*leak)
    run = start(topic="new/{station}/readings")
    assert "st-1" not in run.stations
    moved = Message("new/st-1/readings", json.dumps(GOOD).encode(), received=NOW)
    (verdict,) = run.take(moved).verdicts
    assert (verdict.n, run.stations["st-1"].id) == (4, 1)
    assert run.panel.stands("st-1")
    assert run.stations.unrecovered == 0


def test_another_station_gets_another_number(start: Start) -> None:
    start().take(message(station="st-1"), message(station="st-2"))
    run = start()
    run.take(message(station="st-3"))
    assert {station.name: station.id for station in run.stations} == {"st-1": 1, "st-2": 2, "st-3": 3}


def test_readings_of_other_columns_are_not_recovered(start: Start) -> None:
    run = start()
    run.take(*[message(GOOD | {"seq": n}) for n in range(80)])
    run.journal._db.execute("update stations set columns = 'another'")
    run = start()
    (verdict,) = run.take(message(GOOD | {"seq": 80})).verdicts
    assert (verdict.n, verdict.state) == (81, "warming_up")
    assert [row.n for row in run.journal.readings(1)] == [81]


def test_stations_above_the_limit_of_a_turn_wait_to_be_recovered(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recovery, "_PER_TURN", 2)
    run = start()
    for number in range(5):
        run.take(message(station=f"st-{number}"))
    run = start()
    turns = []
    for _ in range(3):
        run.recovery.begin_turn([], 0.0, held=False)
        read = [run.intake.read(message(station=f"st-{number}", mid=2), Transaction()) for number in range(5)]
        turns.append([entries is not None for entries in read])
    assert turns == [[True] * 2 + [False] * 3, [True] * 4 + [False], [True] * 5]
    assert run.stations.unrecovered == 0


def test_a_topic_is_looked_up_once_for_each_message(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    start().take(message(station="st-1"))
    run = start()
    looked_up: list[str] = []
    at = run.stations.at

    def count(topic: str) -> LiveStation | None:
        looked_up.append(topic)
        return at(topic)

    monkeypatch.setattr(run.stations, "at", count)
    run.take(message(station="st-1", mid=2), message(station="st-2"))
    assert looked_up == ["sensors/st-1/readings", "sensors/st-2/readings"]
    assert run.stations.unrecovered == 0


def test_the_pipeline_keeps_nothing_between_reading_and_scoring(start: Start) -> None:
    run, transaction = start(), Transaction()
    entries = run.intake.read(message(GOOD | {"seq": 1}), transaction)
    assert entries is not None
    assert run.pipeline.score([], transaction) == Results()
    assert run.pipeline.score(entries, transaction).readings == 1


def test_the_oldest_readings_make_room(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    run = start()
    monkeypatch.setattr(run.journal, "readings_kept", lambda stations, columns: 300)
    for first in range(0, 800, 100):
        run.take(*[message(GOOD | {"seq": n}) for n in range(first, first + 100)])
        run.clock.time += 3600  # which the broker may send again no longer
    kept = [row.n for row in run.journal.readings(1)]
    assert (kept[0], kept[-1]) == (501, 800)


def test_a_clock_that_jumps_makes_no_gap(start: Start) -> None:
    run = start(cadence=60.0)
    for n in range(70):
        run.take(message(GOOD, mid=n, at=NOW + 60 * n))
    run.recovery.shift_clock(1e6)
    (verdict,) = run.take(message(GOOD, mid=70, at=NOW + 60 * 70 + 1e6)).verdicts
    assert verdict.state != "warming_up"
    (verdict,) = run.take(message(GOOD, mid=71, at=NOW + 60 * 71 + 3e6)).verdicts
    assert verdict.state == "warming_up"
