"""InfluxDB's line protocol, as Telegraf and many boards write it."""

from __future__ import annotations

import math
import re
from typing import Any, Final

from edge.errors import ReadingError
from edge.readings.decoding.echo import echo
from edge.readings.decoding.formats.format import Document, check_count, text_of

_NAME = r"(?:\\.|[^\\,=\s])+"
_VALUE = r'"(?:\\.|[^\\"])*"|(?:\\.|[^\\,\s"])+'
_MEASUREMENT = re.compile(r"(?:\\.|[^\\,\s])+", re.DOTALL)
_TAG = re.compile(rf",({_NAME})=((?:\\.|[^\\,=\s])*)", re.DOTALL)
_FIELD = re.compile(rf"({_NAME})=({_VALUE})", re.DOTALL)
_STAMP = re.compile(r"\s*(-?\d{1,20})?\s*", re.ASCII)
_TEXT = re.compile(r'"(?:\\.|[^\\"])*"', re.DOTALL)
_QUOTE_OR_END = re.compile(r'["\n\r]')
_LOOKS = re.compile(
    rf"(?!<)(?:\\.|[^\\,\s={{\[])+(?:,{_NAME}=(?:\\.|[^\\,=\s])*)*[ ]+(?![{{\[]){_NAME}=(?:{_VALUE})", re.DOTALL
)
_INTEGER = re.compile(r"-?\d{1,20}[iu]", re.ASCII)
_FLOAT = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_BOOLEANS: Final = {"t": True, "true": True, "f": False, "false": False}


class InfluxFormat:
    """Reads lines of ``measurement,tag=text field=number,field=number timestamp``.

    The document of a line has its fields, ``ts`` (its time stamp, whose unit follows from its size), ``name`` (the
    measurement) and ``tags``. A field of one of these names stays what it is. Lines of other measurements with the
    same tags and time belong to one document; each measurement's fields are also found under its name.
    """

    def documents(self, payload: bytes) -> list[Document | ReadingError]:
        """Return the documents of all lines; see :class:`edge.readings.decoding.formats.format.PayloadFormat`."""
        found: list[Any] = []
        places: dict[Any, tuple[int, set[str]]] = {}
        lines = [line for line in _lines(text_of(payload)) if line.strip() and not line.lstrip().startswith("#")]
        check_count(len(lines))
        for i, line in enumerate(lines):
            try:
                measurement, tags, fields, ts = _parse_line(line.strip())
            except ValueError as error:
                found.append(
                    ReadingError(f"got {echo(line.strip())}: {error}", f"line {i + 1}" if len(lines) > 1 else None)
                )
                continue
            same = (ts, tuple(sorted(tags.items())))
            place, names = places.get(same, (-1, set()))
            if ts is not None and place >= 0 and measurement not in names:
                names.add(measurement)
                found[place].setdefault(measurement, fields)
                for name, value in fields.items():
                    found[place].setdefault(name, value)
                continue
            document = dict(fields)
            for name, value in (("ts", ts), ("name", measurement), ("tags", tags), (measurement, fields)):
                document.setdefault(name, value)
            places[same] = (len(found), {measurement})
            found.append(document)
        if not found:
            raise ReadingError("the payload is empty, expected a line of the line protocol")
        return found


def looks_like_influx(text: str) -> bool:
    """Return whether a text begins as a line of the line protocol does.

    Examples
    --------
    >>> looks_like_influx("air,station=a ch4=1,t=2i 1796005227"), looks_like_influx("ch4=2000")
    (True, False)
    """
    return _LOOKS.match(text) is not None


def _lines(text: str) -> list[str]:
    """Split a text at line ends outside quotes; behind a quote that is never closed, at all of them."""
    lines = []
    begin = at = 0
    while (mark := _QUOTE_OR_END.search(text, at)) is not None:
        if mark[0] != '"':
            lines.append(text[begin : mark.start()])
            begin = at = mark.end()
        elif (quoted := _TEXT.match(text, mark.start())) is not None:
            at = quoted.end()
        else:  # no other quote is looked at: a text full of them must not take its length squared
            first, *others = re.split(r"[\n\r]", text[mark.start() :])
            return [*lines, text[begin : mark.start()] + first, *others]
    return [*lines, text[begin:]]


def _parse_line(line: str) -> tuple[str, dict[str, str], dict[str, Any], int | None]:
    """Take a line apart: measurement, tags, fields, time stamp."""
    found = _MEASUREMENT.match(line)
    if found is None:
        raise ValueError("expected the name of a measurement")
    measurement, at = _plain(found[0]), found.end()
    tags = {}
    while (found := _TAG.match(line, at)) is not None:
        tags[_plain(found[1])] = _plain(found[2])
        at = found.end()
    if line[at : at + 1] not in (" ", "\t"):
        raise ValueError("expected a blank behind the tags")
    at = len(line) - len(line[at:].lstrip())
    fields: dict[str, Any] = {}
    while True:
        found = _FIELD.match(line, at)
        if found is None:
            raise ValueError("expected fields: name=value,name=value")
        fields[_plain(found[1])] = _field_value(found[2])
        at = found.end()
        if line[at : at + 1] != ",":
            break
        at += 1
    found = _STAMP.fullmatch(line, at)
    if found is None:
        raise ValueError("expected nothing behind the fields but a time stamp, an integer")
    return measurement, tags, fields, int(found[1]) if found[1] else None


def _field_value(text: str) -> Any:
    if text[0] == '"':
        return re.sub(r"\\([\\\"])", r"\1", text[1:-1])
    if _INTEGER.fullmatch(text):
        return int(text[:-1])
    if _FLOAT.fullmatch(text) and math.isfinite(value := float(text)):
        return value
    return _BOOLEANS.get(text.lower(), text)


def _plain(text: str) -> str:
    return re.sub(r"\\([,= \\])", r"\1", text)
