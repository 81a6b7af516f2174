"""Recognises the shape of a payload: which format it is, and the documents in it."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from edge.errors import ReadingError
from edge.readings.decoding.dialect import parse_number
from edge.readings.decoding.formats.csv import SEPARATORS_OF_LINES, only_names
from edge.readings.decoding.formats.format import SIZE_LIMIT, text_of
from edge.readings.decoding.formats.influx import InfluxFormat, looks_like_influx
from edge.readings.decoding.formats.json import JsonFormat, json_values
from edge.readings.decoding.formats.number import VALUE
from edge.readings.decoding.formats.senml import looks_like_senml, senml_documents
from edge.readings.decoding.quantity import parse_quantity
from edge.readings.decoding.timestamps import parse_timestamp

Kind = Literal["json", "senml", "influx", "csv", "array", "number"]

_SHORTEST_LINE = 2  # values
_NAME = re.compile(r"[^\d\s.+-][^\n]*")


class Shape(NamedTuple):
    """What a payload is.

    Parameters
    ----------
    kind
        Its format; ``array``: a JSON array of values without names.
    documents
        Its documents; the values of a line and of an array are called ``1``, ``2`` and so on, or by the names in a
        header.
    columns
        Names of the values of a line or of an array.
    """

    kind: Kind
    documents: list[dict[str, Any]]
    columns: tuple[str, ...] = ()


def payload_shape(payload: bytes) -> Shape | None:
    """Recognise the shape of a payload; ``None`` if it is no reading in any format that is known.

    Examples
    --------
    >>> payload_shape(b"21.5").kind, payload_shape(b'{"t": 21.5}').kind, payload_shape(b"2026-05-01T12:00:00Z;3;4").kind
    ('number', 'json', 'csv')
    >>> payload_shape(b"Online") is None
    True
    """
    text = text_of(payload[:SIZE_LIMIT])
    if not text:
        return None
    try:
        if text[0] in "{[":
            return _json(payload)
        if looks_like_influx(text):
            return _of("influx", InfluxFormat().documents(payload))
    except ReadingError:
        return None
    bare = text.strip("\"'")
    if parse_number(bare) is not None or parse_quantity(bare) is not None:
        # A word for a missing value is a message of a sensor, too.
        return Shape("number", [{VALUE: bare}])
    return _lines(text)


def is_time(value: Any) -> bool:
    """Return whether a value is a time of this century, as text or as Unix time."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return False
    if isinstance(value, str) and len(value) < len("20260101T"):
        return False
    try:
        time = parse_timestamp(value)
    except ValueError:
        return False
    return time is not None and 946_684_800 <= time < 4_102_444_800


def _json(payload: bytes) -> Shape | None:
    value = json_values(payload)[0]
    if looks_like_senml(value):
        return _of("senml", [_shortest(each) for each in senml_documents(value)])
    rows = [value] if isinstance(value, list) and not any(isinstance(each, dict | list) for each in value) else value
    if isinstance(rows, list) and rows and all(isinstance(row, list) and len(row) == len(rows[0]) for row in rows):
        columns = tuple(str(i + 1) for i in range(len(rows[0])))
        return Shape("array", [dict(zip(columns, row, strict=True)) for row in rows], columns) if columns else None
    return _of("json", JsonFormat().documents(payload))


def _of(kind: Kind, documents: Sequence[Any]) -> Shape | None:
    usable = [each for each in documents if isinstance(each, dict)]
    if kind == "influx":
        usable = [
            {name: value for name, value in each.items() if name == "tags" or not isinstance(value, dict)}
            for each in usable
        ]
    return Shape(kind, usable) if usable else None


def _shortest(document: Any) -> Any:
    """Return a document of SenML with each value under its shortest name only."""
    if not isinstance(document, dict):
        return document
    names: dict[int, str] = {}
    for name, value in document.items():
        if len(name) < len(names.get(id(value), name + " ")):
            names[id(value)] = name
    kept = set(names.values())
    return {name: value for name, value in document.items() if name in kept and name != "bn"}


def _lines(text: str) -> Shape | None:
    """Recognise lines of values; the first may be a header."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if not lines:
        return None
    for separator in SEPARATORS_OF_LINES:
        try:
            rows = [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=separator)]
        except csv.Error:  # a cell of more than 128 KiB
            continue
        width = len(rows[-1])
        if len(rows) > 2 and only_names(rows[0]) and only_names(rows[1]):
            del rows[1]  # a line of units
        if width < _SHORTEST_LINE or any(len(row) != width for row in rows):
            continue
        values = [cell for cell in rows[-1] if parse_number(cell) is not None or is_time(cell)]
        if 2 * len(values) <= width:
            continue
        header = len(rows) > 1 and all(_NAME.fullmatch(cell) for cell in rows[0])
        columns = tuple(rows[0]) if header else tuple(str(i + 1) for i in range(width))
        if len(set(columns)) == width:
            return Shape("csv", [dict(zip(columns, row, strict=True)) for row in rows[header:]], columns)
    return None
