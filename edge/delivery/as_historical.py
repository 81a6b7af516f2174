"""Marks a score or an event that is published late."""

from __future__ import annotations

_NO, _YES = b'"historical":false', b'"historical":true'


def as_historical(payload: bytes) -> bytes:
    """Return a score or an event with ``"historical": true``; one of an earlier version may lack the key.

    Examples
    --------
    >>> as_historical(b'{"n":1,"historical":false,"bundle":"b"}')
    b'{"n":1,"historical":true,"bundle":"b"}'
    >>> as_historical(b'{"n":1}')
    b'{"n":1,"historical":true}'
    """
    # Quotes within a text are escaped, so that only the key itself is found.
    if _YES in payload:
        return payload
    if _NO in payload or not payload.endswith(b"}"):
        return payload.replace(_NO, _YES, 1)
    return payload[:-1] + b"," + _YES + b"}"
