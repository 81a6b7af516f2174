"""Dead letters: payloads that cannot be used, published with the reason, and never in a flood."""

from __future__ import annotations

import base64
import codecs
from collections import OrderedDict
from dataclasses import dataclass
from typing import Literal

import msgspec

from edge.clock import Clock, rfc3339
from edge.errors import ReadingError
from edge.mqtt.message import Message

_EXCERPT = 512  # [B] of a payload that a dead letter shows
_BURST = 60  # dead letters of one topic that are published at once ...
_PER_SECOND = 1.0  # ... and how many follow
_MOST_TOPICS = 1000  # that are counted separately


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A payload that could not be used, and why; every key is there, ``null`` without a value.

    Parameters
    ----------
    topic
        Topic on which it came.
    reason
        Why it could not be used, with the fix.
    at
        Where in the payload the fault is; ``None``: the whole payload, or unknown.
    payload
        Its first 512 bytes: as text, or if they are no UTF-8 in base64.
    encoding
        ``base64``, or ``None`` for text.
    bytes
        Size of the whole payload [B].
    received
        When it came, RFC 3339.
    held_back
        Payloads of this topic since its last dead letter that had none, because there were too many of them.
    """

    topic: str
    reason: str
    at: str | None = None
    payload: str
    encoding: Literal["base64"] | None = None
    bytes: int
    received: str
    held_back: int = 0


@dataclass
class _Bucket:
    tokens: float
    filled: float
    held_back: int = 0


class DeadLetters:
    """Writes dead letters, of each topic at most 60 at once and then one a second.

    Parameters
    ----------
    clock
        Paces them.

    Attributes
    ----------
    written
        Payloads since the start that could not be used.
    held_back
        Payloads among them that exceeded the pace, and have no dead letter.
    """

    def __init__(self, clock: Clock) -> None:
        self.written = self.held_back = 0
        self._clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def write(self, message: Message, error: ReadingError) -> bytes | None:
        """Write the dead letter of a message; returns ``None`` if its topic has had too many of them."""
        self.written += 1
        held_back = self._take_token(message.topic)
        if held_back is None:
            self.held_back += 1
            return None
        excerpt = message.payload[:_EXCERPT]
        try:
            # A character that the cut splits is no reason to show the rest in base64.
            whole = len(message.payload) <= _EXCERPT
            text = codecs.getincrementaldecoder("utf-8")().decode(excerpt, final=whole)
            encoding: Literal["base64"] | None = None
        except UnicodeDecodeError:
            text, encoding = base64.b64encode(excerpt).decode(), "base64"
        letter = DeadLetter(
            topic=message.topic,
            reason=error.reason,
            at=error.at,
            payload=text,
            encoding=encoding,
            bytes=len(message.payload),
            received=rfc3339(message.received),
            held_back=held_back,
        )
        return msgspec.json.encode(letter)

    def _take_token(self, topic: str) -> int | None:
        """Return how many of a topic were held back before this one; ``None`` if this one is, too."""
        now = self._clock.monotonic()
        bucket = self._buckets.setdefault(topic, _Bucket(_BURST, now))
        if len(self._buckets) > _MOST_TOPICS:
            self._buckets.popitem(last=False)
        bucket.tokens = min(_BURST, bucket.tokens + _PER_SECOND * (now - bucket.filled))
        bucket.filled = now
        if bucket.tokens < 1:
            bucket.held_back += 1
            return None
        bucket.tokens -= 1
        held_back, bucket.held_back = bucket.held_back, 0
        return held_back
