"""A link finds out which version of MQTT the broker speaks."""

from __future__ import annotations

import random
import socket

import pytest

from tests.doubles import FakeClock
from tests.edge.mqtt.links import FakeBroker, MakeLink, Ready, TurnUntil, failure_of
from tests.running_broker import RunningBroker

pytestmark = pytest.mark.broker
AUTO = {"protocol": "auto"}


def accept(connection: socket.socket) -> None:
    """CONNACK and SUBACK of MQTT 3.1.1, then silence until the other end is gone."""
    connection.sendall(b"\x20\x02\x00\x00")
    while packet := connection.recv(4096):
        if packet[0] >> 4 == 8:
            connection.sendall(b"\x90\x03" + packet[2:4] + b"\x01")


def test_a_broker_that_closes_on_mqtt_5_without_a_word_is_asked_in_3_1_1(
    fake_broker: FakeBroker, make: MakeLink, ready: Ready
) -> None:
    levels = []

    def answer(connection: socket.socket, level: int) -> None:
        levels.append(level)
        if level == 4:
            accept(connection)

    link = ready(make(fake_broker(answer), settings=AUTO))
    assert link.protocol == "3.1.1"
    assert levels == [5, 4]


def test_a_broker_that_refuses_mqtt_5_is_asked_in_3_1_1(fake_broker: FakeBroker, make: MakeLink, ready: Ready) -> None:
    def answer(connection: socket.socket, level: int) -> None:
        if level == 4:
            accept(connection)
        else:
            connection.sendall(b"\x20\x02\x00\x01")
            connection.recv(1)

    assert ready(make(fake_broker(answer), settings=AUTO)).protocol == "3.1.1"


def test_the_embedded_broker_is_found_to_speak_3_1_1(
    embedded_broker: RunningBroker, make: MakeLink, ready: Ready
) -> None:
    assert ready(make(embedded_broker.port, settings=AUTO)).protocol == "3.1.1"


def test_after_a_failure_in_both_the_next_try_begins_with_mqtt_5_again(
    fake_broker: FakeBroker, make: MakeLink, turn_until: TurnUntil
) -> None:
    levels: list[int] = []
    link = make(fake_broker(lambda connection, level: levels.append(level)), random=random.Random(0), settings=AUTO)
    turn_until(link, lambda: len(levels) >= 4)
    assert levels[:4] == [5, 4, 5, 4]


@pytest.mark.parametrize(("protocol", "level"), [(5, 5), ("3.1.1", 4)])
def test_a_pinned_protocol_is_the_only_one_that_is_tried(
    fake_broker: FakeBroker, make: MakeLink, protocol: object, level: int, turn_until: TurnUntil
) -> None:
    levels: list[int] = []
    port = fake_broker(lambda connection, level: levels.append(level))
    link = make(port, settings={"protocol": protocol}, random=random.Random(0))
    turn_until(link, lambda: len(levels) >= 2)
    assert set(levels) == {level}
    assert failure_of(link).event == "broker closed the connection without an answer"


def test_a_broker_that_hangs_on_mqtt_5_is_asked_in_3_1_1(
    fake_broker: FakeBroker, make: MakeLink, ready: Ready, fake_clock: FakeClock
) -> None:
    link = make(fake_broker(lambda c, level: accept(c) if level == 4 else c.recv(1)), clock=fake_clock, settings=AUTO)
    link.poll(0)
    fake_clock.time += 3.5
    assert ready(link).protocol == "3.1.1"
