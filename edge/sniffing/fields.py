"""Lists the values in a document with their addresses, their names and the units that are stated beside them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from edge.readings.decoding.addresses import quote_step
from edge.readings.decoding.quantity import Quantity, parse_quantity
from edge.readings.decoding.unit_table import find_unit

_DEEPEST = 12  # levels
_MOST = 300  # values of one document
_TYPES = ("type", "value_type", "name", "n", "key", "sensor", "parameter", "quantity", "measurement", "id", "label")
_VALUES = ("value", "v", "val", "reading", "data")
_UNITS = ("unit", "units", "u", "uom", "unit_of_measurement")


class Field(NamedTuple):
    """A value of a document.

    Parameters
    ----------
    address
        Where it is, see :class:`edge.readings.decoding.addresses.Address`.
    path
        The names on the way to it, the outermost first; of a member of a list of pairs the name that it has there.
    value
        The value: a number, a text, a boolean or ``None``.
    unit
        The unit that the document states for it, or ``None``.
    """

    address: str
    path: tuple[str, ...]
    value: Any
    unit: str | None = None


def document_fields(document: Any) -> list[Field]:
    """List the values of a document.

    Examples
    --------
    >>> [each[:3] for each in document_fields({"a": {"b.c": 1}, "v": [{"type": "CH4", "value": "2"}]})]
    [('a."b.c"', ('a', 'b.c'), 1), ('v[type=CH4].value', ('v', 'CH4'), '2')]
    """
    found: list[Field] = []
    for field in _walk(document, "", (), 0):
        if len(found) >= _MOST:
            break
        found.append(field)
    return found


def _walk(value: Any, address: str, path: tuple[str, ...], depth: int) -> Iterator[Field]:
    if depth > _DEEPEST:
        return
    if isinstance(value, dict):
        unit = next((value[name] for name in _UNITS if isinstance(value.get(name), str)), None)
        for name, inner in value.items():
            below = f"{address}.{quote_step(name)}" if address else quote_step(name)
            stated = unit if unit is not None and name.casefold() in _VALUES else None
            # The name of {"temperature": {"value": 21.5, "unit": "C"}} is temperature.
            named = path if name.casefold() in _VALUES and path else (*path, name)
            for field in _walk(inner, below, named, depth + 1):
                yield field._replace(unit=field.unit or stated)
    elif isinstance(value, list):
        pair = _pair(value)
        for i, inner in enumerate(value):
            if pair is not None:
                place = f"{address}[{pair}={_text(inner[pair])}]"
                rest = {name: each for name, each in inner.items() if name != pair}
                yield from _walk(rest, place, (*path, str(inner[pair])), depth + 1)
            else:
                yield from _walk(inner, f"{address}[{i}]", (*path, str(i)), depth + 1)
    elif address:
        yield Field(address, path, value, _unit(value))


def _pair(items: list[Any]) -> str | None:
    """Return the member by which the items of a list are distinguished; ``None`` if it is no list of pairs."""
    if not items or not all(isinstance(item, dict) for item in items):
        return None
    for name in items[0]:
        if name.casefold() in _TYPES:
            names = [item.get(name) for item in items]
            usable = all(isinstance(each, str) and each and not set(each) & set("[]=\"'") for each in names)
            others = all(any(each.casefold() in _VALUES for each in item) for item in items)
            if usable and others and len(set(names)) == len(names):
                return str(name)
    return None


def _text(name: str) -> str:
    return name if name.replace("_", "").replace("-", "").isalnum() else f'"{name}"'


def _unit(value: Any) -> str | None:
    if isinstance(value, Quantity):
        return value.unit
    quantity = parse_quantity(value) if isinstance(value, str) else None
    return None if quantity is None or find_unit(quantity.unit) is None else quantity.unit
