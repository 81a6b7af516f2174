"""Link: messages come in order, and none is acknowledged that was not handed out."""

from __future__ import annotations

import time

import pytest

from config.settings.broker import Broker
from edge.mqtt.link import Subscription
from edge.mqtt.message import Message
from edge.mqtt.options import Options
from edge.mqtt.reconnecting_link import ReconnectingLink
from tests.edge.mqtt.links import Collect, MakeLink, Ready, TurnUntil, connection_of, sever
from tests.mqtt_client import Connect
from tests.running_broker import RunningBroker

pytestmark = pytest.mark.broker

REDELIVERS = pytest.mark.mqtt5  # the embedded broker forgets what was not acknowledged
BODY = b'{"n": 1}'


def test_messages_come_in_order_with_all_their_fields(
    broker: RunningBroker, client: Connect, make: MakeLink, base: str, collect: Collect, ready: Ready
) -> None:
    link = ready(make(broker.port))
    other = client(broker.port)
    for number in range(5):
        other.publish(f"{base}/in/{number}", b"%d" % number)
    messages = collect(link, 5)
    assert [message.topic for message in messages] == [f"{base}/in/{number}" for number in range(5)]
    assert [message.payload for message in messages] == [b"0", b"1", b"2", b"3", b"4"]
    assert {(message.qos, message.retain) for message in messages} == {(1, False)}
    assert abs(messages[0].received - time.time()) < 10


@REDELIVERS
def test_what_was_not_acknowledged_comes_again_and_what_was_does_not(
    broker: RunningBroker, client: Connect, make: MakeLink, base: str, collect: Collect, ready: Ready
) -> None:
    link = ready(make(broker.port))
    other = client(broker.port)
    for number in range(4):
        other.publish(f"{base}/in", b"%d" % number)
    messages = collect(link, 4, acknowledge=False)
    link.acknowledge(messages[:2])
    link.close()
    again = ready(make(broker.port))
    assert [message.payload for message in collect(again, 2)] == [b"2", b"3"]


@REDELIVERS
def test_a_session_keeps_messages_that_came_without_a_connection(
    broker: RunningBroker, client: Connect, make: MakeLink, base: str, collect: Collect, ready: Ready
) -> None:
    ready(make(broker.port)).close()
    client(broker.port).publish(f"{base}/in", BODY)
    assert [message.payload for message in collect(make(broker.port), 1)] == [BODY]


def test_a_command_leaves_no_session_behind(
    broker: RunningBroker, client: Connect, make: MakeLink, base: str, collect: Collect, ready: Ready
) -> None:
    ready(make(broker.port, session_expiry=0)).close()
    client(broker.port).publish(f"{base}/in", b"lost")
    link = ready(make(broker.port, session_expiry=0))
    client(broker.port).publish(f"{base}/in", b"live")
    assert [message.payload for message in collect(link, 1)] == [b"live"]


@pytest.mark.mqtt5
def test_a_batch_is_at_most_half_of_receive_maximum(
    broker: RunningBroker, client: Connect, make: MakeLink, base: str, ready: Ready
) -> None:
    link = ready(make(broker.port, settings={"receive_maximum": 10}))
    other = client(broker.port)
    for number in range(40):
        other.publish(f"{base}/in", b"%d" % number)
    batches: list[list[Message]] = []
    while sum(map(len, batches)) < 40:
        batches.append(link.poll(1.0))
        link.acknowledge(batches[-1])
        link.flush()
    assert max(map(len, batches)) <= 5
    assert [int(message.payload) for batch in batches for message in batch] == list(range(40))


@REDELIVERS
def test_an_ack_of_an_earlier_connection_is_dropped(
    broker: RunningBroker, client: Connect, make: MakeLink, base: str, collect: Collect, ready: Ready
) -> None:
    link = ready(make(broker.port))
    client(broker.port).publish(f"{base}/in", BODY)
    old = collect(link, 1, acknowledge=False)
    sever(link)  # the network goes away
    again = collect(link, 1, acknowledge=False)
    assert again[0].connection > old[0].connection
    link.acknowledge(old)
    assert link.counts.dropped_acks == 1
    link.acknowledge(again)
    link.flush()
    assert link.counts.dropped_acks == 1


@REDELIVERS
def test_a_batch_held_over_a_new_connection_comes_again_marked_and_in_order(
    broker: RunningBroker,
    client: Connect,
    make: MakeLink,
    base: str,
    collect: Collect,
    ready: Ready,
    turn_until: TurnUntil,
) -> None:
    link = ready(make(broker.port))
    other = client(broker.port)
    for number in range(3):
        other.publish(f"{base}/in", b"%d" % number)
    old = collect(link, 3, acknowledge=False)
    assert not any(message.dup for message in old)
    link.hold(True)
    sever(link)
    turn_until(link, lambda: link.counts.connections == 2 and connection_of(link).ready)
    other.publish(f"{base}/in", b"3")
    link.acknowledge(old)  # would ack others of the same identifiers
    link.flush()
    assert link.counts.dropped_acks == 3
    assert link.poll(0.1) == []
    link.hold(False)
    again = collect(link, 4)
    assert [(message.payload, message.dup) for message in again] == [(b"0", 1), (b"1", 1), (b"2", 1), (b"3", 0)]
    link.publish(f"{base}/done", BODY, qos=1)
    turn_until(link, lambda: link.in_flight == 0)  # what we sent is handled in order: so are the acks
    link.close()
    assert collect(ready(make(broker.port)), 0) == []


def test_while_it_is_held_nothing_is_handed_out_and_everything_else_goes_on(
    broker: RunningBroker, client: Connect, make: MakeLink, base: str, collect: Collect, ready: Ready
) -> None:
    other = client(broker.port, f"{base}/out")
    link = ready(make(broker.port))
    link.hold(True)
    for number in range(5):
        other.publish(f"{base}/in", b"%d" % number)
    link.publish(f"{base}/out", BODY, qos=1)
    messages = []
    link.flush()
    while link.in_flight:
        messages += link.poll(0.05)
    assert messages == []
    assert len(link.receipts()) == 1
    link.hold(False)
    assert [message.payload for message in collect(link, 5)] == [b"0", b"1", b"2", b"3", b"4"]


def test_acks_while_there_is_no_connection_are_dropped(broker: RunningBroker, make: MakeLink) -> None:
    link = make(broker.port)
    link.acknowledge([Message("a", b"", qos=1), Message("a", b"", qos=0)])
    assert link.counts.dropped_acks == 1


@pytest.mark.mqtt5
def test_retained_messages_come_only_to_subscriptions_that_ask_for_them(
    broker: RunningBroker, client: Connect, make: MakeLink, base: str, collect: Collect, ready: Ready
) -> None:
    client(broker.port).publish(f"{base}/in/kept", b"old", retain=True)
    link = ready(make(broker.port))
    client(broker.port).publish(f"{base}/in/live", b"new")
    assert [message.payload for message in collect(link, 1)] == [b"new"]
    options = Options.from_settings(Broker(host="127.0.0.1", port=broker.port), client_id=f"{base}-2", session_expiry=0)
    curious = ready(ReconnectingLink(options, [Subscription(f"{base}/in/#", retained=True)]))
    assert [(message.payload, message.retain) for message in collect(curious, 1)] == [(b"old", True)]
    curious.close()


@pytest.mark.mqtt5
def test_a_filter_that_is_no_longer_needed_is_unsubscribed(
    broker: RunningBroker, client: Connect, make: MakeLink, base: str, collect: Collect, ready: Ready
) -> None:
    settings = Broker(host="127.0.0.1", port=broker.port)
    options = Options.from_settings(settings, client_id=f"{base}-3", session_expiry=60)
    ready(ReconnectingLink(options, [Subscription(f"{base}/old"), Subscription(f"{base}/new")])).close()
    unwanted = [f"{base}/old", f"{base}/new", f"{base}/never"]
    ready(ReconnectingLink(options, [Subscription(f"{base}/new")], unsubscribe=unwanted)).close()
    other = client(broker.port)
    other.publish(f"{base}/old", b"old")
    other.publish(f"{base}/new", b"new")
    link = ready(ReconnectingLink(options, [Subscription(f"{base}/new")]))
    assert [message.payload for message in collect(link, 1)] == [b"new"]
    link.close()


@pytest.mark.mqtt5
def test_a_shared_subscription_delivers_each_message_to_one_of_its_group(
    broker: RunningBroker, client: Connect, make: MakeLink, base: str, ready: Ready
) -> None:
    settings = Broker(host="127.0.0.1", port=broker.port)
    links = [
        ready(
            ReconnectingLink(
                Options.from_settings(settings, client_id=f"{base}-{name}", session_expiry=0),
                [Subscription(f"$share/pair/{base}/in/+")],
            )
        )
        for name in "ab"
    ]
    other = client(broker.port)
    for number in range(20):
        other.publish(f"{base}/in/x", b"%d" % number)
    received: list[Message] = []
    deadline = time.monotonic() + 10
    while len(received) < 20 and time.monotonic() < deadline:
        for link in links:
            messages = link.poll(0.05)
            received += messages
            link.acknowledge(messages)
            link.flush()
    assert sorted(int(message.payload) for message in received) == list(range(20))
    assert {message.topic for message in received} == {f"{base}/in/x"}
    for link in links:
        link.close()
