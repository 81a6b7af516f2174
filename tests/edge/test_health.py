"""Health: numbers about the agent."""

from __future__ import annotations

import json
from typing import Any

from edge.delivery import Delivery
from edge.health import Health
from edge.topics import Topics


def test_it_tells_counts_times_and_cost(fake_connection: Any, fake_clock: Any) -> None:
    health = Health(fake_clock)
    for milliseconds in range(1, 101):
        health.batch(milliseconds, milliseconds / 1000)
    health.readings = 5050
    fake_clock.time += 60
    delivery = Delivery(fake_connection, Topics("davylamp/gw1"), fake_clock)
    message = json.loads(json.dumps(health.message(fake_connection, delivery, stations=2, requests=3)))
    assert message["uptime_s"] == 60
    assert message["batch_ms"] == {"p50": 50.5, "p99": 99.01}
    assert (message["batches"], message["largest_batch"], message["readings"]) == (100, 100, 5050)
    assert (message["stations"], message["requests"], message["mqtt"]) == (2, 3, "5")
    assert {"scores", "events", "dead_letters", "dropped", "connections", "dropped_acks"} <= message.keys()
    assert 10 < message["rss_mib"] < 10_000
    assert message["cpu_s"] > 0


def test_before_the_first_batch_there_are_no_times(fake_connection: Any, fake_clock: Any) -> None:
    delivery = Delivery(fake_connection, Topics("davylamp/gw1"), fake_clock)
    message = Health(fake_clock).message(fake_connection, delivery, stations=0, requests=0)
    assert message["batch_ms"] == {"p50": None, "p99": None}
