"""Readings in parts at a real broker: joined, and after a crash neither lost nor doubled."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.bundles.bundle import Bundle
from tests.doubles import GOOD
from tests.edge.agent.test_agent_broker import BrokerProtocol, Live
from tests.mqtt_client import Connect
from tests.running_broker import RunningBroker, StartBroker

NUMBER = itertools.count(5001)
StartLive = Callable[[], Live]


@pytest.fixture
def start_live(
    bundle: Bundle, broker: RunningBroker, client: Connect, protocol: BrokerProtocol, tmp_path: Path
) -> StartLive:
    """Start an agent of one board with a topic for each value; the one before is killed."""
    number = next(NUMBER)
    running: list[Live] = []

    def start() -> Live:
        for live in running:
            connection = live.link._connection
            assert connection is not None
            assert connection.socket is not None
            connection.socket.close()
            live.agent._committer.journal.close()
        live = Live(bundle, broker, client, protocol, tmp_path, levels="{station}/sensor/{key}/state", number=number)
        running.append(live)
        return live

    return start


def send(live: Live, n: int, keys: list[str]) -> None:
    root = live.topic.rpartition("/")[0]
    for key in keys:
        live.other.publish(f"{root}/sensor/{key}/state", GOOD[key] + 0.5 * n)


def journalled(live: Live) -> list[list[float]]:
    rows = live.agent._committer.journal.readings(live.agent._stations["st-1"].id)
    return [[float(value) for value in memoryview(row.values).cast("d")] for row in rows]


def expected(n: int) -> list[float]:
    return [value + 0.5 * n for value in GOOD.values()]


@pytest.mark.broker
def test_a_board_with_a_topic_for_each_value_is_scored(start_live: StartLive) -> None:
    live = start_live()
    for n in range(5):
        send(live, n, list(GOOD) if n % 2 else list(reversed(GOOD)))
        score = live.scored(n + 1)
        assert score["flags"] == {}
    assert journalled(live) == [expected(n) for n in range(5)]


@pytest.mark.mqtt5
@pytest.mark.broker
def test_a_crash_between_the_parts_of_a_reading_loses_and_doubles_nothing(start_live: StartLive) -> None:
    live = start_live()
    send(live, 0, list(GOOD))
    live.scored(1)
    send(live, 1, list(GOOD)[:4])
    live.turn_until(lambda: len(live.agent._unacknowledged) == 4)
    live = start_live()
    live.turn_until(lambda: len(live.agent._unacknowledged) == 4)
    send(live, 1, list(GOOD)[4:])
    live.turn_until(lambda: live.agent._stations["st-1"].state.n == 2)
    live.turn_until(lambda: not live.agent._unacknowledged)
    assert journalled(live) == [expected(0), expected(1)]


@pytest.mark.broker
def test_parts_of_many_stations_at_once_get_through_a_broker_that_sends_few_before_an_ack(
    bundle: Bundle, start_broker: StartBroker, client: Connect, tmp_path: Path
) -> None:
    """MQTT 3.1.1 has no Receive Maximum: the broker's own limit holds, as small as that of many brokers."""
    broker = start_broker("max_inflight_messages 20")
    live = Live(bundle, broker, client, "3.1.1", tmp_path, levels="{station}/sensor/{key}/state", number=next(NUMBER))
    root = live.topic.split("/")[0]
    keys = list(GOOD)
    for n in range(3):
        for key in keys:
            for station in range(12):
                live.other.publish(f"{root}/st-{station}/sensor/{key}/state", GOOD[key] + 0.5 * n)
    names = [f"st-{station}" for station in range(12)]
    live.turn_until(lambda: all(name in live.agent._stations for name in names))
    live.turn_until(lambda: all(live.agent._stations[name].state.n == 3 for name in names))
    for name in names:
        rows = live.agent._committer.journal.readings(live.agent._stations[name].id)
        assert [memoryview(row.values).cast("d").tolist() for row in rows] == [expected(n) for n in range(3)]
