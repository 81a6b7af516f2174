"""What every format of payloads does, as a protocol."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from edge.errors import ReadingError
from edge.readings.decoding.odd_bytes import lenient_utf8, unmarked_utf16

Document = Any
"""One message: a dictionary from names to values, or a list whose members the station's addresses reach."""

SIZE_LIMIT = 256 * 1024
"""Longest payload that is decoded [B]."""


MOST_DOCUMENTS = 5000
"""Documents of one payload at most."""


class PayloadFormat(Protocol):
    """Takes payloads apart, without knowledge of the station's keys."""

    def documents(self, payload: bytes) -> list[Document | ReadingError]:
        """Return the documents of a payload, each one reading or a part of one, in their order.

        A document that is broken is replaced by its error, so that it does not cost the others.

        Raises
        ------
        ReadingError
            The payload is not of this format.
        """


def check_count(count: int) -> None:
    """Raise ReadingError if a payload has more than :data:`MOST_DOCUMENTS` documents."""
    if count > MOST_DOCUMENTS:
        raise ReadingError(f"got {count} lines or objects, expected at most {MOST_DOCUMENTS} in one payload")


def is_json_object(payload: bytes) -> bool:
    """Return whether a payload is strict JSON and one object, as any program reads it."""
    try:
        return type(msgspec.json.decode(payload)) is dict
    except (ValueError, RecursionError):
        return False


def text_of(payload: bytes) -> str:
    """Decode the bytes of a payload to text, without a byte order mark and the NULs of a buffer.

    Bytes that are no UTF-8 count as Windows-1252, in which boards send degrees: a broken name that nobody reads must
    not cost the reading, and "Temp °C" is found.
    """
    utf16 = "utf-16" if payload[:2] in (b"\xff\xfe", b"\xfe\xff") else unmarked_utf16(payload)
    text = lenient_utf8(payload) if utf16 is None else payload.decode(utf16, "replace")
    return text.strip("\0 \t\r\n\ufeff")
