"""Link: how soon a broker that was away is found."""

from __future__ import annotations

import random

import pytest

from edge.mqtt.reconnecting_link import ReconnectingLink
from tests.doubles import FakeClock
from tests.edge.mqtt.links import MakeLink
from tests.running_broker import StartBroker

pytestmark = pytest.mark.broker


def outage(links: list[ReconnectingLink], clock: FakeClock, minutes: int) -> None:
    """Let time pass without a broker, long enough for every delay to reach its bound."""
    for _ in range(60 * minutes):
        clock.time += 1
        for link in links:
            link.poll(0)


def settle(link: ReconnectingLink) -> bool:
    """Take turns until a connection that is being opened has succeeded or failed."""
    link.poll(0)
    while link._connection is not None and not link.connected:
        link.poll(0.05)
    return link.connected


@pytest.mark.mqtt5
def test_a_broker_on_this_machine_that_comes_back_is_found_within_5_s_20_times_of_20(
    start_broker: StartBroker, make: MakeLink, fake_clock: FakeClock
) -> None:
    broker = start_broker()
    broker.stop()
    links = [make(broker.port, clock=fake_clock, random=random.Random(seed)) for seed in range(20)]
    outage(links, fake_clock, minutes=2)
    broker.start()
    back = fake_clock.time
    took: list[float] = []
    while links:
        found = [link for link in links if settle(link)]
        took += [fake_clock.time - back for _ in found]
        for link in found:
            link.close()
            links.remove(link)
        fake_clock.time += 0.1
    assert max(took) < 5
    assert sum(took) / len(took) < 2.5


def test_a_broker_that_is_started_and_killed_again_and_again_is_found_within_5_s_each_time(
    start_broker: StartBroker, make: MakeLink, fake_clock: FakeClock
) -> None:
    broker = start_broker()
    link = make(broker.port, clock=fake_clock, random=random.Random(5))
    # Connections that are lost at once do not make it wait longer, as another client with our id would.
    for _ in range(8):
        back = fake_clock.time
        while not settle(link):
            fake_clock.time += 0.1
            assert fake_clock.time - back < 5
        broker.kill()
        while link.connected:
            link.poll(0.05)
        broker.start()


@pytest.mark.mqtt5
def test_two_clients_with_one_id_on_this_machine_leave_each_other_time(
    start_broker: StartBroker, make: MakeLink, fake_clock: FakeClock
) -> None:
    broker = start_broker()
    active, displaced = (make(broker.port, clock=fake_clock, random=random.Random(seed)) for seed in range(2))
    waits = []
    for _ in range(20):
        while not settle(active):
            fake_clock.time = active._next_try
        while displaced.connected:
            displaced.poll(0.05)
        waits.append(displaced._next_try - fake_clock.time)
        active, displaced = displaced, active
    assert max(waits[:4]) < 3
    assert max(waits) > 10


def test_a_broker_far_away_is_tried_at_least_once_in_45_s(
    free_port: int, make: MakeLink, fake_clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.mqtt.connection.on_this_machine", lambda _: False)
    link = make(free_port, clock=fake_clock, settings={"protocol": 5}, random=random.Random(4))
    outage([link], fake_clock, minutes=5)
    delays = []
    for _ in range(100):
        fake_clock.time = link._next_try
        link.poll(0)
        delays.append(link._next_try - fake_clock.time)
    assert 40 < max(delays) <= 45  # with a name server and a handshake that take their time, it is still within 60 s
