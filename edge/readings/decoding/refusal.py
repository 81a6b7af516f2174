"""Says why a document is no reading of its station."""

from __future__ import annotations

from collections.abc import Sequence

from edge.errors import ReadingError
from edge.readings.decoding.addresses import members
from edge.readings.decoding.echo import echo, printable
from edge.readings.decoding.formats.format import Document
from edge.readings.decoding.formats.number import VALUE

_MOST_NAMED, _MOST_CAME = 12, 240  # members of a message that an error lists, and the characters that they take


def foreign_document(document: Document, keys: Sequence[str], inside: str = "") -> ReadingError:
    """Make the error of a document that has none of the station's keys.

    Parameters
    ----------
    document
        The document.
    keys
        What the station sends.
    inside
        Path of the document in the payload.
    """
    if type(document) is dict and document.keys() == {VALUE}:
        fix = "fix: write {key} where the topic names the value, or value under keys"
        got = f"got {echo(document[VALUE])}, expected an object with the station's keys; {fix}"
        return ReadingError(got, inside or None)
    came = ", ".join(printable(each.address) for each in members(document, _MOST_NAMED))
    came = came if len(came) <= _MOST_CAME else came[:_MOST_CAME] + "..."
    return ReadingError(
        f"none of the {len(keys)} keys is there ({', '.join(keys)}), but {came or 'nothing'}; "
        "fix: name their places under keys",
        inside or None,
    )
