"""Defines where a reading stands in the order of its station's readings, and how the journal writes that down."""

from __future__ import annotations

from typing import Literal, NamedTuple

from edge.readings.station_clock.clock_note import ClockNote

NEXT, BESIDE, GAP, LONG_GAP = 0, 1, 2, 3
"""Journal code of a reading: how it follows the one before it, or that it is scored beside the order."""

HISTORICAL = 4
"""Added to the journal code of a reading that was old when it came."""

STAMP_NOT_USED = 8
"""Added to the journal code of a reading without a stamp, or with one that is not trusted."""

PLACED = 16
"""Added to every journal code; the codes of version 0.2 lack it: 0, or 1 for a reading that was not scored."""

OBSERVED = 32
"""Added to the journal code of a reading that the guard of units has observed; the codes of version 0.2 lack it."""

VERDICT = 64
"""The number of the verdict's state times this is added to the journal code; the codes of version 0.3 lack it."""

TimeSource = Literal["station", "corrected", "received"]


class Placement(NamedTuple):
    """Where a reading stands among those of its station.

    Parameters
    ----------
    in_order
        Whether it follows on from the readings before it; otherwise it is scored beside the order and changes no state.
    elapsed
        Time since the reading before it in order [s]; 0 while that is unknown.
    cut
        Whether it begins a new segment however little time has elapsed, because the clock or the order has changed.
    historical
        Whether it is old news: stored, and sent later.
    ts
        Best time of measurement, as it is published, Unix time [s].
    ts_from
        Where that comes from: the station's stamp, the stamp corrected by the clock's bias, or the arrival.
    note
        What has to be said about the station's clock now; nearly always ``None``.
    """

    in_order: bool
    elapsed: float
    cut: bool
    historical: bool
    ts: float
    ts_from: TimeSource
    note: ClockNote | None

    @property
    def code(self) -> int:
        """Its journal code, apart from gaps: ``NEXT`` or ``BESIDE``, with what is added to them."""
        code = NEXT if self.in_order else BESIDE
        if self.historical:
            code += HISTORICAL
        return code + STAMP_NOT_USED if self.ts_from == "received" else code
