"""Echo: a connection without a network, that confirms everything at once, and a clock that is moved by hand."""

from __future__ import annotations

from collections.abc import Iterable

from edge.mqtt.link import Counts, Receipt
from edge.mqtt.message import Message


class MovedClock:
    """A clock that stands still until it is moved.

    Parameters
    ----------
    time
        Where it begins, Unix time [s].
    """

    def __init__(self, time: float) -> None:
        self.time = time

    def now(self) -> float:
        """Unix time [s]."""
        return self.time

    def monotonic(self) -> float:
        """The same [s]."""
        return self.time


class Echo:
    """An :class:`edge.mqtt.link.Link` to a broker that takes everything.

    Attributes
    ----------
    incoming
        What the next :meth:`poll` returns.
    scores
        Publications on a ``score`` topic so far.
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
        """Publications without an answer yet."""
        return len(self._receipts)

    def hold(self, held: bool) -> None:
        """Pass over: nothing fails here."""

    def poll(self, timeout: float) -> list[Message]:
        """Hand out what has come."""
        messages, self.incoming = self.incoming, []
        return messages

    def became_ready(self) -> bool:
        """Tell once."""
        greeted, self._greeted = self._greeted, True
        return not greeted

    def receipts(self) -> list[Receipt]:
        """Confirm everything."""
        receipts, self._receipts = self._receipts, []
        return receipts

    def publish(self, topic: str, payload: bytes, *, qos: int = 0, **_: object) -> int:
        """Take a publication."""
        self._mids += 1
        self.scores += topic.endswith("/score")
        if qos:
            self._receipts.append(Receipt(self._mids, topic, None))
        return self._mids

    def acknowledge(self, messages: Iterable[Message]) -> None:
        """Pass over."""

    def flush(self) -> None:
        """Pass over."""

    def close(self, patience: float = 0.5) -> None:
        """Pass over."""
