"""One connection to the broker, from CONNECT to its end, on paho's external loop."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from edge.clock import Clock
from edge.log import Log
from edge.mqtt import packets
from edge.mqtt.addresses import on_this_machine, refuse_itself, resolve
from edge.mqtt.failures import DOWNGRADED, LOST, SILENT, Failure, ended, lacks, refused, unreachable
from edge.mqtt.inbox import Inbox
from edge.mqtt.link import Counts, Subscription
from edge.mqtt.message import Message
from edge.mqtt.of_tls import is_of_tls
from edge.mqtt.options import ANSWER_TIMEOUT, Options, ProtocolVersion
from edge.mqtt.packet_limit import PacketLimit
from edge.mqtt.packets import Publication
from edge.mqtt.paho_client import PahoClient
from edge.mqtt.properties import publish_properties
from edge.mqtt.send_queue import SendQueue

_NEWER_TIMEOUT = 3.0  # [s] for the CONNACK while an older protocol is left to try: some brokers hang on MQTT 5
_CONGESTED = 2000  # queued packets above which nothing is read, so that no more packets are made


class Connection:
    """One MQTT connection over a paho client of its own; once :attr:`failure` is set it is of no further use.

    Parameters
    ----------
    options
        Address, login and limits.
    protocol
        Version to connect with.
    number
        Number of the connection, stamped on every message.
    subscriptions, unsubscribe, will
        As for :class:`edge.mqtt.reconnecting_link.ReconnectingLink`.
    counts, limit, clock, log
        Shared by all connections of a link.
    """

    def __init__(
        self,
        options: Options,
        protocol: ProtocolVersion,
        number: int,
        *,
        subscriptions: Sequence[Subscription],
        unsubscribe: Sequence[str] = (),
        will: tuple[str, bytes] | None,
        counts: Counts,
        limit: PacketLimit,
        clock: Clock,
        log: Log,
    ) -> None:
        self.protocol = protocol
        self.ready = False  # the broker has confirmed the subscriptions
        self.accepted_at: float | None = None  # monotonic time [s]
        self.failure: Failure | None = None
        self.near: bool | None = None  # whether the broker is on this machine; unknown while its name is
        self.lacks: list[str] = []  # of what we need, as the broker says
        self.refused: list[str] = []  # subscriptions, by their filters
        self.read_at = -math.inf  # monotonic time [s]
        self.inbox = Inbox(number, max(1, options.receive_maximum // 2), counts)
        self._queued = 0
        self._options = options
        self._number = number
        self._subscriptions = tuple(subscriptions)
        self._unsubscribe = list(unsubscribe)
        self._counts = counts
        self._clock = clock
        self._log = log
        self._reason: ReasonCode | None = None
        self._opened_at = 0.0
        self._client = client = options.client(protocol)
        self.sending = SendQueue(client, limit, counts, log)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_unsubscribe = self._on_unsubscribe
        client.on_message = self._on_message
        if will:
            client.will_set(*will, qos=1, retain=True)

    def open(self) -> bool:
        """Connect, blocking, and send CONNECT; on an error sets :attr:`failure` and returns false."""
        try:
            self.near = on_this_machine(resolve(self._options.host, self._options.port))
            self._options.dial(self._client)
            refuse_itself(self._client.socket())
        except (OSError, ValueError) as error:
            self.failure = unreachable(error, self._options, in_handshake=self._client.in_handshake)
            return False
        self._opened_at = self._clock.monotonic()
        self.write()
        return True

    @property
    def socket(self) -> Any:
        """The socket for ``select``; ``None`` without a connection."""
        return self._client.socket()

    @property
    def reads(self) -> bool:
        """Whether something may be read; not while too many packets wait for the socket, or too many messages are held.

        What waits for the broker's answers is no reason: those have to be read.
        """
        return self._queued <= _CONGESTED and not self.inbox.full

    @property
    def congested(self) -> bool:
        """Whether nothing more should be published for now."""
        return len(self.sending) > _CONGESTED or not self.reads

    @property
    def pending(self) -> bool:
        """Whether there is something to read that ``select`` does not see."""
        return self._client.pending

    @property
    def wants_write(self) -> bool:
        """Whether something is queued."""
        return self._client.unsent

    def read(self) -> None:
        """Read until the socket is empty or a batch is full: half of Receive Maximum, the broker may send the rest."""
        self._guarded(self._read)
        if self.failure is None:
            self.read_at = self._clock.monotonic()

    def write(self) -> None:
        """Write what is queued, as far as the socket takes it."""
        self._guarded(self._write)

    def maintain(self) -> None:
        """Send pings, and end the connection when the broker does not answer them or the CONNECT in time."""
        self._guarded(lambda client: client.loop_misc())
        if self.ready or self.failure is not None:
            return
        newer = self.accepted_at is None and self.protocol != self._options.protocols[-1]
        timeout = _NEWER_TIMEOUT if newer else ANSWER_TIMEOUT
        # The answer to a SUBSCRIBE may stand behind readings that wait in the session: while they come, so may it.
        since = self._opened_at if self.accepted_at is None else max(self._opened_at, self.read_at)
        if self._clock.monotonic() > since + timeout:
            self._end(Failure(SILENT, f"nothing within {timeout:g} s", older=newer))

    def publish(
        self,
        topic: str,
        payload: bytes,
        qos: int,
        *,
        retain: bool,
        expiry: int | None,
        correlation: bytes | None,
        response_topic: str | None,
    ) -> int | None:
        """Queue a publication; see :meth:`edge.mqtt.link.Link.publish`."""
        properties = publish_properties(expiry, correlation, response_topic) if self.protocol == "5" else None
        number = self.sending.publish(topic, payload, qos, retain=retain, properties=properties)
        self._queued += number is not None and not self.sending
        return number

    def acknowledge(self, messages: Iterable[Message]) -> int:
        """Queue acks; returns how many were dropped because their message came on another connection."""
        dropped = 0
        mids = []
        for message in messages:
            if message.qos == 1 and message.connection == self._number:
                mids.append(message.mid)
            else:
                dropped += message.qos
        if mids and not self._client.send_packet(b"".join(map(packets.encode_puback, mids))):
            for mid in mids:
                self._client.ack(mid, 1)
        self._queued += len(mids)
        return dropped

    def close(self, *, disconnect: bool = False) -> None:
        """Close the socket, after a DISCONNECT (so that the broker discards the will) if ``disconnect``."""
        self._client.on_disconnect = None
        if disconnect and self.failure is None:
            self._client.disconnect()
            self._guarded(self._write)
        if (sock := self.socket) is not None:
            sock.close()

    def _read(self, client: PahoClient) -> None:
        self.inbox.begin(self._clock.now())
        client.receive()
        while self.inbox.room and client.read_packet(self.inbox.put):
            pass
        self._queued += self.sending.release()

    def _write(self, client: PahoClient) -> None:
        # paho would make two property objects for each QoS 0 publication, only to report that it is written.
        client.on_publish = None
        try:
            client.write_all()
        finally:
            client.on_publish = self._on_publish
        if not self.wants_write:
            self._queued = 0

    def _guarded(self, step: Callable[[PahoClient], object]) -> None:
        """Call into paho; an exception ends the connection, never the loop."""
        if self.failure is not None:
            return
        try:
            step(self._client)
        except Exception:  # paho parses whatever the network sends
            self._log.exception("connection dropped after an unexpected error")
            self._end(Failure(LOST, "an unexpected error"))
            return
        if self.socket is None:
            accepted = self.accepted_at is not None
            if self._client.broken is not None and is_of_tls(self._client.broken) and not accepted:
                self._end(unreachable(self._client.broken, self._options))  # TLS 1.3 refuses a client as late as this
            elif self._reason is not None and not accepted:
                self._end(refused(self._reason, self._options))
            else:
                self._end(ended(self._reason, self._options, accepted=accepted))
            if accepted:
                self.sending.note_end()

    def _end(self, failure: Failure) -> None:
        self.failure = failure
        self.close()

    def _on_connect(
        self, client: mqtt.Client, data: object, flags: Any, reason: ReasonCode, properties: object
    ) -> None:
        if reason.is_failure:
            self._reason = reason
            return
        self.accepted_at = self._clock.monotonic()
        self.sending.accept(getattr(properties, "ReceiveMaximum", None), getattr(properties, "MaximumPacketSize", None))
        self._counts.connections += 1
        self.lacks = lacks(properties)
        session = "kept" if flags.session_present else "new"
        self._log.info("connected", broker=self._options.address, mqtt=self.protocol, session=session)
        if not self._subscriptions:
            self.ready = True
        elif self.protocol == "5":
            client.subscribe(
                [(s.filter, SubscribeOptions(qos=1, retainHandling=s.retain_handling)) for s in self._subscriptions]
            )
        else:
            client.subscribe([(s.filter, 1) for s in self._subscriptions])

    def _on_subscribe(
        self, client: mqtt.Client, data: object, mid: int, reasons: list[ReasonCode], properties: object
    ) -> None:
        if self._unsubscribe:
            client.unsubscribe(self._unsubscribe)
        else:
            self.ready = True
        for subscription, reason in zip(self._subscriptions, reasons, strict=False):
            if reason.is_failure:
                self._counts.refused_subscriptions += 1
                self.refused.append(subscription.filter)
                fix = f"allow {self._options.username or self._options.client_id} to read it"
                self._log.error("broker refused a subscription", topic=subscription.filter, reason=reason, fix=fix)
            elif reason.value == 0:  # granted, but at QoS 0
                self.lacks = self.lacks or [DOWNGRADED]

    def _on_unsubscribe(
        self, client: mqtt.Client, data: object, mid: int, reasons: list[ReasonCode], properties: object
    ) -> None:
        self.ready = True
        for topic, reason in zip(self._unsubscribe, reasons, strict=False):
            if reason.is_failure:
                self._log.error("broker refused to unsubscribe", topic=topic, reason=reason)

    def _on_message(self, client: mqtt.Client, data: object, message: mqtt.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = ""  # matches no station, so that it is counted and acked
        publication = Publication(topic, bytes(message.payload), message.qos, message.retain, message.dup, message.mid)
        self.inbox.put(publication, message.properties)

    def _on_publish(self, client: mqtt.Client, data: object, mid: int, reason: ReasonCode, properties: object) -> None:
        self.sending.confirm(mid, str(reason) if reason.is_failure else None)

    def _on_disconnect(
        self, client: mqtt.Client, data: object, flags: Any, reason: ReasonCode, properties: object
    ) -> None:
        if flags.is_disconnect_packet_from_server:
            self._reason = reason
