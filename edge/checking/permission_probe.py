"""Asks a broker which topics we may publish to, without publishing anything.

With MQTT 5 a broker answers each publication with a reason. At QoS 2 it answers twice: first PUBREC, with the reason;
and a broker such as Mosquitto hands the message to subscribers only after our PUBREL. So each topic gets a publication
at QoS 2 that is never released, and that the broker discards with the session. A broker need not wait for PUBREL;
whether this one does is tried first, on a topic that is there for nothing else.
"""

from __future__ import annotations

import select
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, cast

from paho.mqtt.client import Client
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from config.settings.broker import Broker
from edge.clock import Clock, SystemClock
from edge.errors import BrokerError
from edge.mqtt.options import ANSWER_TIMEOUT, Options
from edge.mqtt.packets import PUBLISH, Publication
from edge.mqtt.paho_client import PahoClient

_PUBACK, _PUBREC = 4, 5  # packet types
_MIDS = 30_000  # our packet identifiers lie above; paho counts its own from 1
_REFUSED = 0x80  # reason codes from here on are refusals
_NOBODY = 0x10  # "No matching subscribers": the broker has looked for them, so it did not wait for PUBREL
_AT_ONCE = 10  # publications in one session: an answered one still counts against the broker's Receive Maximum
_VERSION = "$SYS/broker/version"  # where Mosquitto, and no other, calls itself by its name
_SETTLED = 1.0  # [s] after the broker has confirmed the control message, within which it arrives


class PermissionProbe:
    """Finds out what a broker would refuse.

    Parameters
    ----------
    broker
        Address and login.
    client_id
        Of the probing connections; not the agent's, whom the broker would disconnect.
    control
        A topic that nobody else uses.
    mosquitto
        Whether the broker is known to be Mosquitto.
    beside
        A topic filter whose retained messages :meth:`waits` receives as well.
    clock
        Ends the waiting.

    Attributes
    ----------
    seen : set of str
        The topics of these messages.
    """

    def __init__(
        self,
        broker: Broker,
        client_id: str,
        control: str,
        *,
        mosquitto: bool = False,
        beside: str = "",
        clock: Clock | None = None,
    ) -> None:
        self.seen: set[str] = set()
        self._filters = (control, _VERSION, *filter(None, (beside,)))
        self._options = Options.from_settings(broker, client_id=client_id, session_expiry=0)
        self._control = control
        self._mosquitto = mosquitto
        self._clock = clock or SystemClock()

    def waits(self) -> bool | None:
        """Return whether the broker keeps a publication at QoS 2 to itself until it is released; ``None``: unknown.

        Raises
        ------
        BrokerError
            There is no connection.
        """
        with self._session() as session:
            if not session.accepts_qos_2:
                return False
            session.subscribe(self._filters)
            reason = session.ask((self._control,), 2).get(self._control)
            if reason == _NOBODY:
                return False
            if reason is not None and reason < _REFUSED:
                session.publish(self._control)
            session.wait(lambda: bool(session.received_on(self._control)), _SETTLED)
            self.seen = {each.topic for each in session.received} - {self._control, _VERSION}
            arrived = session.received_on(self._control)
            if arrived:
                return all(arrived)  # the probe is empty, the control message behind it is not
            version = session.received_on(_VERSION)
            return True if self._mosquitto or any(b"mosquitto" in each for each in version) else None

    def refusals(self, topics: Sequence[str], qos: int = 2) -> dict[str, str | None]:
        """Ask about topics; returns the broker's reason for refusing each, ``None`` where it accepts.

        A topic about which the broker does not answer is left out. At QoS 1 subscribers receive an empty message.

        Raises
        ------
        BrokerError
            There is no connection.
        """
        found: dict[str, str | None] = {}
        rest = list(dict.fromkeys(topics))
        while rest:
            with self._session() as session:
                asked, rest = rest[: session.at_once], rest[session.at_once :]
                for topic, reason in session.ask(asked, qos).items():
                    found[topic] = _name(reason) if reason >= _REFUSED else None
        return found

    def _session(self) -> _Session:
        return _Session(self._options, self._clock)


class _Session:
    """A connection of its own, with a session that ends with it."""

    def __init__(self, options: Options, clock: Clock) -> None:
        self.at_once = _AT_ONCE
        self.accepts_qos_2 = True
        self._clock = clock
        self._address = options.address
        self._answers: dict[int, int] = {}
        self.received: list[Publication] = []
        self._accepted: ReasonCode | None = None
        self._subscribed = False
        self._client: PahoClient = options.client("5")
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        try:
            options.dial(self._client)
        except (OSError, ValueError) as error:
            raise BrokerError(f"{self._address}: {error}") from error

    def __enter__(self) -> _Session:
        self.wait(lambda: self._accepted is not None, ANSWER_TIMEOUT)
        if self._accepted is None or self._accepted.is_failure:
            self._close()
            raise BrokerError(f"{self._address}: {self._accepted or 'the broker does not answer'}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def subscribe(self, filters: Sequence[str]) -> None:
        """Subscribe, and wait for the answer; that it may be a refusal does not matter here."""
        self._client.subscribe([(each, SubscribeOptions(qos=1)) for each in filters])
        self.wait(lambda: self._subscribed, ANSWER_TIMEOUT)

    def publish(self, topic: str) -> None:
        """Publish a message that everybody may see."""
        self._client.publish(topic, b"{}", qos=1)

    def ask(self, topics: Sequence[str], qos: int) -> dict[str, int]:
        """Begin an empty publication on each topic; returns the reason codes of the answers."""
        first = max(self._answers, default=_MIDS) + 1
        for mid, topic in enumerate(topics, first):
            self._client.send_packet(_encode(topic, mid, qos))
        self.wait(lambda: all(mid in self._answers for mid in range(first, first + len(topics))), ANSWER_TIMEOUT)
        return {topic: self._answers[mid] for mid, topic in enumerate(topics, first) if mid in self._answers}

    def received_on(self, topic: str) -> list[bytes]:
        """Return the payloads that came on a topic."""
        return [each.payload for each in self.received if each.topic == topic]

    def wait(self, done: Callable[[], bool], seconds: float) -> None:
        """Receive until something is true, the time is over, or the connection has ended."""
        deadline = self._clock.monotonic() + seconds
        while not done() and self._client.socket() is not None and self._clock.monotonic() < deadline:
            self._client.write_all()
            select.select([cast("Any", self._client.socket())], [], [], 0.05)
            self._read()
        self._client.write_all()

    def _read(self) -> None:
        sock = self._client.buffered
        if sock is None:
            return
        sock.receive()
        while (packet := sock.next_packet()) is not None:
            first, content = packet
            mid = int.from_bytes(content[:2], "big")
            if first >> 4 in (_PUBACK, _PUBREC) and mid > _MIDS:  # paho drops the reason of a PUBREC
                self._answers[mid] = content[2] if len(content) > 2 else 0
                continue
            sock.feed()
            self._client.loop_read()
            if self._client.buffered is not sock:
                return
        if sock.ended:
            self._client.loop_read()

    def _close(self) -> None:
        self._client.disconnect()
        self._client.write_all()
        if (sock := self._client.socket()) is not None:
            sock.close()

    def _on_connect(self, client: Client, data: object, flags: object, reason: ReasonCode, properties: Any) -> None:
        self._accepted = reason
        self.accepts_qos_2 = getattr(properties, "MaximumQoS", 2) == 2
        self.at_once = min(_AT_ONCE, getattr(properties, "ReceiveMaximum", _AT_ONCE))

    def _on_subscribe(self, client: Client, data: object, mid: int, reasons: object, properties: object) -> None:
        self._subscribed = True

    def _on_message(self, client: Client, data: object, message: Any) -> None:
        self.received.append(
            Publication(message.topic, bytes(message.payload), message.qos, message.retain, message.dup, message.mid)
        )


def _encode(topic: str, mid: int, qos: int) -> bytes:
    """Encode an empty publication with MQTT 5."""
    name = topic.encode()
    content = len(name).to_bytes(2, "big") + name + mid.to_bytes(2, "big") + b"\0"
    length, rest = bytearray(), len(content)
    while rest > 127:
        length.append(rest & 127 | 128)
        rest >>= 7
    length.append(rest)
    return bytes((PUBLISH << 4 | qos << 1,)) + length + content


def _name(reason: int) -> str:
    try:
        return str(ReasonCode(PacketTypes.PUBREC, identifier=reason))
    except (KeyError, AssertionError):
        return f"reason code 0x{reason:02x}"
