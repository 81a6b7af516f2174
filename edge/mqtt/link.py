"""Connection: what the agent and the commands need of MQTT; tests put a fake in its place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from edge.mqtt.message import Message


@dataclass(frozen=True)
class Subscription:
    """A topic filter, at QoS 1; ``retained`` asks for what is retained (with MQTT 3.1.1 that comes in any case)."""

    filter: str
    retained: bool = False


@dataclass(frozen=True)
class Receipt:
    """The broker's answer to a QoS 1 publication: ``refusal`` is its reason, ``None`` when it took it."""

    mid: int
    topic: str
    refusal: str | None


_TOLD = 20  # refused topics


@dataclass
class Counts:
    """What is counted over all connections since the start.

    Attributes
    ----------
    connections, refused_publications, refused_subscriptions
        What the broker granted and what it did not.
    dropped_acks
        Acks of messages of an earlier connection: the broker sends those again.
    dropped_while_held
        Messages at QoS 0 that came while the link was held and had no room: nobody sends those again.
    taken_over
        Connections that the broker ended because another client used our name.
    short
        Connections that ended within 10 s without a word: several in a row look like the same, where the broker does
        not say so (MQTT 3.1.1, Mosquitto before 2.1).
    refused
        Topic -> the broker's reason, where it refused the last publication: the first 20 of them.
    """

    connections: int = 0
    refused_publications: int = 0
    refused_subscriptions: int = 0
    dropped_acks: int = 0
    dropped_while_held: int = 0
    taken_over: int = 0
    short: int = 0
    refused: dict[str, str] = field(default_factory=dict)

    def answered(self, topic: str, refusal: str | None) -> None:
        """Note the broker's answer to a publication."""
        if refusal is None:
            self.refused.pop(topic, None)
            return
        self.refused_publications += 1
        if topic in self.refused or len(self.refused) < _TOLD:
            self.refused[topic] = refusal


class Link(Protocol):
    """A connection that comes back by itself; :class:`edge.mqtt.reconnecting_link.ReconnectingLink` is the real one.

    One turn is ``poll`` (connect when due, wait, read), whatever the caller does with the messages, ``acknowledge``
    and ``flush``. Publications and acks are only queued until ``flush``.
    """

    counts: Counts

    @property
    def connected(self) -> bool:
        """Whether the broker has accepted us and nothing says that it is gone."""

    @property
    def protocol(self) -> str | None:
        """``5`` or ``3.1.1`` while connected."""

    @property
    def in_flight(self) -> int:
        """QoS 1 publications without an answer yet."""

    @property
    def congested(self) -> bool:
        """Whether so much waits for the socket that nothing is read any more."""

    @property
    def alive(self) -> bool:
        """Whether there is progress: something was heard lately, or a connection was tried lately.

        Not the same as :attr:`connected`: a broker that hangs stays connected, and one that is down for a week is no
        fault of ours.
        """

    def hold(self, held: bool) -> None:
        """Hand out no message until told otherwise; acks, receipts, keepalive and publications go on.

        What comes meanwhile waits: at QoS 1 no more than the broker may send before an ack.
        """

    def poll(self, timeout: float) -> list[Message]:
        """Take a turn, waiting at most ``timeout`` [s]; returns what came, at most half of Receive Maximum."""

    def became_ready(self) -> bool:
        """Tell once per connection that it is subscribed: the time to assert everything again."""

    def receipts(self) -> list[Receipt]:
        """Take the broker's answers to QoS 1 publications since the last call."""

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
            What to publish.
        expiry, correlation, response_topic
            Message expiry [s], Correlation Data and Response Topic; left out with MQTT 3.1.1.

        Returns
        -------
        int or None
            Packet identifier that comes back in a :class:`Receipt` (QoS 1); ``None`` while not connected.
        """

    def acknowledge(self, messages: Iterable[Message]) -> None:
        """Queue the acks of messages, in the order in which they came; drop those of another connection."""

    def flush(self) -> None:
        """Write what is queued, as far as the socket takes it."""

    def close(self, patience: float = 0.5) -> None:
        """Wait up to ``patience`` [s] for what is on its way, then say goodbye: no will, and no reconnecting."""
