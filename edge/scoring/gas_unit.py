"""Rounds levels of a gas column to sensible digits of its unit, and converts them to ppb where that is possible."""

from __future__ import annotations

import math

from config.gas_units import PPB_PER_UNIT
from edge.bundles.bundle import Bundle

_DIGITS = 4  # of the background or the enhancement, whichever is larger, behind the first: a tenth of a ppb at 2,000
_MOST_DECIMALS = 12


class GasUnit:
    """The unit of a gas column.

    Parameters
    ----------
    code
        UCUM code of the unit.
    size
        A usual level [unit], above 0, such as the background.

    Attributes
    ----------
    code
        As given.
    ppb
        Value of one unit [ppb]; ``None``: it cannot be converted.
    scale
        Levels are whole multiples of 1 / ``scale`` [unit]: of a ten-thousandth of the power of ten below ``size``, and
        of 1 at most.
    in_tenths_of_ppb
        Whether levels are in ppb and rounded to tenths, as :meth:`to_ppb` gives them.

    Examples
    --------
    >>> GasUnit("[ppb]", 2000.0).round(2104.5678), GasUnit("mg/m3", 0.6).round(2.6123456)
    (2104.6, 2.61235)
    """

    __slots__ = ("code", "in_tenths_of_ppb", "ppb", "scale")

    def __init__(self, code: str, size: float) -> None:
        self.code = code
        self.ppb = PPB_PER_UNIT.get(code)
        self.scale = 10.0 ** min(max(_DIGITS - math.floor(math.log10(size)), 0), _MOST_DECIMALS)
        self.in_tenths_of_ppb = self.ppb == 1.0 and self.scale == 10.0

    @classmethod
    def from_bundle(cls, bundle: Bundle) -> GasUnit | None:
        """Return the unit of a bundle's gas column; ``None`` without one."""
        gas = bundle.station.gas_index
        if gas is None:
            return None
        return cls(bundle.station.units[gas], max(bundle.background, bundle.enhancement))

    @property
    def text(self) -> str:
        """The code as people write it."""
        return self.code.strip("[]")

    def round(self, level: float) -> float | None:
        """Round a level [unit]; ``None`` for nan."""
        return None if level != level else round(level * self.scale) / self.scale  # noqa: PLR0124  # test for nan

    def to_ppb(self, level: float | None) -> float | None:
        """Convert a level [unit] to ppb, rounded to tenths; ``None`` for ``None`` and nan, and without a conversion."""
        if level is None or self.ppb is None or level != level:  # noqa: PLR0124  # the fast test for nan
            return None
        return round(level * self.ppb * 10) / 10
