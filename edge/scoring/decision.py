"""Judgement: what is decided about one reading, before it is put into words."""

from __future__ import annotations

from typing import NamedTuple

from edge.readings.reading import Reading
from edge.scoring.row_scores import RowScores


class Context(NamedTuple):
    """How a reading follows on its station's past.

    Parameters
    ----------
    n
        The agent's count of this station's readings.
    late
        It is older than the newest one.
    warming_up
        Too little has been seen for a score to alarm.
    level, background
        Gas level and its background before this reading [ppb].
    """

    n: int
    late: bool = False
    warming_up: bool = False
    level: float | None = None
    background: float | None = None


class Decision(NamedTuple):
    """One reading, judged.

    Parameters
    ----------
    reading, past, finding
        What came, on what it follows, and what was measured.
    flags
        Of the scored columns [F]; ``None``: all are good.
    exceeds, by
        As in the verdict.
    suspect
        A channel is flagged, or a score is near its threshold.
    """

    reading: Reading
    past: Context
    finding: RowScores
    flags: list[int] | None
    exceeds: tuple[str, ...]
    by: str | None
    suspect: bool
