"""JSON: an object, an array of objects, or an array of values whose names the entry gives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from edge.errors import ReadingError
from edge.readings.decoding.echo import echo
from edge.readings.decoding.formats.foreign_payload import foreign_payload
from edge.readings.decoding.formats.format import Document, check_count, text_of
from edge.readings.decoding.formats.lenient_json import TornJsonError, lenient_json

_parse = msgspec.json.decode


class JsonFormat:
    """Reads JSON, and what is nearly JSON.

    Parameters
    ----------
    columns
        Names of the values of an array of values.
    whole
        Whether an array is one document, because the station's addresses reach into it.
    """

    def __init__(self, columns: Sequence[str] = (), *, whole: bool = False) -> None:
        self._columns = tuple(columns)
        self._whole = whole

    def documents(self, payload: bytes) -> list[Document | ReadingError]:
        """Return the objects of a payload; see :class:`edge.readings.decoding.formats.format.PayloadFormat`."""
        return [document for value in json_values(payload) for document in self.split(value)]

    def split(self, value: Any) -> list[Document | ReadingError]:
        """Return the documents of a parsed payload."""
        if type(value) is not list:
            return [value]
        check_count(len(value))
        if not value:
            raise ReadingError("got an empty array, expected readings")
        if all(type(item) is list for item in value):
            return [self._row(item, f"[{i}]") for i, item in enumerate(value)]
        if self._whole or not any(type(item) in (dict, list) for item in value):
            return [self._row(value, None)]
        return [
            item
            if type(item) is dict
            else ReadingError(f"got {echo(item)}, expected an object with the station's keys", f"[{i}]")
            for i, item in enumerate(value)
        ]

    def _row(self, values: list[Any], at: str | None) -> Document | ReadingError:
        if self._whole:
            return values
        if not self._columns:
            fix = 'fix: name them under columns, or their places under keys ("[0]")'
            return ReadingError(f"got an array of {len(values)} values without names; {fix}", at)
        if len(values) != len(self._columns):
            return ReadingError(f"got {len(values)} values, expected {len(self._columns)} as in columns", at)
        return dict(zip(self._columns, values, strict=True))


def json_values(payload: bytes) -> list[Any]:
    """Parse the JSON values of a payload; mostly it is one.

    What the strict parser refuses is read by :func:`edge.readings.decoding.formats.lenient_json.lenient_json`: a NaN,
    or text around the JSON, must not cost a reading. An error at the end stands for what was cut off.

    Raises
    ------
    ReadingError
        There is none.
    """
    try:
        value = _parse(payload)
    except (ValueError, RecursionError) as error:  # msgspec.DecodeError, UnicodeDecodeError
        return _nearly(payload, error)
    if type(value) is str and value.lstrip()[:1] in ("{", "["):
        try:
            return lenient_json(value)  # JSON written into a string of JSON
        except ValueError:
            pass
    return [value]


def _nearly(payload: bytes, error: Exception) -> list[Any]:
    text = text_of(payload)
    if not text:
        raise ReadingError("the payload is empty, expected JSON") from None
    try:
        found = lenient_json(text)
    except TornJsonError as torn:
        check_count(len(torn.complete))
        return [*torn.complete, ReadingError(f"the rest of the payload is not JSON: {torn} (cut off?)")]
    except ValueError as fault:
        if (foreign := foreign_payload(payload, text)) is not None:
            raise ReadingError(foreign) from None
        reason = "it is nested too deep" if isinstance(error, RecursionError) else str(error)
        if "ends too early" in str(fault):
            reason = f"{fault} (cut off?)"
        raise ReadingError(f"the payload is not JSON: {reason.removeprefix('JSON is malformed: ')}") from None
    check_count(len(found))
    return found
