"""Recognises the format of a payload where it is unambiguous."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from edge.errors import ReadingError
from edge.readings.decoding.dialect import parse_number
from edge.readings.decoding.formats.csv import CsvFormat
from edge.readings.decoding.formats.foreign_payload import binary_payload
from edge.readings.decoding.formats.format import Document, text_of
from edge.readings.decoding.formats.influx import InfluxFormat, looks_like_influx
from edge.readings.decoding.formats.json import JsonFormat, json_values
from edge.readings.decoding.formats.number import VALUE
from edge.readings.decoding.formats.senml import looks_like_senml, senml_documents
from edge.readings.decoding.quantity import parse_quantity

_VALUES: Final = re.compile(r"[^{}\[\]=<>]*[,;\t][\s\"']*[+-]?\d[^{}\[\]=<>]*")
_BRACKETS: Final = re.compile(r"[{\[]")


class AutoFormat:
    """Reads JSON, SenML, the line protocol and bare numbers, and lines of values if their columns are known.

    Sparkplug B is none of these and never will be: it is binary, and a host application with a state of its own.

    Parameters
    ----------
    columns
        Names of the values of a line, or of an array of values.
    whole
        Whether an array is one document, because the station's addresses reach into it.
    """

    def __init__(self, columns: Sequence[str] = (), *, whole: bool = False) -> None:
        self._json = JsonFormat(columns, whole=whole)
        self._csv = CsvFormat(columns) if columns else None
        self._influx = InfluxFormat()
        self._whole = whole

    def documents(self, payload: bytes) -> list[Document | ReadingError]:
        """Return the documents of a payload; see :class:`edge.readings.decoding.formats.format.PayloadFormat`."""
        text = text_of(payload[:2000])
        if text[:1] not in ("{", "["):
            if (binary := binary_payload(payload, text)) is not None:
                raise ReadingError(binary)
            if looks_like_influx(text):
                return self._influx.documents(payload)
            if self._csv is not None and _BRACKETS.search(text) is None:
                return self._csv.documents(payload)
            if text and len(text) < 100 and (parse_number(text) is not None or parse_quantity(text) is not None):
                return [{VALUE: text}]
        try:
            values = json_values(payload)
        except ReadingError as error:
            blanks = [parse_number(each) for each in text.split()]
            if self._csv is None and (_VALUES.fullmatch(text) or (len(blanks) > 1 and None not in blanks)):
                count = len(re.split(r"[,;\t]" if _VALUES.fullmatch(text) else r"\s+", text.splitlines()[0]))
                fix = "fix: format: csv, and their names under columns"
                raise ReadingError(f"got a line of {count} values without names, expected JSON; {fix}") from error
            raise
        return [document for value in values for document in self.split(value)]

    def split(self, value: Any) -> list[Document | ReadingError]:
        """Return the documents of a parsed payload."""
        if not self._whole and looks_like_senml(value):
            return senml_documents(value)
        if value is None or (isinstance(value, str | int | float) and not isinstance(value, bool)):
            return [{VALUE: value}]
        return self._json.split(value)
