"""A bare number, as stations send it that have one topic per value."""

from __future__ import annotations

from typing import Any, Final

from edge.errors import ReadingError
from edge.readings.decoding.echo import echo
from edge.readings.decoding.formats.format import Document, text_of

_LONGEST: Final = 400  # characters
VALUE: Final = "value"
"""Name of the number in its document."""


class NumberFormat:
    """Reads one number, or one of the words for a missing value."""

    def documents(self, payload: bytes) -> list[Document | ReadingError]:
        """Return the number under the name ``value``; see :class:`.format.PayloadFormat`."""
        return [{VALUE: bare_value(text_of(payload))}]


def bare_value(text: str) -> Any:
    """Read a text as a bare value; what it means is for the station's dialect to say, which has words of its own.

    Raises
    ------
    ReadingError
        It has several lines, or is too long for a number.
    """
    bare = text
    if len(bare) > 1 and bare[0] == bare[-1] and bare[0] in "\"'":
        bare = bare[1:-1]
    if not bare.isprintable() or not 0 < len(bare) <= _LONGEST:
        raise ReadingError(
            "the payload is empty, expected a number" if not bare else f"got {echo(bare)}, expected a number"
        )
    return bare
