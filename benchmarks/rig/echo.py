"""A link without a network that confirms everything at once, and a clock that is moved by hand."""

from __future__ import annotations

from collections.abc import Iterable

from edge.mqtt.link import Counts, Receipt
from edge.mqtt.message import Message


class MovedClock:
    """A clock that stands still until it is moved.

    Parameters
    ----------
    time
        Unix time at the start [s].
    """

    def __init__(self, time: float) -> None:
        self.time = time

    def now(self) -> float:
        """Unix time [s]."""
        return self.time

    def monotonic(self) -> float:
        """Seconds; equal to :meth:`now`."""
        return self.time


class Echo:
    """An :class:`edge.mqtt.link.Link` to a broker that accepts everything.

    Attributes
    ----------
    incoming
        Messages that the next :meth:`poll` returns.
    scores
        Count of publications on ``score`` topics.
    """

    def __init__(self) -> None:
        self.counts = Counts(connections=1)
        self.connected = self.alive = True
        self.congested = False
        self.protocol: str | None = "5"
        self.incoming: list[Message] = []
        self.scores = 0
        self._receipts: list[Receipt] = []
        self._mids = 0
        self._greeted = False

    @property
    def in_flight(self) -> int:
        """Count of unconfirmed publications."""
        return len(self._receipts)

    def hold(self, held: bool) -> None:
        """Ignore: nothing fails here."""

    def poll(self, timeout: float) -> list[Message]:
        """Return the incoming messages."""
        messages, self.incoming = self.incoming, []
        return messages

    def became_ready(self) -> bool:
        """Return ``True`` once."""
        greeted, self._greeted = self._greeted, True
        return not greeted

    def receipts(self) -> list[Receipt]:
        """Confirm every publication."""
        receipts, self._receipts = self._receipts, []
        return receipts

    def publish(self, topic: str, payload: bytes, *, qos: int = 0, **_: object) -> int:
        """Accept a publication."""
        self._mids += 1
        self.scores += topic.endswith("/score")
        if qos:
            self._receipts.append(Receipt(self._mids, topic, None))
        return self._mids

    def payload_limit(self, topic: str, correlation: bytes | None = None) -> None:
        """Accept any size."""

    def acknowledge(self, messages: Iterable[Message]) -> None:
        """Ignore."""

    def flush(self) -> None:
        """Ignore."""

    def close(self, patience: float = 0.5) -> None:
        """Ignore."""
