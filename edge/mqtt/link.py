"""The interface to MQTT that the agent and the commands need; tests use a fake in its place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from config.topic_filters import strip_share
from edge.mqtt.message import Message


@dataclass(frozen=True)
class Subscription:
    """A topic filter, at QoS 1; ``retained`` asks for retained messages (MQTT 3.1.1 brings them in any case)."""

    filter: str
    retained: bool = False

    @property
    def retain_handling(self) -> int:
        """Retain Handling of MQTT 5: 2 asks for no retained messages."""
        # A shared subscription gets nothing that is retained, and some brokers refuse this option for it.
        return 0 if self.retained or self.filter != strip_share(self.filter) else 2


@dataclass(frozen=True)
class Receipt:
    """The broker's answer to the QoS 1 publication with this number; ``refusal`` is its reason, or ``None``."""

    mid: int
    topic: str
    refusal: str | None


_MAX_REFUSED = 20  # topics in Counts.refused


@dataclass
class Counts:
    """Counts over all connections since the start.

    Attributes
    ----------
    connections
        Connections that the broker accepted.
    refused_publications
        Publications that the broker refused.
    refused_subscriptions
        Subscriptions that the broker refused.
    dropped_acks
        Acks of messages from an earlier connection: the broker sends those messages again.
    dropped_while_held
        Messages at QoS 0 that came while the link was held and there was no room: they are lost.
    taken_over
        Connections that the broker ended because another client used our client id.
    short
        Connections that ended within 10 s without a reason: several in a row suggest another client with our id, which
        some brokers do not report (MQTT 3.1.1, Mosquitto before 2.1).
    refused
        Topic -> the broker's reason for refusing the last publication there; at most 20 topics.
    """

    connections: int = 0
    refused_publications: int = 0
    refused_subscriptions: int = 0
    dropped_acks: int = 0
    dropped_while_held: int = 0
    taken_over: int = 0
    short: int = 0
    refused: dict[str, str] = field(default_factory=dict)

    def count_receipt(self, topic: str, refusal: str | None) -> None:
        """Count the broker's answer to a publication."""
        if refusal is None:
            self.refused.pop(topic, None)
            return
        self.refused_publications += 1
        if topic in self.refused or len(self.refused) < _MAX_REFUSED:
            self.refused[topic] = refusal


class Link(Protocol):
    """A connection that is re-established when lost; implemented by :mod:`edge.mqtt.reconnecting_link`.

    One turn is ``poll`` (connect when due, wait, read), whatever the caller does with the messages, ``acknowledge``
    and ``flush``. Publications and acks are only queued until ``flush``.
    """

    counts: Counts

    @property
    def connected(self) -> bool:
        """Whether the broker has accepted the connection and it has not ended since."""

    @property
    def protocol(self) -> str | None:
        """``5`` or ``3.1.1`` while connected."""

    @property
    def in_flight(self) -> int:
        """Number of QoS 1 publications that the broker has not answered yet."""

    @property
    def congested(self) -> bool:
        """Whether so much is queued that nothing more should be published for now."""

    @property
    def alive(self) -> bool:
        """Whether there is progress: something was received recently, or a connection was tried recently.

        Not the same as :attr:`connected`: a broker that hangs stays connected, and that a broker is down for a week is
        no fault of the agent.
        """

    def hold(self, held: bool) -> None:
        """Stop handing out messages, or resume; acks, receipts, keepalive and publications go on.

        Messages that come meanwhile wait: at QoS 1 no more than the broker may send before an ack.
        """

    def poll(self, timeout: float) -> list[Message]:
        """Take a turn, waiting at most ``timeout`` [s]; returns messages, at most half of Receive Maximum."""

    def became_ready(self) -> bool:
        """Return true once per connection, when it is subscribed and everything retained should be published again."""

    def receipts(self) -> list[Receipt]:
        """Return the broker's answers to QoS 1 publications since the last call."""

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        qos: int = 0,
        retain: bool = False,
        expiry: int | None = None,
        correlation: bytes | None = None,
        response_topic: str | None = None,
    ) -> int | None:
        """Queue a publication.

        Parameters
        ----------
        topic, payload, qos, retain
            As in the PUBLISH packet.
        expiry
            Message expiry [s]; ignored with MQTT 3.1.1.
        correlation, response_topic
            Correlation Data and Response Topic; ignored with MQTT 3.1.1.

        Returns
        -------
        int or None
            A number, which the :class:`Receipt` of a QoS 1 publication repeats; ``None`` while not connected.
        """

    def payload_limit(self, topic: str, correlation: bytes | None = None) -> int | None:
        """Return the largest payload [B] that the broker takes on a topic; ``None`` if it has named no limit.

        A larger one is never sent: the broker would end the connection. At QoS 1 its receipt is a refusal.
        """

    def acknowledge(self, messages: Iterable[Message]) -> None:
        """Queue the acks of messages, in the order of their arrival; drop those of an earlier connection."""

    def flush(self) -> None:
        """Write what is queued, as far as the socket takes it."""

    def close(self, patience: float = 0.5) -> None:
        """Wait up to ``patience`` [s] for what is in flight, then disconnect for good, without the will."""
