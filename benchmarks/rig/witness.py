"""Witness: somebody at the broker who hears all that davylamp says, and writes it down."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass
from typing import Any

import msgspec
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from rig.load import Load

BASE = "davylamp/chaos"
_BAD = re.compile(r"bad (\d+)")
_PATIENCE = 10.0  # [s]


class Score(msgspec.Struct, frozen=True):
    """Of a score message, what makes it that score."""

    station: str
    n: int
    seq: int | None = None
    late: bool = False
    historical: bool = False
    consistency: Any = None
    reconstruction: Any = None
    methane: Any = None


@dataclass(frozen=True)
class Heard:
    """Any other message.

    Parameters
    ----------
    at
        When, on the monotonic clock [s].
    retained
        Whether the broker had kept it.
    """

    topic: str
    payload: bytes
    at: float
    retained: bool


class Witness:
    """A subscriber with a connection of its own; it notes which message of the load has had its effect.

    At QoS 0 it writes nothing: when the broker dies, everything that it had sent can still be read.

    Parameters
    ----------
    load
        What the stations send.

    Attributes
    ----------
    scores
        In the order in which they came, the repeated ones, too.
    heard
        All but the scores, in order.
    seen
        Per message of the load: whether its score came, or its dead letter.
    """

    def __init__(self, load: Load) -> None:
        self.scores: list[Score] = []
        self.heard: list[Heard] = []
        self.seen = [False] * len(load.messages)
        self.online = threading.Event()
        self._places = {(sent.station, sent.seq): i for i, sent in enumerate(load.messages) if sent.seq is not None}
        self._decoder = msgspec.json.Decoder(Score)
        self._client: mqtt.Client | None = None
        self._thread: threading.Thread | None = None

    def connect(self, port: int) -> None:
        """Listen, until the broker goes; returns when the subscription stands."""
        if self._thread is not None:
            self._thread.join(_PATIENCE)  # it still reads what the broker sent before it went
        subscribed = threading.Event()
        self._client = client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id="witness", protocol=mqtt.MQTTv5, reconnect_on_failure=False
        )
        client.on_message = self._on_message
        client.on_subscribe = lambda *_: subscribed.set()
        client.connect("127.0.0.1", port, clean_start=True)
        client.subscribe(f"{BASE}/#", qos=0)
        self._thread = threading.Thread(target=client.loop_forever, name="witness", daemon=True)
        self._thread.start()
        if not subscribed.wait(_PATIENCE):
            raise SystemExit("the witness could not subscribe")

    def close(self) -> None:
        """Listen no more."""
        if self._client is not None and self._thread is not None:
            self._client.disconnect()
            self._thread.join(_PATIENCE)

    def _on_message(self, client: mqtt.Client, data: object, message: mqtt.MQTTMessage) -> None:
        topic, payload = message.topic, bytes(message.payload)
        if topic.endswith("/score"):
            score = self._decoder.decode(payload)
            self.scores.append(score)
            if score.seq is not None and (place := self._places.get((score.station, score.seq))) is not None:
                self.seen[place] = True
            return
        self.heard.append(Heard(topic, payload, time.monotonic(), message.retain))
        if topic == f"{BASE}/deadletter" and (bad := _BAD.search(payload.decode())):
            self.seen[int(bad[1])] = True
        elif topic == f"{BASE}/state" and not message.retain:
            online = msgspec.json.decode(payload)["state"] == "online"
            (self.online.set if online else self.online.clear)()


def retained(port: int) -> dict[str, Any]:
    """Bodies of what the broker keeps under our base, by topic."""
    found: dict[str, Any] = {}
    quiet = threading.Event()

    def on_message(client: mqtt.Client, data: object, message: mqtt.MQTTMessage) -> None:
        if message.retain:
            found[message.topic] = msgspec.json.decode(message.payload)

    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.on_message = on_message
    # The broker sends what it keeps before it answers to the second subscription.
    client.on_subscribe = lambda c, d, mid, *_: quiet.set() if mid == 2 else None
    client.connect("127.0.0.1", port)
    client.subscribe(f"{BASE}/#")
    client.subscribe("nothing")
    client.loop_start()
    quiet.wait(_PATIENCE)
    client.disconnect()
    client.loop_stop()
    return found
