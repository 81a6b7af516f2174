from __future__ import annotations

import json
import math

import pytest

from config.broker import Broker, Password
from config.errors import ConfigError
from edge.clock import SystemClock
from edge.errors import BrokerError
from edge.publishing import Publisher, message, station_topic
from edge.stopping import Stop


def publisher(broker: Broker, stop: Stop) -> Publisher:
    return Publisher(broker, "test", stop=stop, clock=SystemClock())


def test_a_message_is_one_json_object_with_the_time_the_count_and_null_for_what_is_missing() -> None:
    body = json.loads(message(("ch4_ppb", "humidity_pct"), [1950.5, math.nan], 1753776000.25, 7))
    assert body == {"ch4_ppb": 1950.5, "humidity_pct": None, "ts": "2025-07-29T08:00:00.250Z", "seq": 7}


def test_the_station_takes_its_place_in_the_topic() -> None:
    assert station_topic("sensors/{station}/readings", "st-1") == "sensors/st-1/readings"
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
    with pytest.raises(BrokerError, match=rf"127\.0\.0\.1:{free_port}: broker not reachable: .*; fix: start the broker"):
        publisher(Broker(host="127.0.0.1", port=free_port), Stop()).__enter__()
