"""A number of a message together with the unit that the message gives for it."""

from __future__ import annotations


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


class RelativeTime(float):
    """A time in seconds from now, as SenML gives it; those before now are negative."""

    __slots__ = ()
