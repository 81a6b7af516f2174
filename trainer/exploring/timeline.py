"""Timeline: each column along the record, as least and largest value per pixel; no row is left in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge.arrays import Floats, Indices
from trainer.exploring.raw_record import RawRecord

PIXELS = 600
_LEAST = 5  # rows in a pixel: of fewer, they could be read off


@dataclass(frozen=True)
class Timeline:
    """Least and largest values.

    Parameters
    ----------
    edges
        Rows [B + 1] between the pixels.
    low, high
        In the units [B, F]; nan: nothing is there.
    """

    edges: Indices
    low: Floats
    high: Floats


def timeline(sheet: RawRecord) -> Timeline:
    """Bin all rows into at most 600 pixels of equal length, of five rows or more."""
    pixels = min(PIXELS, sheet.rows // _LEAST)
    edges = np.arange(pixels + 1) * sheet.rows // pixels
    return Timeline(
        edges=edges,
        low=np.fmin.reduceat(sheet.values, edges[:-1], axis=0),
        high=np.fmax.reduceat(sheet.values, edges[:-1], axis=0),
    )
