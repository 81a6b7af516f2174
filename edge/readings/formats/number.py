"""A bare number, as stations send it that have one topic per value."""

from __future__ import annotations

from typing import Any, Final

from edge.errors import ReadingError
from edge.readings.dialect import parse_number
from edge.readings.echo import echo
from edge.readings.formats.format import Document, text_of

VALUE: Final = "value"
"""Name of the number in its document."""


class NumberFormat:
    """Reads one number, or one of the words for a missing value."""

    def documents(self, payload: bytes) -> list[Document | ReadingError]:
        """Return the number under the name ``value``; see :class:`edge.readings.formats.format.PayloadFormat`."""
        return [{VALUE: bare_value(text_of(payload))}]


def bare_value(text: str) -> Any:
    """Read a text as a bare value: its words stay text for the station's dialect.

    Raises
    ------
    ReadingError
        It is neither a number nor one of the words for a missing value.
    """
    bare = text
    if len(bare) > 1 and bare[0] == bare[-1] and bare[0] in "\"'":
        bare = bare[1:-1]
    number = parse_number(bare)
    if number is None and len(bare.split()) != 1:
        raise ReadingError(f"got {echo(bare)}, expected a number")
    return bare
