"""Replays the thresholds of a gateway over scores, and measures how well they keep the requested rate."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from edge.arrays import Floats, Mask
from edge.scoring.adaptation import Adaptation
from trainer.data.record import Span

WINDOW = 2000
"""Readings in which the budget has to hold, one stretch after the other; the first such stretch is for learning."""
LONG_WINDOW = 20_000
"""Readings in which a rate of one in a thousand has to hold."""


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


class SpentBudget(NamedTuple):
    """How much of a requested rate undisturbed readings have spent; nan where the record is too short.

    Parameters
    ----------
    requested
        The requested share of readings that exceed.
    readings
        Number of readings, N.
    realised
        The share of all of them that exceeds.
    first
        The share in the first 2,000.
    worst, least
        The largest and the smallest share in any 2,000 in a row of the later ones.
    worst_long, least_long
        The same of any 20,000 in a row.
    most
        Most exceedances in any 2,000 in a row, the first ones included.
    openings
        Alarms that open in 1,000 readings.
    """

    requested: float
    readings: int
    realised: float
    first: float
    worst: float
    least: float
    worst_long: float
    least_long: float
    most: int
    openings: float


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


def spent_budget(replay: ThresholdReplay, rate: float) -> SpentBudget:
    """Measure how much of a requested rate the readings with a score have spent."""
    scored = ~np.isnan(replay.shift)
    exceeds = replay.exceeds[scored]
    count = len(exceeds)
    later, every = _shares(exceeds[WINDOW:], WINDOW), _shares(exceeds, WINDOW)
    longer = _shares(exceeds, LONG_WINDOW)
    return SpentBudget(
        requested=rate,
        readings=count,
        realised=float(exceeds.mean()) if count else np.nan,
        first=float(exceeds[:WINDOW].mean()) if count >= WINDOW else np.nan,
        worst=float(later.max()) if len(later) else np.nan,
        least=float(later.min()) if len(later) else np.nan,
        worst_long=float(longer.max()) if len(longer) else np.nan,
        least_long=float(longer.min()) if len(longer) else np.nan,
        most=round(float(every.max()) * WINDOW) if len(every) else int(exceeds.sum()),
        openings=1000 * len(replay.alarms) / count if count else np.nan,
    )


def _shares(exceeds: Mask, window: int) -> Floats:
    """Return the share of exceedances in every stretch of readings in a row, [N - window + 1]."""
    if len(exceeds) < window:
        return np.zeros(0)
    sums = np.concatenate([[0], np.cumsum(exceeds)])
    return np.asarray((sums[window:] - sums[:-window]) / window, dtype=np.float64)


_KIND = "consistency"
