"""How many undisturbed readings exceed, by their age."""

from __future__ import annotations

from typing import Any

import numpy as np

from config.settings.alarms import AlarmRule
from edge.arrays import Mask
from trainer.evaluation.budget import WINDOW, window_counts

LONG = 20_000
"""Undisturbed readings in which a request of one in a thousand has to hold."""
M, N, HOLD, CLEAR = AlarmRule().m, AlarmRule().n, AlarmRule().hold, AlarmRule().clear_after


def budget(exceeds: Mask, rate: float) -> dict[str, Any]:
    """Return the shares of exceeding readings as multiples of the request.

    Parameters
    ----------
    exceeds
        Whether each undisturbed reading with a score exceeds [N], the oldest first.
    rate
        Requested share.
    """
    count = len(exceeds)
    later, every, long = window_counts(exceeds[WINDOW:]), window_counts(exceeds), window_counts(exceeds, LONG)
    return {
        "readings": count,
        "overall": float(exceeds.mean() / rate) if count else None,
        "first": float(exceeds[:WINDOW].mean() / rate) if count else None,
        "worst": float(later.max() / WINDOW / rate) if len(later) else None,
        "least": float(later.min() / WINDOW / rate) if len(later) else None,
        "worst count": int(every.max()) if len(every) else None,
        "worst of 20,000": float(long.max() / LONG / rate) if len(long) else None,
        "openings per 1,000": 1000 * openings(exceeds) / count if count else None,
    }


def openings(exceeds: Mask) -> int:
    """Count the alarms that open when m of the last n readings exceed and close after a hold, on default settings."""
    return sum(1 for _ in _alarms(exceeds))


def opens_at(exceeds: Mask) -> Mask:
    """Return whether m of the last n readings exceed at each reading [N]."""
    total = np.concatenate([np.zeros(N, dtype=int), np.cumsum(exceeds)])
    return np.asarray(total[N:] - total[:-N] >= M)


def _alarms(exceeds: Mask) -> Any:
    opens = opens_at(exceeds)
    start, quiet = None, 0
    for row, (one, above) in enumerate(zip(opens.tolist(), exceeds.tolist(), strict=True)):
        if start is None:
            if one:
                start, quiet = row, 0
                yield row
        else:
            quiet = 0 if above else quiet + 1
            if row - start >= HOLD and quiet >= CLEAR:
                start = None
