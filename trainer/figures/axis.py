"""The axis that a column is drawn on."""

from __future__ import annotations

import msgspec

from config.settings.station import Scale
from edge.arrays import Floats
from trainer.figures.units import quantity


class Axis(msgspec.Struct, frozen=True, kw_only=True):
    """The axis of one column, or of one dimension of a code.

    Parameters
    ----------
    key, unit
        Key and UCUM unit of a column; a dimension of a code is ``z1``, ... and has the unit ``1``.
    scale
        Scale on which the column is drawn best.
    points
        Where densities are given, [256], in the unit; evenly spaced on the scale.
    edges
        Edges of the cells of joint distributions, [41], in the unit; evenly spaced on the scale.
    """

    key: str
    unit: str
    scale: Scale
    points: Floats
    edges: Floats

    @property
    def label(self) -> str:
        """Key with the unit in brackets."""
        return quantity(self.key, self.unit)
