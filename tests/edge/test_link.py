"""Link: a connection that loses nothing, says what is wrong, and comes back."""

from __future__ import annotations

import itertools
import logging
import os
import random
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest

from config.broker import TLS, Broker, Password
from edge.client import Client
from edge.clock import SystemClock
from edge.connecting import Options
from edge.connection import Subscription
from edge.link import Link
from edge.message import Message
from edge.stopping import Stop

pytestmark = pytest.mark.broker

REDELIVERS = pytest.mark.mqtt5  # the embedded broker forgets what was not acknowledged
COUNTER = itertools.count()
AUTO = {"protocol": "auto"}
BODY = b'{"n": 1}'
EARLY: dict[Link, list[Message]] = {}  # what came together with the confirmation of the subscription


class FakeClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.time = 1000.0

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time


@pytest.fixture
def base() -> str:
    """Topics of this test's own, on the shared broker."""
    return f"test-link/{next(COUNTER)}"


@pytest.fixture
def make(base: str, protocol: str) -> Iterator[Callable[..., Link]]:
    """Make links to a port, closed in the end."""
    links: list[Link] = []

    def make(port: int, *, settings: dict[str, Any] | None = None, session_expiry: int = 60, **options: Any) -> Link:
        broker = Broker(**{"host": "127.0.0.1", "port": port, "protocol": protocol, **(settings or {})})
        resolved = Options.of(broker, client_id=base.replace("/", "-"), session_expiry=session_expiry)
        links.append(Link(resolved, (Subscription(f"{base}/in/#"),), **options))
        return links[-1]

    yield make
    for link in links:
        link.close(0.1)


def ready(link: Link, seconds: float = 10.0) -> Link:
    """Turn until the link is subscribed."""
    deadline = time.monotonic() + seconds
    while not link.became_ready():
        assert time.monotonic() < deadline, link.failure
        EARLY.setdefault(link, []).extend(link.poll(0.05))
        link.flush()
    return link


def collect(link: Link, count: int, *, acknowledge: bool = True, seconds: float = 10.0) -> list[Message]:
    """Turn until so many messages came."""
    found = EARLY.pop(link, [])
    if acknowledge:
        link.acknowledge(found)
    deadline = time.monotonic() + seconds
    while len(found) < count:
        assert time.monotonic() < deadline, f"{len(found)} of {count} messages"
        messages = link.poll(0.05)
        found += messages
        if acknowledge:
            link.acknowledge(messages)
        link.flush()
    return found


def turn_until(link: Link, condition: Callable[[], Any], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        link.poll(0.05)
        link.flush()


# ---- messages --------------------------------------------------------------------------------------------------------


def test_messages_come_in_order_with_all_they_carry(broker: Any, client: Any, make: Any, base: str) -> None:
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
    broker: Any, client: Any, make: Any, base: str
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
def test_a_session_keeps_what_came_while_nobody_was_there(broker: Any, client: Any, make: Any, base: str) -> None:
    ready(make(broker.port)).close()
    client(broker.port).publish(f"{base}/in", BODY)
    assert [message.payload for message in collect(make(broker.port), 1)] == [BODY]


def test_a_command_that_looks_leaves_no_session_behind(broker: Any, client: Any, make: Any, base: str) -> None:
    ready(make(broker.port, session_expiry=0)).close()
    client(broker.port).publish(f"{base}/in", b"lost")
    link = ready(make(broker.port, session_expiry=0))
    client(broker.port).publish(f"{base}/in", b"live")
    assert [message.payload for message in collect(link, 1)] == [b"live"]


@pytest.mark.mqtt5
def test_a_batch_is_at_most_half_of_what_the_broker_may_send(broker: Any, client: Any, make: Any, base: str) -> None:
    link = ready(make(broker.port, settings={"receive_maximum": 10}))
    other = client(broker.port)
    for number in range(40):
        other.publish(f"{base}/in", b"%d" % number)
    batches = []
    while sum(map(len, batches)) < 40:
        batches.append(link.poll(1.0))
        link.acknowledge(batches[-1])
        link.flush()
    assert max(map(len, batches)) <= 5
    assert [int(message.payload) for batch in batches for message in batch] == list(range(40))


@REDELIVERS
def test_an_ack_of_an_earlier_connection_is_dropped(broker: Any, client: Any, make: Any, base: str) -> None:
    link = ready(make(broker.port))
    client(broker.port).publish(f"{base}/in", BODY)
    old = collect(link, 1, acknowledge=False)
    link._session._client.socket().shutdown(socket.SHUT_RDWR)  # the network goes away
    again = collect(link, 1, acknowledge=False)
    assert again[0].connection > old[0].connection
    link.acknowledge(old)
    assert link.counts.dropped_acks == 1
    link.acknowledge(again)
    link.flush()
    assert link.counts.dropped_acks == 1


@REDELIVERS
def test_a_batch_held_over_a_new_connection_comes_again_marked_and_in_order(
    broker: Any, client: Any, make: Any, base: str
) -> None:
    link = ready(make(broker.port))
    other = client(broker.port)
    for number in range(3):
        other.publish(f"{base}/in", b"%d" % number)
    old = collect(link, 3, acknowledge=False)
    assert not any(message.dup for message in old)
    link.hold(True)
    link._session._client.socket().shutdown(socket.SHUT_RDWR)
    turn_until(link, lambda: link.counts.connections == 2 and link._session.ready)
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
    broker: Any, client: Any, make: Any, base: str
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


def test_acks_while_there_is_no_connection_are_dropped(broker: Any, make: Any) -> None:
    link = make(broker.port)
    link.acknowledge([Message("a", b"", qos=1), Message("a", b"", qos=0)])
    assert link.counts.dropped_acks == 1


@pytest.mark.mqtt5
def test_retained_messages_come_only_where_they_are_wanted(broker: Any, client: Any, make: Any, base: str) -> None:
    client(broker.port).publish(f"{base}/in/kept", b"old", retain=True)
    link = ready(make(broker.port))
    client(broker.port).publish(f"{base}/in/live", b"new")
    assert [message.payload for message in collect(link, 1)] == [b"new"]
    options = Options.of(Broker(host="127.0.0.1", port=broker.port), client_id=f"{base}-2", session_expiry=0)
    curious = ready(Link(options, [Subscription(f"{base}/in/#", retained=True)]))
    assert [(message.payload, message.retain) for message in collect(curious, 1)] == [(b"old", True)]
    curious.close()


@pytest.mark.mqtt5
def test_a_filter_that_nobody_wants_any_more_is_given_back(broker: Any, client: Any, make: Any, base: str) -> None:
    settings = Broker(host="127.0.0.1", port=broker.port)
    options = Options.of(settings, client_id=f"{base}-3", session_expiry=60)
    ready(Link(options, [Subscription(f"{base}/old"), Subscription(f"{base}/new")])).close()
    unwanted = [f"{base}/old", f"{base}/new", f"{base}/never"]
    ready(Link(options, [Subscription(f"{base}/new")], unsubscribe=unwanted)).close()
    other = client(broker.port)
    other.publish(f"{base}/old", b"old")
    other.publish(f"{base}/new", b"new")
    link = ready(Link(options, [Subscription(f"{base}/new")]))
    assert [message.payload for message in collect(link, 1)] == [b"new"]
    link.close()


@pytest.mark.mqtt5
def test_a_shared_subscription_gives_each_message_to_one_of_its_group(
    broker: Any, client: Any, make: Any, base: str
) -> None:
    settings = Broker(host="127.0.0.1", port=broker.port)
    links = [
        ready(
            Link(
                Options.of(settings, client_id=f"{base}-{name}", session_expiry=0),
                [Subscription(f"$share/pair/{base}/in/+")],
            )
        )
        for name in "ab"
    ]
    other = client(broker.port)
    for number in range(20):
        other.publish(f"{base}/in/x", b"%d" % number)
    heard: list[Message] = []
    deadline = time.monotonic() + 10
    while len(heard) < 20 and time.monotonic() < deadline:
        for link in links:
            messages = link.poll(0.05)
            heard += messages
            link.acknowledge(messages)
            link.flush()
    assert sorted(int(message.payload) for message in heard) == list(range(20))
    assert {message.topic for message in heard} == {f"{base}/in/x"}
    for link in links:
        link.close()


# ---- publications ----------------------------------------------------------------------------------------------------


def test_publications_are_written_with_flush_and_confirmed(broker: Any, client: Any, make: Any, base: str) -> None:
    other = client(broker.port, f"{base}/out")
    link = ready(make(broker.port))
    first = link.publish(f"{base}/out", b'{"qos": 0}')
    second = link.publish(f"{base}/out", b'{"qos": 1}', qos=1)
    assert first is not None
    assert link.in_flight == 1
    assert not other.heard
    link.flush()
    turn_until(link, lambda: link.in_flight == 0)
    assert [(receipt.mid, receipt.refusal) for receipt in link.receipts()] == [(second, None)]
    assert link.receipts() == []
    other.wait(f"{base}/out", lambda body: body["qos"] == 1)


def test_nothing_is_published_without_a_connection(make: Any) -> None:
    assert make(1).publish("a", b"b", qos=1) is None


@pytest.mark.mqtt5
def test_a_refused_publication_is_counted_and_named(
    start_broker: Any, tmp_path: Path, make: Any, base: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "acl").write_text(f"topic read {base}/in/#\ntopic write {base}/allowed\n")
    link = ready(make(start_broker(f"acl_file {tmp_path / 'acl'}").port))
    refused = link.publish(f"{base}/refused", BODY, qos=1)
    allowed = link.publish(f"{base}/allowed", BODY, qos=1)
    turn_until(link, lambda: link.in_flight == 0)
    assert {(r.mid, r.refusal) for r in link.receipts()} == {(refused, "Not authorized"), (allowed, None)}
    assert link.counts.refused_publications == 1
    assert link.counts.refused == {f"{base}/refused": "Not authorized"}
    assert any(f"topic={base}/refused" in line for line in caplog.messages)


@pytest.mark.mqtt5
def test_expiry_and_correlation_travel_with_mqtt_5(broker: Any, client: Any, make: Any, base: str) -> None:
    other = client(broker.port, f"{base}/out", protocol=mqtt.MQTTv5)
    link = ready(make(broker.port))
    for _ in range(2):
        link.publish(f"{base}/out", BODY, expiry=600)
    link.publish(f"{base}/out", BODY, qos=1, expiry=600, correlation=b"\x00\xff", response_topic=f"{base}/back")
    link.flush()
    expiring, _, answering = (other.wait(f"{base}/out").properties for _ in range(3))
    assert expiring.MessageExpiryInterval == 600
    assert (answering.CorrelationData, answering.ResponseTopic) == (b"\x00\xff", f"{base}/back")


def test_while_too_much_waits_for_the_socket_nothing_is_read(broker: Any, client: Any, make: Any, base: str) -> None:
    link = ready(make(broker.port))
    for _ in range(2001):
        link.publish(f"{base}/out", b"x")
    assert link.congested
    client(broker.port).publish(f"{base}/in", BODY)
    assert link.poll(0.2) == []  # writes, though
    assert not link.congested
    assert len(collect(link, 1)) == 1


def test_publications_keep_their_order_whatever_their_qos_and_number(
    broker: Any, client: Any, make: Any, base: str
) -> None:
    other = client(broker.port, f"{base}/out")
    link = ready(make(broker.port))
    filling = b" " * 2000  # a flood that no socket takes at once
    count = 1500
    for number in range(count):
        link.publish(f"{base}/out", b"%d%s" % (number, filling), qos=number % 100 == 99, expiry=60)
    turn_until(link, lambda: len(other.heard) == count)
    assert other.on(f"{base}/out") == list(range(count))


def test_a_paho_without_our_seam_does_the_same_over_its_own_socket(
    broker: Any, client: Any, make: Any, base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Client, "_create_socket", mqtt.Client._create_socket)
    other = client(broker.port, f"{base}/out")
    link = ready(make(broker.port))
    assert link._session._client.buffered is None
    for number in range(20):
        other.publish(f"{base}/in", b"%d" % number)
    assert [int(message.payload) for message in collect(link, 20)] == list(range(20))
    for number in range(20):
        link.publish(f"{base}/out", b"%d" % number, qos=number % 2, expiry=60)
    turn_until(link, lambda: len(other.heard) == 20)
    assert other.on(f"{base}/out") == list(range(20))


# ---- presence --------------------------------------------------------------------------------------------------------


def test_the_will_is_published_when_the_link_dies_and_not_when_it_is_closed(
    broker: Any, client: Any, make: Any, base: str
) -> None:
    other = client(broker.port, f"{base}/state")
    link = ready(make(broker.port, will=(f"{base}/state", b'{"state": "offline"}')))
    link.publish(f"{base}/state", b'{"state": "stopped"}', qos=1, retain=True)
    link.close()
    link = ready(make(broker.port, will=(f"{base}/state", b'{"state": "offline"}')))
    link.publish(f"{base}/state", b'{"state": "again"}', qos=1, retain=True)
    link.flush()
    other.wait(f"{base}/state", lambda body: body["state"] == "again")
    link._session._client.socket().shutdown(socket.SHUT_RDWR)
    other.wait(f"{base}/state", lambda body: body["state"] == "offline")
    assert [body["state"] for body in other.on(f"{base}/state")] == ["stopped", "again", "offline"]


def test_readiness_is_told_once_per_connection(start_broker: Any, make: Any) -> None:
    broker = start_broker()
    link = make(broker.port, random=random.Random(1))
    ready(link)
    assert not link.became_ready()
    broker.kill()
    turn_until(link, lambda: not link.connected)
    assert not link.became_ready()
    broker.start()
    ready(link, 20)
    assert link.counts.connections == 2


def test_closing_waits_for_what_is_on_its_way(broker: Any, client: Any, make: Any, base: str) -> None:
    other = client(broker.port, f"{base}/out")
    link = ready(make(broker.port))
    for number in range(50):
        link.publish(f"{base}/out", b'{"number": %d}' % number, qos=1)
    link.close(5.0)
    other.wait(f"{base}/out", lambda body: body["number"] == 49)


# ---- what goes wrong -------------------------------------------------------------------------------------------------


@pytest.fixture
def fake_broker() -> Iterator[Callable[[Callable[[socket.socket, int], None]], int]]:
    """Answer every connection with a function of its socket and the protocol level in its CONNECT."""
    stop = threading.Event()
    listeners: list[socket.socket] = []

    def start(answer: Callable[[socket.socket, int], None]) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def serve() -> None:
            while not stop.is_set():
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.settimeout(5)
                    try:
                        packet = connection.recv(4096)
                        answer(connection, packet[packet.index(b"MQTT") + 4])
                    except (OSError, ValueError):
                        pass

        threading.Thread(target=serve, name="fake broker", daemon=True).start()
        return int(listener.getsockname()[1])

    yield start
    stop.set()
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def accept(connection: socket.socket) -> None:
    """CONNACK and SUBACK of MQTT 3.1.1, then silence until the other end is gone."""
    connection.sendall(b"\x20\x02\x00\x00")
    while packet := connection.recv(4096):
        if packet[0] >> 4 == 8:
            connection.sendall(b"\x90\x03" + packet[2:4] + b"\x01")


def test_a_broker_that_closes_on_mqtt_5_without_a_word_is_asked_in_3_1_1(fake_broker: Any, make: Any) -> None:
    levels = []

    def answer(connection: socket.socket, level: int) -> None:
        levels.append(level)
        if level == 4:
            accept(connection)

    link = ready(make(fake_broker(answer), settings=AUTO))
    assert link.protocol == "3.1.1"
    assert levels == [5, 4]


def test_a_broker_that_refuses_mqtt_5_is_asked_in_3_1_1(fake_broker: Any, make: Any) -> None:
    def answer(connection: socket.socket, level: int) -> None:
        if level == 4:
            accept(connection)
        else:
            connection.sendall(b"\x20\x02\x00\x01")
            connection.recv(1)

    assert ready(make(fake_broker(answer), settings=AUTO)).protocol == "3.1.1"


def test_the_embedded_broker_is_found_to_speak_3_1_1(embedded_broker: Any, make: Any) -> None:
    assert ready(make(embedded_broker.port, settings=AUTO)).protocol == "3.1.1"


def test_after_a_failure_in_both_the_next_try_begins_with_mqtt_5_again(fake_broker: Any, make: Any) -> None:
    levels: list[int] = []
    link = make(fake_broker(lambda connection, level: levels.append(level)), random=random.Random(0), settings=AUTO)
    turn_until(link, lambda: len(levels) >= 4)
    assert levels[:4] == [5, 4, 5, 4]


@pytest.mark.parametrize(("protocol", "level"), [(5, 5), ("3.1.1", 4)])
def test_a_pinned_protocol_is_the_only_one_that_is_tried(
    fake_broker: Any, make: Any, protocol: object, level: int
) -> None:
    levels: list[int] = []
    port = fake_broker(lambda connection, level: levels.append(level))
    link = make(port, settings={"protocol": protocol}, random=random.Random(0))
    turn_until(link, lambda: len(levels) >= 2)
    assert set(levels) == {level}
    assert link.failure.event == "broker closed the connection without an answer"


def test_a_broker_that_hangs_on_mqtt_5_is_asked_in_3_1_1(fake_broker: Any, make: Any) -> None:
    clock = FakeClock()
    link = make(fake_broker(lambda c, level: accept(c) if level == 4 else c.recv(1)), clock=clock, settings=AUTO)
    link.poll(0)
    clock.time += 3.5
    assert ready(link).protocol == "3.1.1"


def test_a_broker_that_never_answers_is_given_up(fake_broker: Any, make: Any) -> None:
    clock = FakeClock()
    port = fake_broker(lambda connection, level: connection.recv(1))
    link = make(port, clock=clock, settings={"protocol": 5})
    link.poll(0)
    link.poll(0)
    assert link.failure is None
    clock.time += 11
    link.poll(0)
    assert link.failure.event == "broker does not answer"


def test_bytes_that_are_no_mqtt_end_the_connection_and_not_the_loop(fake_broker: Any, make: Any) -> None:
    link = make(fake_broker(lambda connection, level: connection.sendall(os.urandom(64))), settings={"protocol": 5})
    turn_until(link, lambda: link.failure is not None)
    assert link.poll(0) == []


def test_without_a_broker_it_says_so_at_once_and_then_once_a_minute_and_never_gives_up(
    free_port: int, make: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "davylamp")
    clock = FakeClock()
    link = make(free_port, clock=clock, random=random.Random(3))
    for _ in range(3600):
        link.poll(0)
        clock.time += 1
    assert caplog.messages[0].startswith("broker not reachable")
    assert 58 <= len(caplog.messages) <= 60
    assert 100 < link._number < 250


@REDELIVERS
def test_an_error_in_a_callback_ends_the_connection_and_the_message_comes_again(
    broker: Any, client: Any, make: Any, base: str, caplog: pytest.LogCaptureFixture
) -> None:
    class Faulty(SystemClock):
        broken = False

        def now(self) -> float:
            if self.broken:
                self.broken = False
                raise RuntimeError("no time")
            return super().now()

    clock = Faulty()
    link = ready(make(broker.port, clock=clock, random=random.Random(0)))
    clock.broken = True
    client(broker.port).publish(f"{base}/in", BODY)
    assert [message.payload for message in collect(link, 1)] == [BODY]
    assert link.counts.connections == 2
    assert any("unexpected error" in line for line in caplog.messages)


def test_a_signal_ends_a_connect_that_hangs(make: Any) -> None:
    with socket.socket() as listener, Stop() as stop:
        # A listener whose queue is full: connecting to it hangs.
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = []
        for _ in range(3):
            waiting.append(socket.socket())
            waiting[-1].setblocking(False)
            waiting[-1].connect_ex(listener.getsockname())
        time.sleep(0.05)
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGTERM)).start()
        begun = time.monotonic()
        link = make(listener.getsockname()[1], stop=stop)
        link.poll(5.0)
        link.close()
        took = time.monotonic() - begun
        for each in waiting:
            each.close()
    assert stop.requested
    assert 0.1 < took < 2


def test_a_signal_ends_the_search_for_a_name_server(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    never = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: never.wait(30))
    with Stop() as stop:
        link = make(1, stop=stop, settings={"host": "broker.example"})
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGTERM)).start()
        begun = time.monotonic()
        link.poll(5.0)
        assert stop.requested
        assert time.monotonic() - begun < 2
    never.set()


def test_a_name_that_nobody_knows_is_named(make: Any) -> None:
    link = make(1, settings={"host": "no-such-host.invalid"})
    link.poll(0)
    assert link.failure.event == "broker not found"


def test_a_signal_ends_the_waiting_for_the_next_try(free_port: int, make: Any) -> None:
    with Stop() as stop:
        link = make(free_port, stop=stop, settings={"protocol": 5}, random=random.Random(1))
        link._backoff.delay = lambda **_: 60.0
        link.poll(0)
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
        begun = time.monotonic()
        link.poll(60.0)
        assert stop.requested
        assert time.monotonic() - begun < 5


class Eager(random.Random):
    """Randomness that never waits."""

    def uniform(self, a: float, b: float) -> float:
        return a


def test_a_broker_that_names_a_namesake_is_believed(fake_broker: Any, make: Any) -> None:
    def answer(connection: socket.socket, level: int) -> None:
        connection.sendall(b"\x20\x03\x00\x00\x00")
        subscribe = connection.recv(4096)
        connection.sendall(b"\x90\x04" + subscribe[2:4] + b"\x00\x01" + b"\xe0\x02\x8e\x00")

    link = make(fake_broker(answer), settings={"protocol": 5})
    turn_until(link, lambda: link.failure is not None)
    assert link.failure.event == "connection taken over"
    assert link.counts.taken_over == 1
    assert link._next_try - time.monotonic() > 25


@pytest.mark.mqtt5
def test_two_of_one_name_are_suspected_where_the_broker_says_nothing(
    broker: Any, make: Any, base: str, caplog: pytest.LogCaptureFixture
) -> None:
    links = [make(broker.port, settings={"protocol": "3.1.1"}, random=Eager()) for _ in range(2)]
    deadline = time.monotonic() + 20
    while "again and again" not in caplog.text:
        assert time.monotonic() < deadline
        for link in links:
            link.poll(0.02)
    assert f"another client called '{base.replace('/', '-')}'" in caplog.text
    assert max(link.counts.short for link in links) >= 3


# ---- progress --------------------------------------------------------------------------------------------------------


def test_a_broker_that_says_something_is_progress_and_one_that_hangs_is_none(fake_broker: Any, make: Any) -> None:
    hangs = threading.Event()

    def answer(connection: socket.socket, level: int) -> None:
        connection.sendall(b"\x20\x02\x00\x00")
        while packet := connection.recv(4096):
            if packet[0] >> 4 == 8:
                connection.sendall(b"\x90\x03" + packet[2:4] + b"\x01")
            elif not hangs.is_set():
                connection.sendall(b"\xd0\x00")

    clock = FakeClock()
    link = ready(make(fake_broker(answer), settings={"protocol": "3.1.1", "keepalive": 20}, clock=clock))
    assert link.alive
    clock.time += 100  # the try to connect is long ago
    assert not link.alive
    link.publish("a", b"")
    turn_until(link, lambda: link.alive)
    clock.time += 49
    assert link.alive
    hangs.set()
    link.publish("a", b"")
    link.flush()
    clock.time += 2
    link.poll(0.1)
    assert link.connected
    assert not link.alive


def test_a_broker_that_is_down_for_a_week_is_no_fault_of_ours(free_port: int, make: Any) -> None:
    clock = FakeClock()
    link = make(free_port, clock=clock, random=random.Random(1))
    for _ in range(7 * 24 * 60):
        link.poll(0)
        assert link.alive
        clock.time += 60
    clock.time += 60  # and nobody polled
    assert not link.alive


# ---- login and TLS ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def password_broker(start_broker: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A Mosquitto that wants user ``gateway`` with ``hunter2``."""
    tool = shutil.which("mosquitto_passwd")
    if tool is None:
        pytest.skip("no mosquitto_passwd: logins are not tested")
    path = tmp_path_factory.mktemp("login") / "passwords"
    subprocess.run([tool, "-c", "-b", str(path), "gateway", "hunter2"], check=True)
    path.chmod(0o644)
    return start_broker("allow_anonymous false", f"password_file {path}")


def login(tmp_path: Path, password: str) -> dict[str, Any]:
    (tmp_path / "password").write_text(password)
    return {"username": "gateway", "password": Password(file=str(tmp_path / "password"))}


@pytest.mark.mqtt5
@pytest.mark.parametrize("protocol", [5, "3.1.1"])
def test_username_and_password_open_the_door(password_broker: Any, make: Any, tmp_path: Path, protocol: object) -> None:
    link = ready(make(password_broker.port, settings=login(tmp_path, "hunter2") | {"protocol": protocol}))
    assert link.protocol == str(protocol)


@pytest.mark.mqtt5
@pytest.mark.parametrize("protocol", [5, "3.1.1"])
def test_a_refused_login_is_named_and_retried_slowly(
    password_broker: Any, make: Any, tmp_path: Path, protocol: object, caplog: pytest.LogCaptureFixture
) -> None:
    link = make(password_broker.port, settings=login(tmp_path, "wrong") | {"protocol": protocol})
    turn_until(link, lambda: link.failure is not None)
    assert link.failure.event == "broker refused the login"
    assert link._next_try - time.monotonic() > 25
    assert "'gateway'" in caplog.text
    assert "wrong" not in caplog.text


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority, another one, and a certificate for 127.0.0.1 signed by the first."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl: TLS is not tested")
    folder = tmp_path_factory.mktemp("certificates")

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], check=True, cwd=folder, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    for name in ("ca", "other"):
        openssl(
            "req", "-x509", *key, "-keyout", f"{name}.key", "-out", f"{name}.crt", "-days", "2", "-subj", f"/CN={name}"
        )
    openssl("req", *key, "-keyout", "broker.key", "-out", "broker.csr", "-subj", "/CN=broker")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1")
    openssl("x509", "-req", "-in", "broker.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
            "-out", "broker.crt", "-days", "2", "-extfile", "names")  # fmt: skip
    for path in folder.iterdir():
        path.chmod(0o644)
    return folder


@pytest.fixture(scope="module")
def tls_broker(start_broker: Any, certificates: Path) -> Any:
    """A Mosquitto with a certificate."""
    return start_broker(
        f"cafile {certificates}/ca.crt", f"certfile {certificates}/broker.crt", f"keyfile {certificates}/broker.key"
    )


@pytest.mark.mqtt5
def test_messages_travel_over_tls_and_none_stays_in_its_layer(
    tls_broker: Any, make: Any, base: str, certificates: Path
) -> None:
    tls = {"tls": TLS(ca=str(certificates / "ca.crt"))}
    link = ready(make(tls_broker.port, settings=tls))
    # Many small messages share one TLS record: what is decrypted and not yet read does not wake select.
    for number in range(300):
        link.publish(f"{base}/in", b"%d" % number, qos=1)
    assert [int(message.payload) for message in collect(link, 300)] == list(range(300))


@pytest.mark.mqtt5
def test_a_certificate_of_another_authority_is_refused_and_named(
    tls_broker: Any, make: Any, certificates: Path
) -> None:
    link = make(tls_broker.port, settings={"tls": TLS(ca=str(certificates / "other.crt"))})
    link.poll(0)
    link.poll(0)
    assert link.failure.event == "broker's certificate refused"
    assert "broker.tls.ca" in link.failure.detail


@pytest.mark.mqtt5
def test_tls_where_the_broker_has_none_is_named(broker: Any, make: Any, certificates: Path) -> None:
    link = make(broker.port, settings={"tls": TLS(ca=str(certificates / "ca.crt"))})
    turn_until(link, lambda: link.failure is not None)
    assert link.failure.event in ("no TLS with the broker", "broker not reachable")
