"""Provides the demo's MQTT client, which publishes as the station and receives what the agent publishes."""

from __future__ import annotations

import queue
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import msgspec
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from edge.mqtt.topics import Topics
from export.errors import ExportError

_REPLY_TIMEOUT = 30.0  # [s]


@dataclass
class DemoClient:
    """An MQTT client that publishes readings at QoS 1 and collects the agent's messages.

    Parameters
    ----------
    host, port
        The broker.
    topics
        The agent's topics.
    station
        Id of the simulated station.

    Attributes
    ----------
    scores
        Score messages by ``n``, the agent's count of readings.
    events
        Event messages in order of arrival.
    alarm
        The current retained alarm.
    """

    host: str
    port: int
    topics: Topics
    station: str
    username: str | None = None
    password: str | None = None
    scores: dict[int, dict[str, Any]] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    alarm: dict[str, Any] = field(default_factory=dict)
    state: str = "unknown"

    def __enter__(self) -> Self:
        self._replies: queue.Queue[dict[str, Any]] = queue.Queue()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv311)
        self._client.username_pw_set(self.username, self.password)
        self._client.on_message = self._on_message
        self._client.on_connect = lambda client, *_: client.subscribe(f"{self.topics.base}/#", 1)
        try:
            self._client.connect(self.host, self.port)
        except OSError as error:
            raise ExportError(
                f"broker {self.host}:{self.port}: {error}; fix: start it, or leave --broker out"
            ) from error
        self._client.loop_start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_message(self, client: paho.Client, userdata: object, message: paho.MQTTMessage) -> None:
        topics, body = self.topics, msgspec.json.decode(message.payload or b"{}")
        if message.topic == topics.score(self.station):
            self.scores[body["n"]] = body
        elif message.topic == topics.event(self.station):
            self.events.append(body)
        elif message.topic == topics.alarm(self.station):
            self.alarm = body
        elif message.topic == topics.state:
            self.state = body.get("state", "unknown")
        elif message.topic == topics.response("synthesize"):
            self._replies.put(body)

    def publish(self, topic: str, body: dict[str, Any]) -> None:
        """Publish one message at QoS 1."""
        self._client.publish(topic, msgspec.json.encode(body), qos=1)

    def wait(self, done: Any, timeout: float) -> bool:
        """Wait until ``done()`` is true, at most ``timeout`` [s]."""
        deadline = time.monotonic() + timeout
        while not done() and time.monotonic() < deadline:
            time.sleep(0.02)
        return bool(done())

    def synthesize(self, n: int, seed: int) -> list[list[float]]:
        """Ask the agent for ``n`` synthetic rows and collect the parts of its answer."""
        request = {"transaction": "demo", "station": self.station, "n": n, "seed": seed, "from": {"prior": True}}
        self.publish(self.topics.request("synthesize"), request)
        rows: list[list[float]] = []
        while len(rows) < n:
            try:
                reply = self._replies.get(timeout=_REPLY_TIMEOUT)
            except queue.Empty:
                raise ExportError(f"synthesize: no answer from the agent within {_REPLY_TIMEOUT:.0f} s") from None
            if reply["status"] != "ok":
                raise ExportError(f"synthesize: {reply['error']}")
            rows += reply["data"]["rows"]
        return rows
