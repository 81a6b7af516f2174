"""A number of a message together with the unit that the message gives for it."""

from __future__ import annotations

import math
import re

from edge.readings.decoding.dialect import parse_number
from edge.readings.decoding.unit_table import find_unit

_UNIT = r"([^\d\s.,+;:|=&<>{}-][^\s,;:|=&<>{}]{0,15})"
_WITH_UNIT = re.compile(rf"\s*([+\u2212-]?(?:\d[\d.,]*|[.,]\d+)(?:[eE][+-]?\d+)?)\s*{_UNIT}\s*", re.ASCII)
_MISSING = re.compile(rf"\s*(?:([+-]?(?:nan|inf))\s*|(\S+)\s+){_UNIT}\s*", re.ASCII | re.IGNORECASE)


class Quantity(float):
    """A number that came with its unit.

    Parameters
    ----------
    value
        The number.
    unit
        Its unit as the message writes it; a SenML unit such as ``Cel`` or ``%RH``.
    """

    __slots__ = ("unit",)

    unit: str

    def __new__(cls, value: float, unit: str) -> Quantity:
        """Make one."""
        made = super().__new__(cls, value)
        made.unit = unit
        return made

    def __str__(self) -> str:
        return f"{float(self):g} {self.unit}"

    __repr__ = __str__


def parse_quantity(text: str) -> Quantity | None:
    """Read a text that is a number with a unit behind it, as openHAB sends; ``None`` for any other.

    The number follows :func:`~edge.readings.decoding.dialect.parse_number`. A word for a missing value with a unit
    behind it is a missing value.

    Examples
    --------
    >>> parse_quantity("29.4 °C"), parse_quantity("29,4 °C"), parse_quantity("21.5"), parse_quantity("2 of 3")
    (29.4 °C, 29.4 °C, None, None)
    >>> parse_quantity("nan °C"), parse_quantity("2,050 ppb")
    (nan °C, None)
    """
    found = _WITH_UNIT.fullmatch(text)
    if found is not None:
        number = parse_number(found[1])
        return None if number is None else Quantity(number, found[2])
    found = _MISSING.fullmatch(text)
    if found is None or find_unit(found[3]) is None or not math.isnan(parse_number(found[1] or found[2]) or 0.0):
        return None
    return Quantity(math.nan, found[3])


class RelativeTime(float):
    """A time in seconds from now, as SenML gives it; those before now are negative."""

    __slots__ = ()
