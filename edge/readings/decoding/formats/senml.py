"""SenML in JSON (RFC 8428): a pack of records, each with a name, a unit and a value."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from edge.errors import ReadingError
from edge.readings.decoding.echo import echo
from edge.readings.decoding.formats.format import Document, check_count
from edge.readings.decoding.formats.json import json_values
from edge.readings.decoding.quantity import Quantity, RelativeTime

_RELATIVE: Final = 2.0**28  # smaller times count from now, RFC 8428 4.5.3
_LONGEST_BASE: Final = 256  # characters of a base name: it is repeated in every name of its pack
_VALUES: Final = ("v", "vs", "vb", "vd")


class _Record(NamedTuple):
    """A record with the pack's base values worked in."""

    base: str
    name: str
    time: float
    value: Any


class SenmlFormat:
    """Reads SenML packs.

    The document of a pack has each value under its full name and under the name without its base, ``bn``, and ``ts``.
    A pack in which a name comes again at another time contains several readings; so does one with several base names
    under which the same names come.
    """

    def documents(self, payload: bytes) -> list[Document | ReadingError]:
        """Return the readings of a pack; see :class:`edge.readings.decoding.formats.format.PayloadFormat`."""
        return [document for value in json_values(payload) for document in senml_documents(value)]


def looks_like_senml(value: Any) -> bool:
    """Return whether a parsed payload is a SenML pack: an array whose first record has a name or a base name.

    Examples
    --------
    >>> looks_like_senml([{"bn": "x:", "n": "ch4", "v": 2}]), looks_like_senml([{"ch4": 2}])
    (True, False)
    """
    if type(value) is not list or not value or not all(type(record) is dict for record in value):
        return False
    first = value[0]
    if type(first.get("bn")) is str:
        return True
    return type(first.get("n")) is str and any(label in first for label in _VALUES)


def senml_documents(pack: Any) -> list[Document | ReadingError]:
    """Return the readings of a parsed pack.

    Raises
    ------
    ReadingError
        It is no pack, or has too many readings.
    """
    if isinstance(pack, ReadingError):  # the end of a payload that was cut off
        return [pack]
    if type(pack) is dict and type(pack.get("e")) is list:  # as drafts before the RFC had it
        pack = [{key: value for key, value in pack.items() if key != "e"}, *pack["e"]]
    elif type(pack) is dict:
        pack = [pack]
    if type(pack) is not list or not pack:
        raise ReadingError(f"got {echo(pack)}, expected a SenML pack: an array of records")
    errors: list[Document | ReadingError] = []
    records = list(_resolved(pack, errors))
    if not records:
        return errors or [ReadingError("got a SenML pack without a value, expected records with n and v")]
    several_times = max(Counter((each.base, each.name) for each in records).values()) > 1
    bases: dict[str, set[str]] = {}
    for each in records:
        bases.setdefault(each.name, set()).add(each.base)
    several_bases = any(len(each) > 1 for each in bases.values())
    groups: dict[Any, list[_Record]] = {}
    for each in records:
        groups.setdefault((each.time if several_times else 0, each.base if several_bases else ""), []).append(each)
    check_count(len(groups))
    return [_document(group) for group in groups.values()] + errors


def _document(records: list[_Record]) -> Document:
    document: dict[str, Any] = {}
    for record in records:
        document[record.base + record.name] = record.value
    for record in records:
        short = record.name or record.base
        document.setdefault(short, record.value)
        document.setdefault(re.split(r"[:/]", short)[-1], record.value)
    time = max(record.time for record in records)
    if abs(time) >= _RELATIVE:
        document.setdefault("ts", time)
    elif time:
        document.setdefault("ts", RelativeTime(time))
    document.setdefault("bn", records[0].base)
    return document


def _resolved(pack: list[Any], errors: list[Document | ReadingError]) -> Iterator[_Record]:
    base: dict[str, Any] = {}
    for i, record in enumerate(pack):
        if type(record) is not dict:
            errors.append(ReadingError(f"got {echo(record)}, expected a SenML record", f"[{i}]"))
            continue
        must = next((label for label in record if label.endswith("_")), None)
        if must is not None:
            raise ReadingError(
                f"got the SenML field {echo(must)}, which has to be understood and is not known", f"[{i}]"
            )
        if len(str(record.get("bn", ""))) > _LONGEST_BASE:
            raise ReadingError(f"got a base name (bn) of more than {_LONGEST_BASE} characters, expected less", f"[{i}]")
        base.update({label: record[label] for label in ("bn", "bt", "bu", "bv") if label in record})
        label = next((label for label in _VALUES if label in record), None)
        if label is None:
            continue
        name = record.get("n", "")
        names = base.get("bn", "")
        if type(name) is not str or type(names) is not str or not names + name:
            errors.append(ReadingError("got a SenML record without a name, expected n or bn", f"[{i}]"))
            continue
        time = _number(record.get("t", 0)) + _number(base.get("bt", 0))
        yield _Record(names, name, time if math.isfinite(time) else 0.0, _value(record, label, base))


def _value(record: dict[str, Any], label: str, base: dict[str, Any]) -> Any:
    value = record[label]
    if label != "v" or isinstance(value, bool) or not isinstance(value, int | float):
        return value
    number = _number(value) + (_number(base["bv"]) if "bv" in base else 0.0)
    unit = record.get("u", base.get("bu"))
    if not math.isfinite(number):
        return None
    return Quantity(number, unit) if type(unit) is str else number


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0.0
    try:
        return float(value)
    except OverflowError:
        return math.inf
