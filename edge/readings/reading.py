"""Defines a reading: what one station measured at one time."""

from __future__ import annotations

import msgspec


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """One reading of one station.

    Parameters
    ----------
    station
        Name of the station.
    values
        One number per column, in the station's order and units; nan where it is null, absent or a sentinel.
    ts
        Time of the measurement according to the station, Unix time [s], or ``None``.
    seq
        The station's own counter, or ``None``.
    received
        Time at which the gateway received it, Unix time [s].
    """

    station: str
    values: tuple[float, ...]
    ts: float | None = None
    seq: int | None = None
    received: float
