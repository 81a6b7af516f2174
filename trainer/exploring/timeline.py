"""Least and largest values of each column along the record, pixel by pixel; no row can be read off."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge.arrays import Floats, Indices
from trainer.exploring.raw_record import RawRecord

PIXELS = 600
"""Most pixels."""
_LEAST = 5  # rows in a pixel; fewer could be read off


@dataclass(frozen=True)
class Timeline:
    """Least and largest values along a record.

    Parameters
    ----------
    edges
        Rows [B + 1] between the pixels.
    low, high
        Least and largest value in each pixel, in the units [B, F]; nan: there is no reading.
    """

    edges: Indices
    low: Floats
    high: Floats


def timeline(record: RawRecord) -> Timeline:
    """Bin all rows into at most 600 pixels of equal length, each of at least five rows."""
    pixels = min(PIXELS, record.rows // _LEAST)
    edges = np.arange(pixels + 1) * record.rows // pixels
    return Timeline(
        edges=edges,
        low=np.fmin.reduceat(record.values, edges[:-1], axis=0),
        high=np.fmax.reduceat(record.values, edges[:-1], axis=0),
    )
