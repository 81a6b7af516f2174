"""Stations with storage: a reading waits there until the broker, or the gateway, has it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from rig.load import Load

_WINDOW = 60  # messages that may wait for their PUBACK
_GLANCE = 0.005  # [s]
_RETRY = 0.2  # [s] between two tries to connect
_NO_SUBSCRIBERS = 0x10  # "No matching subscribers"


class Publisher(threading.Thread):
    """Sends a load in order at QoS 1, at a steady rate while connected, and reconnects.

    The next connection repeats what the broker has not acknowledged. A killed broker may have forgotten what it
    acknowledged; then everything without a score is sent again once the gateway is online.

    Parameters
    ----------
    load
        Messages to send.
    port
        Port of the broker.
    rate
        Messages a second of all stations together.
    seen
        Whether the score of each message was received.
    gateway_is_there
        Function that waits until the agent is online.

    Attributes
    ----------
    acked
        Whether the broker has acknowledged each message.
    sent
        Count of publications, with repetitions.
    unmatched
        Count of acknowledgements with the reason "no matching subscribers".
    """

    def __init__(
        self, load: Load, port: int, rate: float, seen: list[bool], gateway_is_there: Callable[[], object]
    ) -> None:
        super().__init__(name="publisher", daemon=True)
        self.acked = [False] * len(load.messages)
        self.sent = self.unmatched = 0
        self.cursor = 0
        self.limit = 0
        self._load = load
        self._port = port
        self._interval = self._usual = 1.0 / rate
        self._seen = seen
        self._gateway_is_there = gateway_is_there
        self._forgotten = self._paused = False
        self._stopped = False
        self._in_flight: dict[int, int] = {}

    def pause(self) -> None:
        """Send nothing until :meth:`forgotten`: a broker that has just come back may have nobody who subscribes."""
        self._paused = True

    def forgotten(self) -> None:
        """Send everything without a score again: the broker may have forgotten what it acknowledged."""
        self._forgotten = True
        self._paused = False

    def allow(self, limit: int) -> None:
        """Send at least everything before this message."""
        self.limit = min(len(self.acked), max(self.limit, limit))

    def hurry(self, *, hurries: bool) -> None:
        """Send as fast as the broker takes it, or no longer."""
        self._interval = 0.0 if hurries else self._usual

    def stop(self) -> None:
        """End the thread."""
        self._stopped = True
        if self.is_alive():
            self.join()

    def reached(self, message: int) -> bool:
        """Whether everything before ``message`` has been sent."""
        return self.cursor >= message

    @property
    def done(self) -> bool:
        """Whether the broker has acknowledged everything."""
        return self.cursor == len(self.acked) and not (self._in_flight or self._forgotten or self._paused)

    def run(self) -> None:
        """Connect and send until stopped."""
        while not self._stopped:
            if self._paused:
                time.sleep(_GLANCE)
                continue
            if self._forgotten:
                self.cursor = 0
                self._forgotten = False
                self._gateway_is_there()
                self.acked = list(self._seen)
            client = self._client()
            try:
                client.connect("127.0.0.1", self._port)
            except OSError:
                time.sleep(_RETRY)
                continue
            self._session(client)
            client.disconnect()
            if (sock := client.socket()) is not None:
                sock.close()

    def _client(self) -> mqtt.Client:
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id="stations", protocol=mqtt.MQTTv5, reconnect_on_failure=False
        )
        client.on_publish = self._on_publish
        client.on_socket_open = _send_at_once
        client.max_inflight_messages_set(_WINDOW)
        return client

    def _session(self, client: mqtt.Client) -> None:
        """Send over one connection, until it ends."""
        accepted = threading.Event()
        client.on_connect = lambda *_: accepted.set()
        while not accepted.is_set():
            if client.loop(_GLANCE) != mqtt.MQTT_ERR_SUCCESS:
                return
        self._in_flight = {}
        self.cursor = next((i for i, acked in enumerate(self.acked) if not acked), len(self.acked))
        due = time.monotonic()
        while not (self._stopped or self._forgotten or self._paused):
            now = time.monotonic()
            due = max(due, now - 1.0)  # the backlog is caught up with, a second's worth at a time
            while self.cursor < self.limit and len(self._in_flight) < _WINDOW and due <= now:
                if not self.acked[self.cursor]:
                    sent = self._load.messages[self.cursor]
                    info = client.publish(f"sensors/{sent.station}/readings", sent.payload, qos=1)
                    self._in_flight[info.mid] = self.cursor
                    self.sent += 1
                    due += self._interval
                self.cursor += 1
            if client.loop(_GLANCE) != mqtt.MQTT_ERR_SUCCESS:
                return

    def _on_publish(self, client: mqtt.Client, data: object, mid: int, reason: ReasonCode, properties: object) -> None:
        place = self._in_flight.pop(mid, None)
        if place is not None and not reason.is_failure:
            self.acked[place] = True
            self.unmatched += reason.value == _NO_SUBSCRIBERS


def _send_at_once(client: mqtt.Client, data: object, sock: Any) -> None:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
