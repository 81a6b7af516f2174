"""Finds where plumes of gas begin in a record."""

from __future__ import annotations

import numpy as np

from trainer.data.record import Record

RISE = 0.75
"""Rise of the gas within ``WITHIN`` rows that makes an onset, in backgrounds (1500 ppb of methane)."""
WITHIN = 5
APART = 100
"""Least rows between two onsets, because a plume flickers."""


def onsets(record: Record, background: float) -> tuple[int, ...]:
    """Find the rows at which the gas has risen steeply; no rise is measured across the border of a segment.

    Parameters
    ----------
    record
        Record of a station with a gas column.
    background
        Gas reading in clean air, in its unit.
    """
    found: list[int] = []
    gas = record.values[:, record.station.gas_index]
    for start, end in record.segments:
        before = np.lib.stride_tricks.sliding_window_view(np.pad(gas[start:end], (WITHIN, 0), mode="edge"), WITHIN + 1)
        rise = gas[start:end] - before.min(axis=1)
        for row in (np.flatnonzero(rise > RISE * background) + start).tolist():
            if not found or row - found[-1] >= APART:
                found.append(row)
    return tuple(found)
