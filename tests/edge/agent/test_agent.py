"""Agent: readings in; scores, alarms, dead letters and answers out; in the right order, whatever comes."""

from __future__ import annotations

import itertools
import json
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import paho.mqtt.client as mqtt
import pytest

from config.settings.alarms import AlarmRule, Alarms
from config.settings.broker import Broker
from config.settings.gateway import Gateway, HealthSettings, ScoringSettings, StationEntry, TopicSettings
from edge.agent.agent import Agent
from edge.agent.announcer import subscriptions
from edge.agent.presence import Presence
from edge.agent.stations import Stations
from edge.agent.watchdog import Watchdog
from edge.bundles.bundle import Bundle
from edge.clock import SystemClock
from edge.errors import JournalError
from edge.journal.journal import Journal
from edge.mqtt.message import Message
from edge.mqtt.options import Options
from edge.mqtt.reconnecting_link import ReconnectingLink
from edge.mqtt.topics import Topics
from edge.readings.reading import Reading
from edge.scoring.decision import Decision
from edge.scoring.scorer import Follow, ReadingBatch
from edge.scoring.verdict import Verdict
from edge.simulation.simulator import simulate_chamber
from tests.doubles import GOOD, FakeClock, FakeLink
from tests.mqtt_client import Connect
from tests.running_broker import RunningBroker

COUNTER = itertools.count(1)
TOPICS = Topics("davylamp/gw1")


@pytest.fixture(scope="module")
def bundle(bundles: dict[str, Path]) -> Bundle:
    return Bundle.open(bundles["both"])


@pytest.fixture(autouse=True)
def _tidy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Journals of no interest go where the test's other files go."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def make(
    bundle: Bundle,
    link: Any,
    clock: Any,
    *,
    absent: tuple[str, ...] = (),
    stale_after: float | None = None,
    topic: str = "sensors/{station}/readings",
    journal: str | Path = "",
    **settings: Any,
) -> Agent:
    """An agent whose connection and time are given; without a path its journal is of no interest."""
    entry = StationEntry(bundle=bundle.path, absent=absent, stale_after=stale_after, topic=topic)
    gateway = Gateway(gateway="gw1", stations=(entry,), **settings)
    presence = Presence(gateway, Topics(gateway.topics.base), clock)
    watchdog = Watchdog(clock, {})
    kept = Journal(journal or Path(tempfile.mkdtemp()) / "journal.db", clock=clock)
    return Agent(gateway, Stations(gateway, [bundle]), link, kept, presence=presence, watchdog=watchdog, clock=clock)


def readings(rows: Any) -> list[Reading]:
    return [Reading(station="st-1", values=tuple(row), received=0.0) for row in rows.tolist()]


def message(body: Any, *, topic: str = "sensors/st-1/readings", mid: int = 1, retain: bool = False) -> Message:
    payload = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Message(topic, payload, qos=1, retain=retain, mid=mid, connection=1, received=1_800_000_000.0)


# ---- one turn, with a connection that does as it is told -------------------------------------------------------------


def test_a_batch_is_scored_published_acknowledged_in_order_and_then_written(
    bundle: Bundle, fake_link: FakeLink, fake_clock: FakeClock
) -> None:
    agent = make(bundle, fake_link, fake_clock)
    fake_link.incoming = [[message(GOOD | {"seq": mid}, mid=mid) for mid in (5, 6, 7)]]
    agent.turn()
    happened = fake_link.happened
    assert happened[-4:] == ["ack 5", "ack 6", "ack 7", "flush"]
    assert happened[:3] == ["publish davylamp/gw1/st-1/score"] * 3
    assert [(body["n"], body["seq"]) for body in fake_link.on(TOPICS.score("st-1"))] == [(1, 5), (2, 6), (3, 7)]


def test_a_new_station_is_announced_with_availability_and_alarm(
    bundle: Bundle, fake_link: FakeLink, fake_clock: FakeClock
) -> None:
    agent = make(bundle, fake_link, fake_clock)
    for mid in range(2):
        fake_link.incoming = [[message(GOOD, mid=mid)]]
        agent.turn()
    (available,) = fake_link.on(TOPICS.availability("st-1"))
    (alarm,) = fake_link.on(TOPICS.alarm("st-1"))
    assert available["state"] == "online"
    assert (alarm["alarm"], alarm["fault"], alarm["standing"]) == ("OFF", "OFF", [])
    retained = {published.topic for published in fake_link.published if published.retain}
    assert retained == {TOPICS.availability("st-1"), TOPICS.alarm("st-1")}


def test_a_leak_opens_an_event_and_changes_the_retained_alarm(
    bundle: Bundle, fake_link: FakeLink, fake_clock: FakeClock
) -> None:
    agent = make(bundle, fake_link, fake_clock)
    fake_link.incoming = [[message(GOOD | {"ch4_ppb": 9000.0}, mid=mid) for mid in range(3)]]
    agent.turn()
    # Gas that no sensor answers to may also be strange to the network: that would be an event of its own.
    (event,) = (each for each in fake_link.on(TOPICS.event("st-1")) if each["kind"] == "methane")
    assert (event["event_type"], event["by"]) == ("open", "enhancement")
    assert fake_link.on(TOPICS.alarm("st-1"))[0]["alarm"] == "ON"
    published = {each.topic: each for each in fake_link.published}
    assert (published[TOPICS.event("st-1")].qos, published[TOPICS.event("st-1")].retain) == (1, False)
    assert published[TOPICS.alarm("st-1")].retain


def test_everything_is_asserted_again_on_every_connection(
    bundle: Bundle, fake_link: FakeLink, fake_clock: FakeClock
) -> None:
    agent = make(bundle, fake_link, fake_clock)
    fake_link.incoming = [[message(GOOD | {"ch4_ppb": 9000.0}, mid=mid) for mid in range(3)]]
    agent.turn()
    for _ in range(2):
        fake_link.published.clear()
        fake_link.ready = True
        agent.turn()
        retained = [each for each in fake_link.published if each.retain]
        expected = [TOPICS.state, TOPICS.info, TOPICS.availability("st-1"), TOPICS.alarm("st-1")]
        assert [each.topic for each in retained] == expected
        assert retained[0].body["state"] == "online"
        assert retained[0].body.keys() == {"state", "session", "since", "version"}
        assert retained[1].body["stations"] == ["st-1"]
        assert retained[1].body["bundles"][0]["bundle"] == bundle.id
        assert retained[3].body["alarm"] == "ON"


def test_a_retained_message_is_counted_and_acknowledged_and_not_scored(
    bundle: Bundle, fake_link: FakeLink, fake_clock: FakeClock
) -> None:
    agent = make(bundle, fake_link, fake_clock)
    old = [message(GOOD, retain=True, mid=1), message({"n": 1}, topic=TOPICS.request("synthesize"), retain=True, mid=2)]
    fake_link.incoming = [old]
    agent.turn()
    assert fake_link.published == []
    assert fake_link.happened == ["ack 1", "ack 2", "flush"]
    assert agent._health.retained == 2


def test_a_message_that_is_nobodys_is_counted_and_acknowledged(
    bundle: Bundle, fake_link: FakeLink, fake_clock: FakeClock
) -> None:
    agent = make(bundle, fake_link, fake_clock)
    fake_link.incoming = [[message(GOOD, topic="elsewhere", mid=1), message(GOOD, topic="", mid=2)]]
    agent.turn()
    assert fake_link.happened == ["ack 1", "ack 2", "flush"]
    assert agent._health.stray == 2


def test_a_station_that_takes_a_reserved_word_is_a_dead_letter(
    bundle: Bundle, fake_link: FakeLink, fake_clock: FakeClock
) -> None:
    agent = make(bundle, fake_link, fake_clock)
    fake_link.incoming = [[message(GOOD, topic="sensors/state/readings")]]
    agent.turn()
    (letter,) = fake_link.on(TOPICS.deadletter)
    assert "'state'" in letter["reason"]
    assert fake_link.happened[-2:] == ["ack 1", "flush"]


def test_an_array_is_as_many_readings_and_its_bad_ones_are_set_aside(
    bundle: Bundle, fake_link: FakeLink, fake_clock: FakeClock
) -> None:
    agent = make(bundle, fake_link, fake_clock)
    fake_link.incoming = [[message([GOOD, GOOD | {"humidity_pct": "wet"}, GOOD])]]
    agent.turn()
    assert [body["n"] for body in fake_link.on(TOPICS.score("st-1"))] == [1, 2]
    (letter,) = fake_link.on(TOPICS.deadletter)
    assert letter["at"] == "[1].humidity_pct"


def test_every_nth_score_is_published_and_every_exceedance(
    bundle: Bundle, fake_link: FakeLink, fake_clock: FakeClock
) -> None:
    agent = make(bundle, fake_link, fake_clock, scoring=ScoringSettings(publish_every=4))
    bodies = [GOOD | {"ch4_ppb": 9000.0 if number == 6 else 2000.0} for number in range(1, 11)]
    fake_link.incoming = [[message(body, mid=mid) for mid, body in enumerate(bodies)]]
    agent.turn()
    scores = fake_link.on(TOPICS.score("st-1"))
    assert {4, 6, 8} <= {body["n"] for body in scores}
    assert all(body["n"] % 4 == 0 or body["exceeds"] for body in scores)


def test_a_late_reading_is_told_and_counted(bundle: Bundle, fake_link: FakeLink, fake_clock: FakeClock) -> None:
    agent = make(bundle, fake_link, fake_clock)
    fake_link.incoming = [[message(GOOD | {"ts": 100}), message(GOOD | {"ts": 50}, mid=2)]]
    agent.turn()
    scores = fake_link.on(TOPICS.score("st-1"))
    assert scores[1]["late"]
    assert "reconstruction" not in scores[1]
    assert agent._health.late == 1


def test_a_mistake_of_ours_sets_one_reading_aside_and_scores_the_others(
    bundle: Bundle, fake_link: FakeLink, fake_clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = make(bundle, fake_link, fake_clock)
    (group,) = agent._stations.groups
    decide = group.scorer.decide

    def faulty(batch: ReadingBatch, follow: Follow) -> None:
        if any(reading.seq == 2 for _, reading in batch):
            raise ZeroDivisionError
        decide(batch, follow)

    monkeypatch.setattr(group.scorer, "decide", faulty)
    fake_link.incoming = [[message(GOOD | {"seq": seq}, mid=seq) for seq in (1, 2, 3)]]
    agent.turn()
    assert [body["seq"] for body in fake_link.on(TOPICS.score("st-1"))] == [1, 3]
    (letter,) = fake_link.on(TOPICS.deadletter)
    assert "internal error" in letter["reason"]
    assert [line for line in fake_link.happened if line.startswith("ack")] == ["ack 1", "ack 2", "ack 3"]


def test_a_mistake_on_the_way_keeps_the_verdicts_before_it(
    bundle: Bundle, fake_link: FakeLink, fake_clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = make(bundle, fake_link, fake_clock)
    (group,) = agent._stations.groups
    build_verdict = group.scorer.build_verdict

    def faulty(decision: Decision) -> Verdict:
        if decision.reading.seq == 2:
            raise ZeroDivisionError
        return build_verdict(decision)

    monkeypatch.setattr(group.scorer, "build_verdict", faulty)
    fake_link.incoming = [[message(GOOD | {"seq": seq}, mid=seq) for seq in (1, 2, 3)]]
    agent.turn()
    assert [body["seq"] for body in fake_link.on(TOPICS.score("st-1"))] == [1, 3]
    assert len(fake_link.on(TOPICS.deadletter)) == 1


def run_through(agent: Agent, link: Any, rows: Any, *, without: str = "") -> None:
    """Send rows as a station would, a minute apart and ten at a time."""
    bodies = [dict(zip(GOOD, row, strict=True)) | {"ts": 60 * i, "seq": i} for i, row in enumerate(rows.tolist())]
    for body in bodies:
        body.pop(without, None)
    for first in range(0, len(bodies), 10):
        link.incoming = [[message(body, mid=first + k) for k, body in enumerate(bodies[first : first + 10], 1)]]
        agent.turn()
        link.confirm()


def test_a_sensor_that_is_stuck_raises_a_consistency_alarm_that_names_it(
    bundle: Bundle, fake_link: FakeLink, fake_clock: FakeClock
) -> None:
    rows = simulate_chamber(400, seed=3)
    rows[300:, -1] = rows[300, -1]
    run_through(make(bundle, fake_link, fake_clock), fake_link, rows)
    opened = [
        each
        for each in fake_link.on(TOPICS.event("st-1"))
        if each["event_type"] == "open" and each["kind"] == "consistency"
    ]
    scores = {body["ts"]: body["seq"] for body in fake_link.on(TOPICS.score("st-1"))}
    (event,) = (each for each in opened if scores[each["ts"]] >= 300)
    assert event["culprit"] == "rmq4_ohm"
    assert fake_link.on(TOPICS.alarm("st-1"))[-1]["fault"] == "ON"


def test_gas_raises_a_methane_alarm_where_no_analyser_says_so(
    bundle: Bundle, fake_link: FakeLink, fake_clock: FakeClock
) -> None:
    agent = make(bundle, fake_link, fake_clock, absent=("ch4_ppb",))
    rows = simulate_chamber(400, seed=3)
    run_through(agent, fake_link, rows, without="ch4_ppb")
    opened = [each for each in fake_link.on(TOPICS.event("st-1")) if each["event_type"] == "open"]
    methane = [each for each in opened if each["kind"] == "methane"]
    assert methane
    assert {each["by"] for each in methane} == {"onset"}
    assert not any("flags" in body for body in fake_link.on(TOPICS.score("st-1")))


def test_an_alarm_that_opens_keeps_its_threshold_for_thirty_readings(
    bundle: Bundle, fake_link: FakeLink, fake_clock: FakeClock
) -> None:
    agent = make(bundle, fake_link, fake_clock, alarms=Alarms(default=AlarmRule(m_of_n=(1, 1))))
    rows = simulate_chamber(180, seed=3)
    rows[119, 5] *= 3.0
    run_through(agent, fake_link, rows[:120])
    (station,) = agent._stations
    adaptation = station.state.adaptation
    assert "consistency" in {event.kind for event in agent._panel.standing()}
    rate = adaptation.rates["consistency"]
    after: list[float] = []

    def follow(decision: Decision) -> tuple[str, ...]:
        after.append(adaptation.rates["consistency"])
        return ()

    station.group.scorer.decide([(station.state, reading) for reading in readings(rows[120:152])], follow)
    assert after[:30] == [rate] * 30
    assert after[30] != rate


def test_the_last_readings_and_those_of_the_last_alarm_are_remembered(
    bundle: Bundle, fake_link: FakeLink, fake_clock: FakeClock
) -> None:
    rule = AlarmRule(m_of_n=(3, 5), clear_after=5, hold=5)
    agent = make(bundle, fake_link, fake_clock, alarms=Alarms(default=rule))
    rows = np.tile(list(GOOD.values()), (40, 1))
    rows[10:16, 0] = 30_000.0
    run_through(agent, fake_link, rows)
    (station,) = agent._stations
    np.testing.assert_allclose(station.recent.last(40), rows, rtol=1e-6)
    assert not agent._panel.standing()
    np.testing.assert_allclose(station.recent.event()[:, 0], [30_000.0] * 6 + [2000.0] * 4)


def test_a_request_never_keeps_a_reading_waiting(bundle: Bundle, fake_link: FakeLink, fake_clock: FakeClock) -> None:
    agent = make(bundle, fake_link, fake_clock)
    fake_link.incoming = [
        [message({"n": 1500}, topic=TOPICS.request("synthesize"))],
        [message(GOOD)],
        [],
    ]
    for _ in range(3):
        agent.turn()
    told = [each.topic for each in fake_link.published if "response" in each.topic or "score" in each.topic]
    answer, score = TOPICS.response("synthesize"), TOPICS.score("st-1")
    assert told == [answer, score, answer, answer]
    assert fake_link.waits[1:3] == [0.0, 0.0]


def test_it_tells_its_health_in_time_and_waits_for_nothing_sooner(
    bundle: Bundle, fake_link: FakeLink, fake_clock: FakeClock
) -> None:
    agent = make(bundle, fake_link, fake_clock, health=HealthSettings(every=12.0))
    for _ in range(13):
        agent.turn()
        fake_clock.time += 1
    assert len(fake_link.on(TOPICS.health)) == 1
    assert not any(each.retain for each in fake_link.published if each.topic == TOPICS.health)
    assert fake_link.waits[:2] == [5.0, 5.0]
    assert fake_link.waits[-2] == 1.0


def test_a_station_that_falls_silent_is_offline_until_it_speaks_again(
    bundle: Bundle, fake_link: FakeLink, fake_clock: FakeClock
) -> None:
    agent = make(bundle, fake_link, fake_clock)
    for _ in range(10):
        fake_link.incoming = [[message(GOOD)]]
        agent.turn()
        fake_clock.time += 1
    fake_clock.time += 100
    agent.turn()
    fake_link.incoming = [[message(GOOD)]]
    agent.turn()
    states = [body["state"] for body in fake_link.on(TOPICS.availability("st-1"))]
    assert states == ["online", "offline", "online"]


def test_however_much_is_on_its_way_a_stop_is_told(
    bundle: Bundle, fake_link: FakeLink, fake_clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = make(bundle, fake_link, fake_clock)
    fake_link.incoming = [[message(GOOD, topic=f"sensors/st-{mid}/readings", mid=mid) for mid in range(1, 151)]]
    agent.turn()

    def poll(timeout: float) -> list[Message]:
        fake_link.confirm()
        return []

    monkeypatch.setattr(fake_link, "poll", poll)
    agent.stop()
    assert len({each.topic for each in fake_link.published if each.retain}) == 301
    assert fake_link.on(TOPICS.state)[-1]["state"] == "stopped"


def test_stopping_says_so_before_it_closes(bundle: Bundle, fake_link: FakeLink, fake_clock: FakeClock) -> None:
    agent = make(bundle, fake_link, fake_clock)
    agent.stop()
    assert fake_link.happened == ["hold", f"publish {TOPICS.state}", "close"]
    assert fake_link.on(TOPICS.state)[0]["state"] == "stopped"
    assert fake_link.published[0].retain


# ---- what goes wrong with the journal --------------------------------------------------------------------------------


def leak(*seqs: int) -> list[Message]:
    return [message(GOOD | {"ch4_ppb": 9000.0, "seq": seq}, mid=seq) for seq in seqs]


def health(agent: Agent, link: Any, clock: Any) -> Any:
    """What the agent says when it is asked next."""
    clock.time += 60
    agent.turn()
    return link.on(TOPICS.health)[-1]


def test_a_batch_that_cannot_be_kept_is_held_and_told_and_kept_later(
    bundle: Bundle, fake_link: FakeLink, fake_clock: FakeClock, tmp_path: Path
) -> None:
    agent = make(bundle, fake_link, fake_clock, journal=tmp_path / "journal.db")
    other = sqlite3.connect(tmp_path / "journal.db", isolation_level=None)
    other.execute("begin immediate")
    fake_link.incoming = [leak(1, 2, 3)]
    agent.turn()
    assert fake_link.happened == ["hold", "flush"]
    told = health(agent, fake_link, fake_clock)
    assert told["journal"]["state"] == "locked"
    assert told["journal"]["held"] == 3
    assert {each.topic for each in fake_link.published} == {TOPICS.health}
    fake_link.ready = True
    agent.turn()
    assert {each.topic for each in fake_link.published} == {TOPICS.health, TOPICS.state, TOPICS.info}
    other.execute("rollback")
    fake_clock.time += 10
    fake_link.happened.clear()
    agent.turn()
    assert [each for each in fake_link.happened if each.startswith("ack")] == ["ack 1", "ack 2", "ack 3"]
    assert [body["n"] for body in fake_link.on(TOPICS.score("st-1"))] == [1, 2, 3]
    assert fake_link.happened.index("ack 1") > fake_link.happened.index(f"publish {TOPICS.score('st-1')}")
    assert "methane" in {body["kind"] for body in fake_link.on(TOPICS.event("st-1"))}
    assert health(agent, fake_link, fake_clock)["journal"]["state"] == "ok"


def test_a_journal_that_is_lost_is_begun_again_with_all_that_memory_holds(
    bundle: Bundle, fake_link: FakeLink, fake_clock: FakeClock, tmp_path: Path
) -> None:
    agent = make(bundle, fake_link, fake_clock, journal=tmp_path / "journal.db")
    fake_link.ready = True
    fake_link.incoming = [leak(1, 2, 3), leak(4)]
    agent.turn()
    (tmp_path / "journal.db").unlink()
    agent.turn()
    assert "ack 4" in fake_link.happened
    assert health(agent, fake_link, fake_clock)["journal"]["set_aside"] == 1
    standing = [event.id for event in agent._panel.standing()]
    agent._committer.journal.close()
    fake_link.published.clear()
    fake_link.connected = False
    again = make(bundle, fake_link, fake_clock, journal=tmp_path / "journal.db")
    assert again._stations["st-1"].state.n == 4
    assert [event.id for event in again._panel.standing()] == standing
    assert again._delivery.waiting >= 1
    assert again._committer.journal.recovered.filters == {"sensors/+/readings", TOPICS.requests}
    assert TOPICS.state in again._committer.journal.recovered.retained


def test_a_past_that_cannot_be_read_holds_the_readings_and_loses_none(
    bundle: Bundle, fake_link: FakeLink, fake_clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = make(bundle, fake_link, fake_clock, journal=tmp_path / "journal.db")
    fake_link.incoming = [leak(1, 2)]
    agent.turn()
    agent._committer.journal.close()
    agent = make(bundle, fake_link, fake_clock, journal=tmp_path / "journal.db")
    journal = agent._committer.journal

    def refuse(station: int) -> Any:
        raise JournalError("io", "the disk is away")

    fake_link.happened.clear()
    fake_link.published.clear()
    with monkeypatch.context() as patch:
        patch.setattr(journal, "readings", refuse)
        fake_link.incoming = [leak(2, 3)]
        agent.turn()
        assert agent._committer.fault == "io"
        assert not any(each.startswith("ack") for each in fake_link.happened)
    fake_clock.time += 1
    for _ in range(2):
        agent.turn()
    assert [each for each in fake_link.happened if each.startswith("ack")] == ["ack 2", "ack 3"]
    assert [body["n"] for body in fake_link.on(TOPICS.score("st-1")) if "historical" not in body] == [3]
    assert agent._health.duplicates == 1


def test_a_killed_agent_goes_on_where_it_was(
    bundle: Bundle, fake_link: FakeLink, fake_clock: FakeClock, tmp_path: Path
) -> None:
    agent = make(bundle, fake_link, fake_clock, journal=tmp_path / "journal.db")
    fake_link.incoming = [leak(1, 2, 3)]
    agent.turn()
    agent._committer.journal.close()
    first = {each.payload for each in fake_link.published if not each.retain}
    for link in (fake_link,):
        link.published.clear()
        link.in_flight = 0
        link.counts.connections += 1
        link.ready = True
    again = make(bundle, fake_link, fake_clock, journal=tmp_path / "journal.db")
    fake_link.incoming = [leak(2, 3, 4)]
    again.turn()
    scores = fake_link.on(TOPICS.score("st-1"))
    assert [(body["n"], body["seq"], body.get("historical", False)) for body in scores] == [
        (1, 1, True), (2, 2, True), (3, 3, True), (4, 4, False),
    ]  # fmt: skip
    events = [each.payload for each in fake_link.published if each.topic == TOPICS.event("st-1")]
    assert events
    assert {event.replace(b'"historical":true', b'"historical":false') for event in events} <= first
    assert fake_link.on(TOPICS.alarm("st-1"))[-1]["alarm"] == "ON"


def test_a_station_of_before_the_start_is_told_and_its_silence_is_noticed(
    bundle: Bundle, fake_link: FakeLink, fake_clock: FakeClock, tmp_path: Path
) -> None:
    agent = make(bundle, fake_link, fake_clock, journal=tmp_path / "journal.db", stale_after=100.0)
    fake_link.incoming = [leak(1)]
    agent.turn()
    agent._committer.journal.close()
    fake_link.published.clear()
    agent = make(bundle, fake_link, fake_clock, journal=tmp_path / "journal.db", stale_after=100.0)
    fake_link.ready = True
    agent.turn()
    assert [body["state"] for body in fake_link.on(TOPICS.availability("st-1"))] == ["offline"]
    fake_clock.time += 101
    agent.turn()
    fake_link.confirm()
    agent.turn()
    assert [body["kind"] for body in fake_link.on(TOPICS.event("st-1"))][-1] == "stale"
    fake_link.incoming = [leak(2)]
    agent.turn()
    assert fake_link.on(TOPICS.availability("st-1"))[-1]["state"] == "online"


def test_topics_of_stations_that_are_gone_are_cleared(
    bundle: Bundle, fake_link: FakeLink, fake_clock: FakeClock, tmp_path: Path
) -> None:
    agent = make(bundle, fake_link, fake_clock, journal=tmp_path / "journal.db", topic="old/{station}")
    fake_link.incoming = [[message(GOOD, topic="old/st-9")]]
    agent.turn()
    agent._committer.journal.close()
    fake_link.published.clear()
    agent = make(bundle, fake_link, fake_clock, journal=tmp_path / "journal.db")
    fake_link.ready = True
    agent.turn()
    cleared = {each.topic for each in fake_link.published if each.retain and not each.payload}
    assert cleared == {TOPICS.availability("st-9"), TOPICS.alarm("st-9")}
    fake_link.confirm()
    agent.turn()
    fake_clock.time += 2
    agent.turn()
    agent._committer.journal.close()
    assert Journal(tmp_path / "journal.db", clock=fake_clock).recovered.retained == {TOPICS.state, TOPICS.info}


def test_a_clock_that_jumps_is_counted(
    bundle: Bundle, fake_link: FakeLink, fake_clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = make(bundle, fake_link, fake_clock)
    now = fake_clock.now
    for offset, jumps in ((1.5, 0), (100.0, 1), (100.0, 1), (-5.0, 2)):
        monkeypatch.setattr(fake_clock, "now", lambda offset=offset: now() + offset)
        agent.turn()
        assert agent._health.clock_jumps == jumps


def test_the_watchdog_is_fed_while_link_and_pipeline_move(
    bundle: Bundle, fake_link: FakeLink, fake_clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = make(bundle, fake_link, fake_clock)
    fed: list[float] = []
    monkeypatch.setattr(agent._watchdog, "alive", lambda: fed.append(fake_clock.time))
    agent.turn()
    assert len(fed) == 1
    fake_link.alive = False
    agent.turn()
    assert len(fed) == 1
    fake_link.alive = True
    monkeypatch.setattr(type(agent._delivery), "full", True)
    agent.turn()
    assert len(fed) == 2
    fake_clock.time += 61
    agent.turn()
    assert len(fed) == 2


def test_mqtt_3_1_1_is_said_to_hide_refusals(
    bundle: Bundle, fake_link: FakeLink, fake_clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    agent = make(bundle, fake_link, fake_clock)
    for protocol, sees in (("3.1.1", False), ("5", True)):
        caplog.clear()
        fake_link.protocol = protocol
        fake_link.ready = True
        agent.turn()
        fake_link.confirm()
        assert fake_link.on(TOPICS.info)[-1]["sees_refusals"] is sees
        assert ("cannot tell us what it refuses" in caplog.text) is not sees


# ---- over a real broker ----------------------------------------------------------------------------------------------


class Live:
    """An agent at a real broker, and a station beside it."""

    def __init__(self, bundle: Bundle, broker: RunningBroker, client: Connect, protocol: object) -> None:
        number = next(COUNTER)
        gateway = Gateway(
            gateway=f"t{number}",
            broker=Broker(host=broker.host, port=broker.port, protocol=protocol),  # type: ignore[arg-type]
            topics=TopicSettings(base=f"test-agent/{number}"),
            stations=(StationEntry(bundle=bundle.path, topic=f"in-{number}/{{station}}/readings"),),
        )
        self.topics = Topics(gateway.topics.base)
        self.topic = f"in-{number}/st-1/readings"
        clock = SystemClock()
        stations = Stations(gateway, [bundle])
        presence = Presence(gateway, self.topics, clock)
        options = Options.from_settings(gateway.broker, client_id=gateway.broker.client_id)
        self.link = ReconnectingLink(options, subscriptions(stations, self.topics), will=presence.will)
        poll = self.link.poll
        # The other one hears on a thread of its own: look again soon.
        self.link.poll = lambda timeout: poll(min(timeout, 0.02))  # type: ignore[method-assign]
        journal = Journal(Path(tempfile.mkdtemp()) / "journal.db", clock=clock)
        self.agent = Agent(
            gateway, stations, self.link, journal, presence=presence, watchdog=Watchdog(clock, {}), clock=clock
        )
        self.other = client(broker.port, f"{self.topics.base}/#")
        self.turn_until(lambda: self.heard(self.topics.state))

    def turn_until(self, condition: Any) -> None:
        for _ in range(2000):
            if condition():
                return
            self.agent.turn()
        pytest.fail("it did not happen")

    def heard(self, topic: str) -> list[Any]:
        return list(self.other.on(topic))

    def scored(self, readings: int) -> dict[str, Any]:
        """The score of so manieth reading, once it has been told."""
        self.turn_until(lambda: len(self.heard(self.topics.score("st-1"))) >= readings)
        score: dict[str, Any] = self.heard(self.topics.score("st-1"))[-1]
        return score


@pytest.fixture
def live(bundle: Bundle, broker: RunningBroker, client: Connect, protocol: Any) -> Iterator[Live]:
    live = Live(bundle, broker, client, protocol)
    yield live
    live.agent.stop()


BAD = {
    "not JSON": (b"ch4=2000", "not JSON", None),
    "not UTF-8": (b'{"ch4_ppb": "\xff"}', "not UTF-8", None),
    "300 kB long": (b" " * 300_000, "300000 bytes", None),
    "nested 10,000 deep": (b"[" * 10_000 + b"]" * 10_000, "nested too deep", None),
    "a NaN token": (json.dumps(GOOD | {"ch4_ppb": float("nan")}).encode(), "NaN", "ch4_ppb"),
    "a string where a number belongs": (json.dumps(GOOD | {"humidity_pct": "60"}).encode(), "string", "humidity_pct"),
    "more than half missing": (json.dumps(dict(list(GOOD.items())[:4])).encode(), "5 of 9 keys are missing", None),
}


@pytest.mark.broker
def test_bad_input_of_every_kind_is_set_aside_with_its_reason_and_the_next_reading_is_scored(live: Live) -> None:
    for number, (name, (payload, reason, at)) in enumerate(BAD.items(), 1):
        live.other.publish(live.topic, payload)
        live.other.publish(live.topic, GOOD | {"seq": number})
        assert live.scored(number)["seq"] == number, name
        live.turn_until(lambda: len(live.heard(live.topics.deadletter)) >= number)  # noqa: B023
        letter = live.heard(live.topics.deadletter)[-1]
        assert reason in letter["reason"], name
        assert letter["at"] == at, name
        assert (letter["topic"], letter["bytes"]) == (live.topic, len(payload))
    assert len(live.heard(live.topics.deadletter)) == len(BAD)


@pytest.mark.broker
def test_a_null_an_absent_and_a_sentinel_channel_are_flag_9(live: Live) -> None:
    without = {key: value for key, value in GOOD.items() if key != "ch4_ppb"}
    for number, body in enumerate([GOOD, GOOD | {"ch4_ppb": None}, without, GOOD | {"ch4_ppb": -200}], 1):
        live.other.publish(live.topic, body)
        score = live.scored(number)
        assert score.get("flags", {}) == ({} if number == 1 else {"ch4_ppb": 9})
        assert score.get("consistency", {}).get("culprit") == (None if number == 1 else "ch4_ppb")


@pytest.mark.broker
def test_extra_keys_are_ignored_and_a_byte_order_mark_is_stripped(live: Live) -> None:
    live.other.publish(live.topic, b"\xef\xbb\xbf" + json.dumps(GOOD | {"firmware": {"v": [1]}}).encode())
    assert live.scored(1)["state"]
    assert live.heard(live.topics.deadletter) == []


@pytest.mark.broker
@pytest.mark.mqtt5  # the embedded broker mixes up what is retained
def test_a_retained_reading_is_not_scored_over_a_real_broker(
    bundle: Bundle, broker: RunningBroker, client: Connect
) -> None:
    number = next(COUNTER) + 1  # the one that Live will take
    client(broker.port).publish(f"in-{number}/st-1/readings", GOOD | {"seq": 1}, retain=True)
    live = Live(bundle, broker, client, "3.1.1")  # which cannot ask the broker to keep it
    live.other.publish(live.topic, GOOD | {"seq": 2})
    assert live.scored(1)["seq"] == 2
    assert live.agent._health.retained == 1
    live.agent.stop()
    client(broker.port).publish(live.topic, b"", retain=True)


@pytest.mark.broker
@pytest.mark.mqtt5
def test_a_request_of_mqtt_5_is_answered_at_its_own_topic_too(
    live: Live, broker: RunningBroker, client: Connect
) -> None:
    own = f"{live.topics.responses}/me"
    asker = client(broker.port, own, protocol=mqtt.MQTTv5)
    asker.publish(live.topics.request("synthesize"), {"n": 3, "seed": 1}, ResponseTopic=own, CorrelationData=b"\x07")
    live.turn_until(lambda: asker.on(own) and live.heard(live.topics.response("synthesize")))
    (answer,) = asker.on(own)
    assert len(answer["data"]["rows"]) == 3
    assert asker.received[0].properties.CorrelationData == b"\x07"


@pytest.mark.broker
@pytest.mark.mqtt5  # the embedded broker mixes up what is retained
def test_score_event_and_alarm_reach_the_broker_and_a_stop_is_told(
    live: Live, broker: RunningBroker, client: Connect
) -> None:
    for number in range(5):
        live.other.publish(live.topic, GOOD | {"ch4_ppb": 9000.0, "seq": number})
    live.scored(5)
    live.turn_until(lambda: live.heard(live.topics.event("st-1")))
    live.agent.stop()
    live.other.wait(live.topics.state, lambda body: body["state"] == "stopped")
    late = client(broker.port, f"{live.topics.base}/#")
    client(broker.port).publish(f"{live.topics.base}/end", {})
    late.wait(f"{live.topics.base}/end")  # after all that was kept
    kept = {message.topic: message.body for message in late.received if message.retain}
    names = {live.topics.state, live.topics.info, live.topics.alarm("st-1"), live.topics.availability("st-1")}
    assert kept.keys() == names
    assert kept[live.topics.alarm("st-1")]["alarm"] == "ON"
