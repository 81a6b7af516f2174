"""A number of a message together with the unit that the message gives for it."""

from __future__ import annotations

import re

_WITH_UNIT = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([^\d\s.,+-][^\s,;]{0,15})\s*", re.ASCII)


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

    Examples
    --------
    >>> parse_quantity("29.4 °C"), parse_quantity("21.5"), parse_quantity("2 of 3")
    (29.4 °C, None, None)
    """
    found = _WITH_UNIT.fullmatch(text)
    return None if found is None else Quantity(float(found[1]), found[2])


class RelativeTime(float):
    """A time in seconds from now, as SenML gives it; those before now are negative."""

    __slots__ = ()
