from __future__ import annotations

import json
import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from config.errors import ConfigError
from config.settings.broker import Broker
from edge.clock import SystemClock
from edge.errors import BrokerError
from edge.mqtt.command_link import command_link
from edge.simulation.publisher import Publisher, message, station_topic
from edge.stop import Stop
from tests.mqtt_client import Connect
from tests.running_broker import RunningBroker, StartBroker

TOPIC = "sensors/st-1/readings"


@contextmanager
def publisher(broker: RunningBroker, stop: Stop | None = None, **options: Any) -> Iterator[Publisher]:
    stop = stop or Stop()
    # The embedded broker never answers the newest protocol.
    options.setdefault("protocol", "3.1.1")
    with command_link(Broker(host=broker.host, port=broker.port, **options), "test", (), stop) as link:
        yield Publisher(link, stop, SystemClock())


def test_a_message_is_a_json_object_with_time_count_and_null_for_missing_values() -> None:
    body = json.loads(message(("ch4_ppb", "humidity_pct"), [1950.5, math.nan], 1753776000.25, 7))
    assert body == {"ch4_ppb": 1950.5, "humidity_pct": None, "ts": "2025-07-29T08:00:00.250Z", "seq": 7}


def test_the_station_takes_its_place_in_the_topic() -> None:
    assert station_topic("sensors/{station}/readings", "st-1") == TOPIC
    assert station_topic("farm/readings", "st-1") == "farm/readings"


@pytest.mark.parametrize(
    ("template", "station", "text"),
    [
        ("sensors/{station}/readings", "a/b", "station: got the station 'a/b'"),
        ("sensors/{station}/readings", "state", "station: 'state' is one of the gateway's own words"),
        ("sensors/+/readings", "st-1", "topic: got 'sensors/+/readings', expected a topic with no wildcard"),
        ("/sensors", "st-1", "expected a topic with no empty level"),
    ],
)
def test_a_topic_that_nobody_can_publish_to_is_refused(template: str, station: str, text: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        station_topic(template, station)
    assert text in str(refusal.value)


@pytest.mark.broker
@pytest.mark.parametrize(
    "protocol", ["3.1.1", pytest.param("auto", marks=pytest.mark.mqtt5), pytest.param(5, marks=pytest.mark.mqtt5)]
)
def test_everything_published_arrives_in_order_and_is_acknowledged(
    protocol: Any, broker: RunningBroker, client: Connect
) -> None:
    topic = f"sensors/publishing-{protocol}/readings"
    listener = client(broker.port, topic)
    with publisher(broker, protocol=protocol) as connection:
        for i in range(1000):
            assert connection.publish(topic, b"%d" % i)
        assert connection.drain() == 0
    listener.wait(topic, lambda body: body == 999)
    assert listener.on(topic) == list(range(1000))
    assert {(message.qos, message.retain) for message in listener.received} == {(1, False)}


@pytest.mark.broker
@pytest.mark.mqtt5  # the embedded broker forgets everything when it goes
def test_a_broker_that_goes_and_comes_back_gets_everything_at_least_once(start_broker: StartBroker) -> None:
    broker = start_broker("autosave_on_changes false")
    received: list[int] = []
    subscribed, complete = threading.Event(), threading.Event()

    def on_message(client: mqtt.Client, data: object, message: mqtt.MQTTMessage) -> None:
        received.append(int(message.payload))
        if len(set(received)) == 400:
            complete.set()

    # A session that stays: the broker keeps for it what comes while it is away.
    listener = mqtt.Client(CallbackAPIVersion.VERSION2, "listener", clean_session=False)
    listener.on_message = on_message
    listener.on_subscribe = lambda *_: subscribed.set()
    listener.connect(broker.host, broker.port)
    listener.subscribe(TOPIC, 1)
    listener.loop_start()
    assert subscribed.wait(10)
    with publisher(broker) as connection:
        for i in range(100):
            assert connection.publish(TOPIC, b"%d" % i)
        broker.stop()
        broker.start()
        for i in range(100, 400):
            assert connection.publish(TOPIC, b"%d" % i)
        assert connection.drain() == 0
    assert complete.wait(10), f"received {len(set(received))} of 400"
    listener.disconnect()
    listener.loop_stop()


@pytest.mark.broker
@pytest.mark.mqtt5
def test_a_reading_that_the_broker_refuses_is_an_error_with_topic_and_fix(
    start_broker: StartBroker, tmp_path: Path
) -> None:
    (tmp_path / "acl").write_text("topic readwrite sensors/#\n")
    broker = start_broker(f"acl_file {tmp_path / 'acl'}")
    with publisher(broker, protocol=5) as connection:
        connection.publish("forbidden/st-1", b"1")
        with pytest.raises(
            BrokerError, match=r"refused a reading on forbidden/st-1: Not authorized; fix: .*access list"
        ):
            connection.drain()


@pytest.mark.broker
def test_a_requested_stop_ends_the_wait_for_a_broker_that_is_gone(start_broker: StartBroker) -> None:
    broker = start_broker()
    stop = Stop()
    with publisher(broker, stop) as connection:
        broker.kill()
        stop.request()
        connection.wait(3600.0)
        while connection.publish(TOPIC, b"1"):
            pass  # until it notices that the broker is gone
        assert connection.drain() > 0


@pytest.mark.broker
def test_two_publishers_do_not_displace_each_other_or_the_agent(broker: RunningBroker, client: Connect) -> None:
    topic = "sensors/publishing-two/readings"
    listener = client(broker.port, topic)
    agent = "davylamp-gw1"
    with publisher(broker, client_id=agent) as one, publisher(broker, client_id=agent) as other:
        for i in range(20):
            one.publish(topic, b"%d" % i)
            other.publish(topic, b"%d" % (100 + i))
            one.wait(0.001)
        assert one.drain() + other.drain() == 0
    listener.wait(topic, lambda body: body == 119)
    assert sorted(listener.on(topic)) == [*range(20), *range(100, 120)]
