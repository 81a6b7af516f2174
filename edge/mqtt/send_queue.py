"""Publications on their way to the broker: in order, no more than it accepts at a time, none larger than it takes."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import paho.mqtt.client as mqtt
from paho.mqtt.properties import Properties

from edge.log import ONCE_A_MINUTE, Log
from edge.mqtt import packets
from edge.mqtt.link import Counts, Receipt
from edge.mqtt.packet_limit import PacketLimit
from edge.mqtt.paho_client import PahoClient

WINDOW = 20
"""Most QoS 1 publications without an answer, unless the broker's Receive Maximum is smaller."""


class _Waiting(NamedTuple):
    number: int
    topic: str
    payload: bytes
    qos: int
    retain: bool
    properties: Properties | None


class _InFlight(NamedTuple):
    number: int
    topic: str
    size: int


class SendQueue:
    """Sends the publications of one connection in the order in which they were queued.

    A broker takes a limited number of QoS 1 publications before it answers; paho holds back those beyond it, and sends
    what follows at QoS 0 ahead of them. Here everything behind them waits as well: the broker's answer to one confirms
    all that were queued before it.

    Parameters
    ----------
    client
        Encodes and writes.
    limit
        The largest packet that the broker takes.
    counts
        Counts what is refused.
    log
        Where it is reported.

    Attributes
    ----------
    window : int
        Most QoS 1 publications without an answer.
    receipts : list of Receipt
        Answers since they were last taken.
    """

    def __init__(self, client: PahoClient, limit: PacketLimit, counts: Counts, log: Log) -> None:
        self.window = WINDOW
        self.receipts: list[Receipt] = []
        self._client = client
        self._limit = limit
        self._counts = counts
        self._log = log
        self._waiting: deque[_Waiting] = deque()
        self._in_flight: dict[int, _InFlight] = {}  # by packet identifier
        self._unsent = 0  # QoS 1 publications that wait
        self._number = 0
        self._largest = 0  # [B] packet that was answered

    def __len__(self) -> int:
        """Number of publications that wait for answers to those before them."""
        return len(self._waiting)

    @property
    def in_flight(self) -> int:
        """Number of QoS 1 publications that the broker has not answered, those that wait included."""
        return len(self._in_flight) + self._unsent

    def accept(self, receive_maximum: int | None, largest_packet: int | None) -> None:
        """Note what the broker has announced: how many publications it takes at a time, and how large they may be."""
        self.window = min(WINDOW, receive_maximum or WINDOW)
        self._limit.announce(largest_packet)

    def publish(
        self, topic: str, payload: bytes, qos: int, *, retain: bool, properties: Properties | None
    ) -> int | None:
        """Queue a publication.

        Returns
        -------
        int or None
            Its number, which its receipt repeats; 0 at QoS 0. ``None`` if the connection has ended.
        """
        limit = self._limit.value
        if limit is not None:
            size = _size(topic, payload, properties)
            if size > limit:
                return self._refuse(topic, size, limit, qos)
        number = 0
        if qos:
            self._number += 1
            number = self._number
        if self._waiting or (qos and len(self._in_flight) >= self.window):
            self._waiting.append(_Waiting(number, topic, payload, qos, retain, properties))
            self._unsent += qos
            return number
        return number if self._send(number, topic, payload, qos, retain=retain, properties=properties) else None

    def confirm(self, mid: int, refusal: str | None) -> None:
        """Note the broker's answer to a packet."""
        if (sent := self._in_flight.pop(mid, None)) is None:
            return
        if refusal is None:
            self._largest = max(self._largest, sent.size)
        self.receipts.append(Receipt(sent.number, sent.topic, refusal))
        self._counts.count_receipt(sent.topic, refusal)
        if refusal is not None:
            topic = sent.topic
            self._log.error("broker refused a publication", every=ONCE_A_MINUTE, of=topic, topic=topic, reason=refusal)

    def release(self) -> int:
        """Send what waits, as far as the broker's answers allow; return how many publications that was."""
        waiting, before = self._waiting, len(self._waiting)
        while waiting and not (waiting[0].qos and len(self._in_flight) >= self.window):
            each = waiting.popleft()
            self._unsent -= each.qos
            if not self._send(
                each.number, each.topic, each.payload, each.qos, retain=each.retain, properties=each.properties
            ):
                break
        return before - len(waiting)

    def note_end(self) -> None:
        """Note that the broker has ended the connection."""
        self._limit.note_end(self._largest, max((each.size for each in self._in_flight.values()), default=0))

    def _send(
        self, number: int, topic: str, payload: bytes, qos: int, *, retain: bool, properties: Properties | None
    ) -> bool:
        client = self._client
        if not qos and not retain:
            encoded = b"\0" if client.protocol == mqtt.MQTTv5 else b""
            if properties is not None:
                encoded = properties.pack()  # type: ignore[no-untyped-call]
            if client.send_packet(packets.encode_publish(topic, payload, encoded)):
                return True
        info = client.publish(topic, payload, qos, retain, properties)
        if info.rc != mqtt.MQTT_ERR_SUCCESS:
            return False
        if qos:
            self._in_flight[info.mid] = _InFlight(number, topic, _size(topic, payload, properties))
        return True

    def _refuse(self, topic: str, size: int, limit: int, qos: int) -> int:
        reason = f"the packet has {size} bytes, and the broker takes {limit}"
        self._counts.count_receipt(topic, reason)
        self._log.error(
            "publication is too large for the broker", every=ONCE_A_MINUTE, of=topic, topic=topic, reason=reason,
            fix="raise or remove max_packet_size in mosquitto.conf",
        )  # fmt: skip
        if not qos:
            return 0
        self._number += 1
        self.receipts.append(Receipt(self._number, topic, reason))
        return self._number


def _size(topic: str, payload: bytes, properties: Properties | None) -> int:
    """Return the most bytes of a publication's packet."""
    return packets.publish_size(topic, len(payload), len(properties.pack()) if properties is not None else 1)  # type: ignore[no-untyped-call]
