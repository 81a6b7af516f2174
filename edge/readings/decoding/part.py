"""Defines a part of a reading: what one of several messages contains of it."""

from __future__ import annotations

from typing import NamedTuple


class Part(NamedTuple):
    """What one document contains of a reading whose columns come in several messages.

    Parameters
    ----------
    values
        One number per column, in the station's order and units [F]; nan where it did not come or is missing.
    came
        Indices of the columns that came, those among them that are missing (null, a sentinel) included.
    ts
        Time of the measurement according to the station, Unix time [s], or ``None``.
    seq
        The station's own counter, or ``None``.
    """

    values: tuple[float, ...]
    came: tuple[int, ...]
    ts: float | None = None
    seq: int | None = None
