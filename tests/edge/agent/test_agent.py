"""A turn of the agent: readings in; scores, dead letters and answers out; in the right order."""

from __future__ import annotations

import pytest

from config.settings.gateway import HealthSettings, ScoringSettings
from edge.bundles.bundle import Bundle
from edge.mqtt.message import Message
from edge.scoring.decision import Decision
from edge.scoring.scorer import Follow, ReadingBatch
from edge.scoring.verdict import Verdict
from tests.doubles import GOOD, FakeClock, FakeLink
from tests.edge.agent.agents import TOPICS, StartAgent, message


def test_a_batch_is_scored_published_acknowledged_in_order_and_then_written(
    start_agent: StartAgent, fake_link: FakeLink
) -> None:
    agent = start_agent()
    fake_link.incoming = [[message(GOOD | {"seq": mid}, mid=mid) for mid in (5, 6, 7)]]
    agent.turn()
    happened = fake_link.happened
    assert happened[-4:] == ["ack 5", "ack 6", "ack 7", "flush"]
    assert happened[:3] == ["publish davylamp/gw1/st-1/score"] * 3
    assert [(body["n"], body["seq"]) for body in fake_link.on(TOPICS.score("st-1"))] == [(1, 5), (2, 6), (3, 7)]


def test_a_new_station_is_announced_with_availability_and_alarm(start_agent: StartAgent, fake_link: FakeLink) -> None:
    agent = start_agent()
    for mid in range(2):
        fake_link.incoming = [[message(GOOD, mid=mid)]]
        agent.turn()
    (available,) = fake_link.on(TOPICS.availability("st-1"))
    (alarm,) = fake_link.on(TOPICS.alarm("st-1"))
    assert available["state"] == "online"
    assert (alarm["alarm"], alarm["fault"], alarm["standing"]) == ("OFF", "OFF", [])
    retained = {published.topic for published in fake_link.published if published.retain}
    assert retained == {TOPICS.availability("st-1"), TOPICS.alarm("st-1"), TOPICS.model("st-1")}


def test_a_leak_opens_an_event_and_changes_the_retained_alarm(start_agent: StartAgent, fake_link: FakeLink) -> None:
    agent = start_agent()
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
    start_agent: StartAgent, bundle: Bundle, fake_link: FakeLink
) -> None:
    agent = start_agent()
    fake_link.incoming = [[message(GOOD | {"ch4_ppb": 9000.0}, mid=mid) for mid in range(3)]]
    agent.turn()
    for _ in range(2):
        fake_link.published.clear()
        fake_link.ready = True
        agent.turn()
        retained = [each for each in fake_link.published if each.retain]
        expected = [TOPICS.state, TOPICS.info, TOPICS.availability("st-1"), TOPICS.alarm("st-1"), TOPICS.model("st-1")]
        assert [each.topic for each in retained] == expected
        assert retained[0].body["state"] == "online"
        assert retained[0].body.keys() == {"state", "session", "since", "version", "ts", "bundles", "waiting"}
        assert retained[1].body["stations"] == ["st-1"]
        assert retained[1].body["bundles"][0]["bundle"] == bundle.id
        assert retained[3].body["alarm"] == "ON"


def test_a_retained_message_is_counted_and_acknowledged_and_not_scored(
    start_agent: StartAgent, fake_link: FakeLink
) -> None:
    agent = start_agent()
    old = [message(GOOD, retain=True, mid=1), message({"n": 1}, topic=TOPICS.request("synthesize"), retain=True, mid=2)]
    fake_link.incoming = [old]
    agent.turn()
    assert fake_link.published == []
    assert fake_link.happened == ["ack 1", "ack 2", "flush"]
    assert agent._health.retained == 2


def test_a_message_that_no_entry_matches_is_counted_and_acknowledged(
    start_agent: StartAgent, fake_link: FakeLink
) -> None:
    agent = start_agent()
    fake_link.incoming = [[message(GOOD, topic="elsewhere", mid=1), message(GOOD, topic="", mid=2)]]
    agent.turn()
    assert fake_link.happened == ["ack 1", "ack 2", "flush"]
    assert agent._health.stray == 2


def test_a_station_cannot_take_a_topic_of_ours(start_agent: StartAgent, fake_link: FakeLink) -> None:
    agent = start_agent()
    fake_link.incoming = [[message(GOOD, topic="sensors/state/readings")]]
    agent.turn()
    (score,) = fake_link.on(TOPICS.score("station_state"))
    assert score["station"] == "station_state"
    assert fake_link.happened[-2:] == ["ack 1", "flush"]


def test_an_array_is_as_many_readings_and_its_bad_ones_are_set_aside(
    start_agent: StartAgent, fake_link: FakeLink
) -> None:
    agent = start_agent()
    fake_link.incoming = [[message([GOOD, {"uptime": 5}, GOOD])]]
    agent.turn()
    assert [body["n"] for body in fake_link.on(TOPICS.score("st-1"))] == [1, 2]
    (letter,) = fake_link.on(TOPICS.deadletter)
    assert letter["at"] == "[1]"


def test_every_nth_score_is_published_and_every_exceedance(start_agent: StartAgent, fake_link: FakeLink) -> None:
    agent = start_agent(scoring=ScoringSettings(publish_every=4))
    bodies = [GOOD | {"ch4_ppb": 9000.0 if number == 6 else 2000.0} for number in range(1, 11)]
    fake_link.incoming = [[message(body, mid=mid) for mid, body in enumerate(bodies)]]
    agent.turn()
    scores = fake_link.on(TOPICS.score("st-1"))
    assert {4, 6, 8} <= {body["n"] for body in scores}
    assert all(body["n"] % 4 == 0 or body["exceeds"] for body in scores)


def test_a_late_reading_is_published_and_counted(start_agent: StartAgent, fake_link: FakeLink) -> None:
    agent = start_agent()
    now = 1_800_000_000.0
    fake_link.incoming = [[message(GOOD | {"ts": now}), message(GOOD | {"ts": now - 50}, mid=2)]]
    agent.turn()
    scores = fake_link.on(TOPICS.score("st-1"))
    assert [score["late"] for score in scores] == [False, True]
    assert agent._health.late == 1


def test_a_mistake_of_ours_sets_one_reading_aside_and_scores_the_others(
    start_agent: StartAgent, fake_link: FakeLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = start_agent()
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
    start_agent: StartAgent, fake_link: FakeLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = start_agent()
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


def test_a_request_never_keeps_a_reading_waiting(start_agent: StartAgent, fake_link: FakeLink) -> None:
    agent = start_agent()
    fake_link.incoming = [
        [message({"n": 1500}, topic=TOPICS.request("synthesize"))],
        [message(GOOD)],
        [],
    ]
    for _ in range(3):
        agent.turn()
    topics = [each.topic for each in fake_link.published if "response" in each.topic or "score" in each.topic]
    answer, score = TOPICS.response("synthesize"), TOPICS.score("st-1")
    assert topics == [answer, score, answer, answer]
    assert fake_link.waits[1:3] == [0.0, 0.0]


def test_health_is_published_in_time_and_nothing_is_waited_for_sooner(
    start_agent: StartAgent, fake_link: FakeLink, fake_clock: FakeClock
) -> None:
    agent = start_agent(health=HealthSettings(every=12.0))
    for _ in range(13):
        agent.turn()
        fake_clock.time += 1
    assert len(fake_link.on(TOPICS.health)) == 1
    assert not any(each.retain for each in fake_link.published if each.topic == TOPICS.health)
    assert fake_link.waits[:2] == [5.0, 5.0]
    assert fake_link.waits[-2] == 1.0


def test_a_station_that_falls_silent_is_offline_until_it_sends_again(
    start_agent: StartAgent, fake_link: FakeLink, fake_clock: FakeClock
) -> None:
    agent = start_agent()
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


def test_however_much_is_unconfirmed_a_stop_is_published(
    start_agent: StartAgent, fake_link: FakeLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = start_agent()
    fake_link.incoming = [[message(GOOD, topic=f"sensors/st-{mid}/readings", mid=mid) for mid in range(1, 151)]]
    agent.turn()

    def poll(timeout: float) -> list[Message]:
        fake_link.confirm()
        return []

    monkeypatch.setattr(fake_link, "poll", poll)
    agent.stop()
    assert len({each.topic for each in fake_link.published if each.retain}) == 451
    assert fake_link.on(TOPICS.state)[-1]["state"] == "stopped"


def test_a_stop_is_published_before_the_link_closes(start_agent: StartAgent, fake_link: FakeLink) -> None:
    agent = start_agent()
    agent.stop()
    assert fake_link.happened == ["hold", f"publish {TOPICS.state}", "close"]
    assert fake_link.on(TOPICS.state)[0]["state"] == "stopped"
    assert fake_link.published[0].retain


def test_a_clock_that_jumps_is_counted(
    start_agent: StartAgent, fake_clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = start_agent()
    now = fake_clock.now
    for offset, jumps in ((1.5, 0), (100.0, 1), (100.0, 1), (-5.0, 2)):
        monkeypatch.setattr(fake_clock, "now", lambda offset=offset: now() + offset)
        agent.turn()
        assert agent._health.clock_jumps == jumps


def test_the_watchdog_is_fed_while_link_and_pipeline_move(
    start_agent: StartAgent, fake_link: FakeLink, fake_clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = start_agent()
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


def test_the_log_warns_that_mqtt_3_1_1_hides_refusals(
    start_agent: StartAgent, fake_link: FakeLink, caplog: pytest.LogCaptureFixture
) -> None:
    agent = start_agent()
    for protocol, sees in (("3.1.1", False), ("5", True)):
        caplog.clear()
        fake_link.protocol = protocol
        fake_link.ready = True
        agent.turn()
        fake_link.confirm()
        assert fake_link.on(TOPICS.info)[-1]["sees_refusals"] is sees
        assert ("cannot tell us what it refuses" in caplog.text) is not sees
