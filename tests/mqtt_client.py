"""An MQTT client beside the one under test."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties


@dataclass
class ReceivedMessage:
    """A message that an :class:`MqttClient` received."""

    topic: str
    payload: bytes
    retain: bool
    qos: int
    properties: Any

    @property
    def body(self) -> Any:
        return json.loads(self.payload)


class MqttClient:
    """Publishes, and keeps everything that it receives, in order."""

    def __init__(
        self, port: int, *filters: str, protocol: int = mqtt.MQTTv311, login: tuple[str, str] | None = None
    ) -> None:
        self.received: list[ReceivedMessage] = []
        self._next: dict[str, int] = {}  # by topic: where `wait` goes on
        self._arrival = threading.Condition()
        self._subscribed = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion(protocol))
        if login is not None:
            self._client.username_pw_set(*login)
        self._client.on_message = self._on_message
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_socket_open = _send_at_once
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        if filters:
            self._client.subscribe([(each, 1) for each in filters])
            assert self._subscribed.wait(10), "no SUBACK"

    def _on_message(self, client: mqtt.Client, data: object, message: mqtt.MQTTMessage) -> None:
        with self._arrival:
            self.received.append(
                ReceivedMessage(message.topic, bytes(message.payload), message.retain, message.qos, message.properties)
            )
            self._arrival.notify_all()

    def publish(
        self, topic: str, body: Any, *, qos: int = 1, retain: bool = False, **properties: Any
    ) -> mqtt.MQTTMessageInfo:
        """Publish bytes as they are and anything else as JSON; ``properties`` are MQTT 5's, by their names in paho."""
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        mqtt5: Properties | None = None
        if properties:
            mqtt5 = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            for name, value in properties.items():
                setattr(mqtt5, name, value)
        info = self._client.publish(topic, payload, qos, retain, mqtt5)
        if qos:
            info.wait_for_publish(10)
        return info

    def wait(
        self, topic: str, condition: Callable[[Any], bool] = lambda body: True, timeout: float = 15.0
    ) -> ReceivedMessage:
        """Wait for the next message on ``topic`` whose JSON body fulfils ``condition``; others there are skipped."""
        deadline = time.monotonic() + timeout
        with self._arrival:
            while True:
                for number in range(self._next.get(topic, 0), len(self.received)):
                    message = self.received[number]
                    self._next[topic] = number + 1
                    if message.topic == topic and condition(message.body):
                        return message
                left = deadline - time.monotonic()
                if left <= 0 or not self._arrival.wait(left):
                    topics = sorted({each.topic for each in self.received})
                    pytest.fail(f"no such message on {topic} within {timeout} s; received on {topics}")

    def on(self, topic: str) -> list[Any]:
        """Bodies of everything received on a topic so far."""
        with self._arrival:
            return [each.body for each in self.received if each.topic == topic]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def _send_at_once(client: mqtt.Client, data: object, sock: Any) -> None:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class Connect(Protocol):
    """The fixture ``client``."""

    def __call__(self, port: int, *filters: str, protocol: int = mqtt.MQTTv311) -> MqttClient:
        """Connect a client that is subscribed to ``filters``, and close it after the test."""
