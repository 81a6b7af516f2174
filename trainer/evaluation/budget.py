"""Replays the thresholds of a gateway over scores, and counts what exceeds."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from edge.arrays import Floats, Indices, Mask
from edge.scoring.adaptation import Adaptation
from trainer.data.record import Span

WINDOW = 2000
"""Readings in which the budget has to hold, one stretch after the other; the first such stretch is for learning."""


class ThresholdReplay(NamedTuple):
    """Thresholds over N readings of a station.

    Parameters
    ----------
    exceeds
        Whether each exceeds, [N].
    shift
        How far the threshold had moved when it was applied [decades], [N].
    alarms
        ``(start, end)`` readings during which an alarm stood.
    normal
        Readings with which an alarm was taken as normal.
    """

    exceeds: Mask
    shift: Floats
    alarms: tuple[Span, ...]
    normal: tuple[int, ...]


def replay_thresholds(
    scores: ArrayLike,
    rate: float,
    *,
    broken: ArrayLike | None = None,
    teaches: ArrayLike | None = None,
    adapt: bool = True,
) -> ThresholdReplay:
    """Let thresholds follow the scores of one station as a gateway with default alarm rules does.

    Parameters
    ----------
    scores
        -log10 p of the readings, in order, [N]; nan where a reading has no score or the station warms up.
    rate
        Requested share of readings that exceed, in (0, 1].
    broken
        Whether a reading broke a rule, [N]; ``None``: none did.
    teaches
        Whether the threshold may learn from a reading, [N]; ``None``: from all.
    adapt
        ``False``: the threshold is fixed, and there are no alarms.
    """
    found = np.round(np.asarray(scores, dtype=np.float64), 4)
    rows = np.flatnonzero(~np.isnan(found)).tolist()
    rules = np.zeros(len(found), dtype=bool) if broken is None else np.asarray(broken, dtype=bool)
    may = np.ones(len(found), dtype=bool) if teaches is None else np.asarray(teaches, dtype=bool)
    adaptation = Adaptation(rate, adapt=adapt)
    exceeds, shift = np.zeros(len(found), dtype=bool), np.full(len(found), np.nan)
    alarms: list[Span] = []
    normal: list[int] = []
    opened: int | None = None
    for row, score, rule, teach in zip(
        rows, found[rows].tolist(), rules[rows].tolist(), may[rows].tolist(), strict=True
    ):
        exceeds[row] = adaptation.decide(_KIND, score, broken=rule, teaches=teach)
        shift[row] = adaptation.shift(_KIND)
        if adaptation.ended().get(_KIND):
            normal.append(row)
        adaptation.settle()
        if adaptation.stands and opened is None:
            opened = row
        elif opened is not None and not adaptation.stands:
            alarms.append((opened, row))
            opened = None
    if opened is not None:
        alarms.append((opened, len(found)))
    return ThresholdReplay(exceeds, shift, tuple(alarms), tuple(normal))


def window_counts(exceeds: Mask, window: int = WINDOW) -> Indices:
    """Return the number of exceedances in every stretch of so many readings in a row, [N - window + 1] or [0]."""
    total = np.append(0, np.cumsum(exceeds))
    return np.asarray(total[window:] - total[:-window]) if len(exceeds) >= window else np.zeros(0, dtype=np.intp)


_KIND = "consistency"
