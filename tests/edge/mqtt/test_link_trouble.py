"""Link: what goes wrong is named, and the connection comes back."""

from __future__ import annotations

import logging
import os
import random
import signal
import socket
import threading
import time

import pytest

from edge.clock import SystemClock
from edge.stop import Stop
from tests.doubles import FakeClock
from tests.edge.mqtt.links import Collect, FakeBroker, MakeLink, Ready, TurnUntil, failure_of
from tests.mqtt_client import Connect
from tests.running_broker import RunningBroker

pytestmark = pytest.mark.broker

REDELIVERS = pytest.mark.mqtt5  # the embedded broker forgets what was not acknowledged
BODY = b'{"n": 1}'


def test_a_broker_that_never_answers_is_given_up(
    fake_broker: FakeBroker, make: MakeLink, fake_clock: FakeClock
) -> None:
    port = fake_broker(lambda connection, level: connection.recv(1))
    link = make(port, clock=fake_clock, settings={"protocol": 5})
    link.poll(0)
    link.poll(0)
    assert link.failure is None
    fake_clock.time += 11
    link.poll(0)
    assert failure_of(link).event == "broker does not answer"


def test_readings_that_stand_before_the_answer_to_a_subscribe_are_waited_for(
    fake_broker: FakeBroker, make: MakeLink, fake_clock: FakeClock, turn_until: TurnUntil
) -> None:
    go_on = threading.Semaphore(0)

    def answer(connection: socket.socket, level: int) -> None:
        connection.sendall(b"\x20\x02\x00\x00")
        while go_on.acquire(timeout=5):
            connection.sendall(b"\x30\x05\x00\x01ahi")

    link = make(fake_broker(answer), clock=fake_clock, settings={"protocol": "3.1.1"})
    turn_until(link, lambda: link.connected)
    for _ in range(3):
        fake_clock.time += 8
        go_on.release()
        deadline = time.monotonic() + 10
        while not link.poll(0.05) and time.monotonic() < deadline:
            pass
        assert link.failure is None
    fake_clock.time += 11
    link.poll(0)
    assert failure_of(link).event == "broker does not answer"


def test_bytes_that_are_no_mqtt_end_the_connection_and_not_the_loop(
    fake_broker: FakeBroker, make: MakeLink, turn_until: TurnUntil
) -> None:
    link = make(fake_broker(lambda connection, level: connection.sendall(os.urandom(64))), settings={"protocol": 5})
    turn_until(link, lambda: link.failure is not None)
    assert link.poll(0) == []


def test_without_a_broker_it_logs_that_at_once_and_then_once_a_minute_and_never_gives_up(
    free_port: int, make: MakeLink, caplog: pytest.LogCaptureFixture, fake_clock: FakeClock
) -> None:
    caplog.set_level(logging.INFO, "davylamp")
    link = make(free_port, clock=fake_clock, random=random.Random(3))
    for _ in range(600):
        link.poll(0)
        fake_clock.time += 1
    assert caplog.messages[0].startswith("broker not reachable")
    assert 9 <= len(caplog.messages) <= 10
    assert 250 < link._number < 400


@REDELIVERS
def test_an_error_in_a_callback_ends_the_connection_and_the_message_comes_again(
    broker: RunningBroker,
    client: Connect,
    make: MakeLink,
    base: str,
    caplog: pytest.LogCaptureFixture,
    collect: Collect,
    ready: Ready,
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


def test_a_signal_ends_a_connect_that_hangs(make: MakeLink) -> None:
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
    assert 0.1 < took < 4


def test_a_signal_ends_the_search_for_a_name_server(make: MakeLink, monkeypatch: pytest.MonkeyPatch) -> None:
    never = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: (never.wait(30), [])[1])
    with Stop() as stop:
        link = make(1, stop=stop, settings={"host": "broker.example"})
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGTERM)).start()
        begun = time.monotonic()
        link.poll(5.0)
        assert stop.requested
        assert time.monotonic() - begun < 4
    never.set()


def test_a_name_that_nobody_knows_is_named(make: MakeLink) -> None:
    link = make(1, settings={"host": "no-such-host.invalid"})
    link.poll(0)
    assert failure_of(link).event == "broker not found"


def test_a_signal_ends_the_waiting_for_the_next_try(
    free_port: int, make: MakeLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Stop() as stop:
        link = make(free_port, stop=stop, settings={"protocol": 5}, random=random.Random(1))
        monkeypatch.setattr(link._backoff, "next_delay", lambda **_: 60.0)
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


def test_subscriptions_that_are_refused_are_listed(fake_broker: FakeBroker, make: MakeLink, ready: Ready) -> None:
    def answer(connection: socket.socket, level: int) -> None:
        connection.sendall(b"\x20\x03\x00\x00\x00")
        subscribe = connection.recv(4096)
        connection.sendall(b"\x90\x04" + subscribe[2:4] + b"\x00\x87")  # Not authorized
        connection.recv(4096)

    link = make(fake_broker(answer), settings={"protocol": 5})
    assert link.refused == []
    ready(link)
    assert len(link.refused) == link.counts.refused_subscriptions == 1


def test_a_broker_that_reports_another_client_with_our_id_is_believed(
    fake_broker: FakeBroker, make: MakeLink, turn_until: TurnUntil
) -> None:
    def answer(connection: socket.socket, level: int) -> None:
        connection.sendall(b"\x20\x03\x00\x00\x00")
        subscribe = connection.recv(4096)
        connection.sendall(b"\x90\x04" + subscribe[2:4] + b"\x00\x01" + b"\xe0\x02\x8e\x00")

    link = make(fake_broker(answer), settings={"protocol": 5})
    turn_until(link, lambda: link.failure is not None)
    assert failure_of(link).event == "connection taken over"
    assert link.counts.taken_over == 1
    assert link._next_try - time.monotonic() > 25


@pytest.mark.mqtt5
def test_two_clients_with_one_id_are_suspected_when_the_broker_reports_nothing(
    broker: RunningBroker, make: MakeLink, base: str, caplog: pytest.LogCaptureFixture
) -> None:
    links = [make(broker.port, settings={"protocol": "3.1.1"}, random=Eager()) for _ in range(2)]
    deadline = time.monotonic() + 20
    while "again and again" not in caplog.text:
        assert time.monotonic() < deadline
        for link in links:
            link.poll(0.02)
    assert f"another client called '{base.replace('/', '-')}'" in caplog.text
    assert max(link.counts.short for link in links) >= 3


def test_a_broker_that_sends_something_is_progress_and_one_that_hangs_is_not(
    fake_broker: FakeBroker, make: MakeLink, ready: Ready, turn_until: TurnUntil, fake_clock: FakeClock
) -> None:
    hangs = threading.Event()

    def answer(connection: socket.socket, level: int) -> None:
        connection.sendall(b"\x20\x02\x00\x00")
        while packet := connection.recv(4096):
            if packet[0] >> 4 == 8:
                connection.sendall(b"\x90\x03" + packet[2:4] + b"\x01")
            elif not hangs.is_set():
                connection.sendall(b"\xd0\x00")

    link = ready(make(fake_broker(answer), settings={"protocol": "3.1.1", "keepalive": 20}, clock=fake_clock))
    assert link.alive
    fake_clock.time += 100  # the try to connect is long ago
    assert not link.alive
    link.publish("a", b"")
    turn_until(link, lambda: link.alive)
    fake_clock.time += 49
    assert link.alive
    hangs.set()
    link.publish("a", b"")
    link.flush()
    fake_clock.time += 2
    link.poll(0.1)
    assert link.connected
    assert not link.alive


def test_a_broker_that_is_down_for_a_week_is_no_fault_of_ours(
    free_port: int, make: MakeLink, fake_clock: FakeClock
) -> None:
    link = make(free_port, clock=fake_clock, random=random.Random(1))
    for _ in range(7 * 24 * 60):
        link.poll(0)
        assert link.alive
        fake_clock.time += 60
    fake_clock.time += 60  # and nobody polled
    assert not link.alive
