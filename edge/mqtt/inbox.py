"""The messages of one connection that have been read and not yet handed out."""

from __future__ import annotations

from edge.mqtt.link import Counts
from edge.mqtt.message import Message
from edge.mqtt.packets import Publication

_BATCH_BYTES = 1 << 20  # [B] of payloads in a batch
_HELD_BYTES = 1 << 24  # [B] of payloads that wait while the link is held


class Inbox:
    """Bounds the size of a batch, and of what waits while the link is held.

    Parameters
    ----------
    connection
        Number of the connection, stamped on every message.
    batch_size
        Most messages in a batch: half of Receive Maximum, so that the broker may send the other half meanwhile.
    counts
        Counts the messages that are dropped.

    Attributes
    ----------
    held : bool
        Whether messages wait; reading goes on, because receipts and pings come the same way.
    """

    def __init__(self, connection: int, batch_size: int, counts: Counts) -> None:
        self.held = False
        self._connection = connection
        self._batch_size = batch_size
        self._counts = counts
        self._messages: list[Message] = []
        self._bytes = 0
        self._round = self._round_bytes = 0
        self._now = 0.0

    @property
    def ready(self) -> bool:
        """Whether :meth:`take` would return messages."""
        return bool(self._messages) and not self.held

    @property
    def room(self) -> bool:
        """Whether another message may be read in this round."""
        count = self._round if self.held else len(self._messages)
        return count < self._batch_size and self._round_bytes < _BATCH_BYTES

    @property
    def full(self) -> bool:
        """Whether nothing at all may be read: only a broker that ignores Receive Maximum gets this far."""
        return self._bytes > _HELD_BYTES

    def begin(self, now: float) -> None:
        """Begin a round of reading, at this Unix time [s]."""
        self._round = self._round_bytes = 0
        self._now = now

    def put(self, publication: Publication, properties: object = None) -> None:
        """Add a message; while the link is held, one at QoS 0 is dropped when there is no room for it."""
        topic, payload, qos, retain, dup, mid = publication
        size = len(payload)
        self._round += 1
        self._round_bytes += size
        if self.held and qos == 0 and (len(self._messages) >= 2 * self._batch_size or self._bytes >= _BATCH_BYTES):
            self._counts.dropped_while_held += 1
            return
        self._bytes += size
        self._messages.append(
            Message(topic, payload, qos, retain, mid, self._connection, self._now, properties, dup),
        )

    def take(self) -> list[Message]:
        """Remove and return a batch; nothing while the link is held."""
        if self.held:
            return []
        taken, self._messages = self._messages[: self._batch_size], self._messages[self._batch_size :]
        self._bytes = sum(len(message.payload) for message in self._messages)
        return taken
