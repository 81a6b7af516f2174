from __future__ import annotations

import json
import math
from typing import Any

import pytest

from config.broker import Broker
from config.errors import ConfigError
from edge.clock import SystemClock
from edge.errors import BrokerError
from edge.publishing import Publisher, message, station_topic
from edge.stopping import Stop

TOPIC = "sensors/st-1/readings"


def publisher(broker: Broker, stop: Stop | None = None) -> Publisher:
    return Publisher(broker, "test", stop=stop or Stop(), clock=SystemClock())


def test_a_message_is_one_json_object_with_the_time_the_count_and_null_for_what_is_missing() -> None:
    body = json.loads(message(("ch4_ppb", "humidity_pct"), [1950.5, math.nan], 1753776000.25, 7))
    assert body == {"ch4_ppb": 1950.5, "humidity_pct": None, "ts": "2025-07-29T08:00:00.250Z", "seq": 7}


def test_the_station_takes_its_place_in_the_topic() -> None:
    assert station_topic("sensors/{station}/readings", "st-1") == TOPIC
    assert station_topic("farm/readings", "st-1") == "farm/readings"


@pytest.mark.parametrize(
    ("template", "station", "said"),
    [
        ("sensors/{station}/readings", "a/b", "station: got the station 'a/b'"),
        ("sensors/{station}/readings", "state", "station: 'state' is one of the gateway's own words"),
        ("sensors/+/readings", "st-1", "topic: got 'sensors/+/readings', expected a topic with no wildcard"),
        ("/sensors", "st-1", "expected a topic with no empty level"),
    ],
)
def test_a_topic_that_nobody_can_publish_to_is_refused(template: str, station: str, said: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        station_topic(template, station)
    assert said in str(refusal.value)


def test_where_no_broker_is_the_error_says_so_and_what_to_do(free_port: int) -> None:
    connection = publisher(Broker(host="127.0.0.1", port=free_port))
    with pytest.raises(
        BrokerError, match=rf"127\.0\.0\.1:{free_port}: broker not reachable: .*; fix: start the broker"
    ):
        connection.__enter__()


@pytest.mark.broker
@pytest.mark.parametrize("protocol", ["auto", 5, "3.1.1"])
def test_everything_published_arrives_in_order_and_is_acknowledged(
    protocol: Any, own_broker: Any, listener: Any
) -> None:
    with publisher(Broker(host="127.0.0.1", port=own_broker.port, protocol=protocol)) as connection:
        for i in range(1000):
            assert connection.publish(TOPIC, b"%d" % i)
        assert connection.drain() == 0
    assert listener.wait(1000) == list(range(1000))
    assert {(topic, qos, retain) for topic, _, qos, retain in listener.heard} == {(TOPIC, 1, False)}


@pytest.mark.broker
def test_a_broker_that_goes_and_comes_back_gets_everything_at_least_once(own_broker: Any, listener: Any) -> None:
    with publisher(own_broker.settings) as connection:
        for i in range(100):
            assert connection.publish(TOPIC, b"%d" % i)
        own_broker.stop()
        own_broker.start()
        for i in range(100, 400):
            assert connection.publish(TOPIC, b"%d" % i)
        assert connection.drain() == 0
    listener.wait(400)
    heard = [int(payload) for _, payload, _, _ in listener.heard]
    print(sorted(set(range(400)) - set(heard)), len(heard))
    assert set(heard) == set(range(400))
    assert sorted(set(heard), key=heard.index) == list(range(400))


@pytest.mark.broker
@pytest.mark.mqtt5
def test_a_reading_that_the_broker_refuses_is_an_error_that_names_the_topic_and_the_fix(own_broker: Any) -> None:
    with publisher(own_broker.settings) as connection:
        connection.publish("forbidden/st-1", b"1")
        with pytest.raises(
            BrokerError, match=r"refused a reading on forbidden/st-1: Not authorized; fix: .*access list"
        ):
            connection.drain()


@pytest.mark.broker
def test_the_wish_to_stop_ends_a_wait_for_a_broker_that_is_gone(own_broker: Any) -> None:
    stop = Stop()
    with publisher(own_broker.settings, stop) as connection:
        own_broker.stop()
        stop.request()
        connection.rest(3600.0)
        while connection.publish(TOPIC, b"1"):
            pass  # until it notices that the broker is gone
        assert connection.drain() > 0


@pytest.mark.broker
def test_two_publishers_do_not_throw_each_other_or_the_agent_out(own_broker: Any, listener: Any) -> None:
    settings = Broker(host="127.0.0.1", port=own_broker.port, client_id="davylamp-gw1")
    with publisher(settings) as one, publisher(settings) as other:
        for i in range(20):
            one.publish(TOPIC, b"%d" % i)
            other.publish(TOPIC, b"%d" % i)
            one.rest(0.001)
        assert one.drain() + other.drain() == 0
    assert len(listener.wait(40)) == 40
