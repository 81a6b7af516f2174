"""The agent at a real broker, with a station beside it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import paho.mqtt.client as mqtt
import pytest

from config.settings.broker import Broker
from config.settings.gateway import Gateway, StationEntry, TopicSettings
from edge.agent.agent import Agent
from edge.agent.announcer import subscriptions
from edge.agent.presence import Presence
from edge.agent.stations import Stations
from edge.agent.watchdog import Watchdog
from edge.bundles.bundle import Bundle
from edge.clock import SystemClock
from edge.journal.journal import Journal
from edge.mqtt.options import Options
from edge.mqtt.reconnecting_link import ReconnectingLink
from edge.mqtt.topics import Topics
from tests.doubles import GOOD
from tests.mqtt_client import Connect
from tests.running_broker import RunningBroker

COUNTER = itertools.count(1)
BrokerProtocol = Literal["auto", "3.1.1"]


class Live:
    """An agent at a real broker, and a station beside it."""

    def __init__(
        self,
        bundle: Bundle,
        broker: RunningBroker,
        client: Connect,
        protocol: BrokerProtocol,
        folder: Path,
        *,
        levels: str = "{station}/readings",
        number: int | None = None,
    ) -> None:
        number = next(COUNTER) if number is None else number
        gateway = Gateway(
            gateway=f"t{number}",
            broker=Broker(host=broker.host, port=broker.port, protocol=protocol),
            topics=TopicSettings(base=f"test-agent/{number}"),
            stations=(StationEntry(bundle=bundle.path, topic=f"in-{number}/{levels}"),),
        )
        self.topics = Topics(gateway.topics.base)
        self.topic = f"in-{number}/st-1/readings"
        clock = SystemClock()
        stations = Stations(gateway, [bundle])
        presence = Presence(gateway, self.topics, clock)
        options = Options.from_settings(gateway.broker, client_id=gateway.broker.client_id)
        self.link = ReconnectingLink(options, subscriptions(stations, self.topics), will=presence.will)
        poll = self.link.poll
        # The other client receives on a thread of its own: the agent must not wait long in between.
        self.link.poll = lambda timeout: poll(min(timeout, 0.02))  # type: ignore[method-assign]
        journal = Journal(folder / "journal.db", clock=clock)
        self.agent = Agent(
            gateway, stations, self.link, journal, presence=presence, watchdog=Watchdog(clock, {}), clock=clock
        )
        self.other = client(broker.port, f"{self.topics.base}/#")
        self.turn_until(lambda: self.published(self.topics.state))

    def turn_until(self, condition: Callable[[], object]) -> None:
        for _ in range(2000):
            if condition():
                return
            self.agent.turn()
        pytest.fail("it did not happen")

    def published(self, topic: str) -> list[Any]:
        return list(self.other.on(topic))

    def scored(self, readings: int) -> dict[str, Any]:
        """Turn until this many scores are published; return the last."""
        self.turn_until(lambda: len(self.published(self.topics.score("st-1"))) >= readings)
        score: dict[str, Any] = self.published(self.topics.score("st-1"))[-1]
        return score


@pytest.fixture
def live(
    bundle: Bundle, broker: RunningBroker, client: Connect, protocol: BrokerProtocol, tmp_path: Path
) -> Iterator[Live]:
    live = Live(bundle, broker, client, protocol, tmp_path)
    yield live
    live.agent.stop()


BAD = {
    "not JSON": (b"ch4=2000", "expected JSON", None),
    "a number that is not UTF-8": (b'{"ch4_ppb": "\xff"}', "expected a number", "ch4_ppb"),
    "300 kB long": (b" " * 300_000, "300000 bytes", None),
    "nested 10,000 deep": (b"[" * 10_000 + b"]" * 10_000, "without names", "[0]"),
    "cut off": (json.dumps(GOOD).encode()[:-3], "ends too early", None),
    "objects where numbers belong": (b'{"ch4_ppb": {"value": 2000}}', "got an object", "ch4_ppb"),
    "none of the keys": (b'{"uptime": 5}', "none of the 9 keys is there", None),
}


@pytest.mark.broker
def test_bad_input_of_every_kind_is_a_dead_letter_and_the_next_reading_is_scored(live: Live) -> None:
    for number, (name, (payload, reason, at)) in enumerate(BAD.items(), 1):
        live.other.publish(live.topic, payload)
        live.other.publish(live.topic, GOOD | {"seq": number})
        assert live.scored(number)["seq"] == number, name
        live.turn_until(lambda: len(live.published(live.topics.deadletter)) >= number)  # noqa: B023
        letter = live.published(live.topics.deadletter)[-1]
        assert reason in letter["reason"], name
        assert letter["at"] == at, name
        assert (letter["topic"], letter["bytes"]) == (live.topic, len(payload))
    assert len(live.published(live.topics.deadletter)) == len(BAD)


@pytest.mark.broker
def test_a_null_an_absent_and_a_sentinel_channel_are_flag_9(live: Live) -> None:
    without = {key: value for key, value in GOOD.items() if key != "humidity_pct"}
    for number, body in enumerate([GOOD, GOOD | {"humidity_pct": None}, without, GOOD | {"humidity_pct": -200}], 1):
        live.other.publish(live.topic, body)
        score = live.scored(number)
        assert score["flags"] == ({} if number == 1 else {"humidity_pct": 9})
        assert (score["consistency"] or {}).get("culprit") == (None if number == 1 else "humidity_pct")


@pytest.mark.broker
def test_extra_keys_are_ignored_and_a_byte_order_mark_is_stripped(live: Live) -> None:
    live.other.publish(live.topic, b"\xef\xbb\xbf" + json.dumps(GOOD | {"firmware": {"v": [1]}}).encode())
    assert live.scored(1)["state"]
    assert live.published(live.topics.deadletter) == []


@pytest.mark.broker
@pytest.mark.mqtt5  # the embedded broker mixes up what is retained
def test_a_retained_reading_is_not_scored_over_a_real_broker(
    bundle: Bundle, broker: RunningBroker, client: Connect, tmp_path: Path
) -> None:
    number = next(COUNTER) + 1  # the one that Live will take
    client(broker.port).publish(f"in-{number}/st-1/readings", GOOD | {"seq": 1}, retain=True)
    live = Live(bundle, broker, client, "3.1.1", tmp_path)  # which cannot ask the broker to keep it
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
    live.turn_until(lambda: asker.on(own) and live.published(live.topics.response("synthesize")))
    (answer,) = asker.on(own)
    assert len(answer["data"]["rows"]) == 3
    assert asker.received[0].properties.CorrelationData == b"\x07"


@pytest.mark.broker
@pytest.mark.mqtt5  # the embedded broker mixes up what is retained
def test_score_event_and_alarm_reach_the_broker_and_so_does_a_stop(
    live: Live, broker: RunningBroker, client: Connect
) -> None:
    for number in range(5):
        live.other.publish(live.topic, GOOD | {"ch4_ppb": 9000.0, "seq": number})
    live.scored(5)
    live.turn_until(lambda: live.published(live.topics.event("st-1")))
    live.agent.stop()
    live.other.wait(live.topics.state, lambda body: body["state"] == "stopped")
    late = client(broker.port, f"{live.topics.base}/#")
    client(broker.port).publish(f"{live.topics.base}/end", {})
    late.wait(f"{live.topics.base}/end")  # after all that was kept
    kept = {message.topic: message.body for message in late.received if message.retain}
    assert kept.keys() == {live.topics.state, live.topics.info, *live.topics.retained_of("st-1")}
    assert kept[live.topics.alarm("st-1")]["alarm"] == "ON"
