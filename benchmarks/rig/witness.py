"""A subscriber that keeps everything that davylamp publishes."""

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
    """A score, apart from its times: what has to be equal when it is published again, and in an undisturbed run."""

    station: str
    n: int
    seq: int | None = None
    late: bool = False
    historical: bool = False
    consistency: Any = None
    reconstruction: Any = None
    methane: Any = None
    exceeds: Any = None
    by: Any = None
    flags: Any = None
    out_of_domain: Any = None
    out_of_domain_degree: Any = None
    contributions: Any = None
    state: Any = None
    shift: Any = None


@dataclass(frozen=True)
class Notice:
    """A message other than a score.

    Parameters
    ----------
    at
        Time of arrival on the monotonic clock [s].
    retained
        Whether the broker sent it as a retained message.
    """

    topic: str
    payload: bytes
    at: float
    retained: bool


class Witness:
    """A subscriber beside davylamp; it notes which messages of the load have led to a score or a dead letter.

    At QoS 0 it sends nothing, so that everything that a killed broker had sent can still be read.

    Parameters
    ----------
    load
        Messages that the stations send.

    Attributes
    ----------
    scores
        Scores in order of arrival, with repetitions.
    notices
        All other messages, in order of arrival.
    seen
        Whether the score or the dead letter of each message has arrived.
    """

    def __init__(self, load: Load) -> None:
        self.scores: list[Score] = []
        self.notices: list[Notice] = []
        self.seen = [False] * len(load.messages)
        self.online = threading.Event()
        self._unseen = [len(sent.seqs) for sent in load.messages]
        self._places: dict[tuple[str, int | None], int] = {
            (sent.station, seq): i for i, sent in enumerate(load.messages) for seq in sent.seqs
        }
        self._decoder = msgspec.json.Decoder(Score)
        self._client: mqtt.Client | None = None
        self._thread: threading.Thread | None = None

    def connect(self, port: int) -> None:
        """Listen until the broker closes the connection; return once subscribed."""
        if self._thread is not None:
            self._thread.join(_PATIENCE)  # it still reads what the broker sent before it died
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
        """Disconnect."""
        if self._client is not None and self._thread is not None:
            self._client.disconnect()
            self._thread.join(_PATIENCE)

    def _on_message(self, client: mqtt.Client, data: object, message: mqtt.MQTTMessage) -> None:
        topic, payload = message.topic, bytes(message.payload)
        if topic.endswith("/score"):
            score = self._decoder.decode(payload)
            self.scores.append(score)
            if (place := self._places.pop((score.station, score.seq), None)) is not None:
                self._unseen[place] -= 1
                self.seen[place] = not self._unseen[place]
            return
        self.notices.append(Notice(topic, payload, time.monotonic(), message.retain))
        if topic == f"{BASE}/deadletter" and (bad := _BAD.search(payload.decode())):
            self.seen[int(bad[1])] = True
        elif topic == f"{BASE}/state" and not message.retain:
            online = msgspec.json.decode(payload)["state"] == "online"
            (self.online.set if online else self.online.clear)()


def retained(port: int) -> dict[str, Any]:
    """Bodies of the retained messages under the base topic, by topic."""
    found: dict[str, Any] = {}
    quiet = threading.Event()

    def on_message(client: mqtt.Client, data: object, message: mqtt.MQTTMessage) -> None:
        if message.retain:
            found[message.topic] = msgspec.json.decode(message.payload)

    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.on_message = on_message
    # The broker sends retained messages before it acknowledges the second subscription.
    client.on_subscribe = lambda c, d, mid, *_: quiet.set() if mid == 2 else None
    client.connect("127.0.0.1", port)
    client.subscribe(f"{BASE}/#")
    client.subscribe("nothing")
    client.loop_start()
    quiet.wait(_PATIENCE)
    client.disconnect()
    client.loop_stop()
    return found
