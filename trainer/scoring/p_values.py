"""Makes p-value tables: how unusual a raw score is among the scores of undisturbed rows."""

from __future__ import annotations

import numpy as np

from edge.arrays import Floats
from edge.models.pvalue import SCORE_CAP, PValueTable
from trainer.errors import TrainingError

BODY = 0.98
"""Quantile up to which a table is the empirical distribution; above it the table is a fitted tail."""
DISTURBED_BODY = 0.95
"""The same if a few rows may be disturbed: of the rows above, fewer than half must be."""
BODY_KNOTS = 100
TAIL_KNOTS = 60


def _tail(excess: Floats) -> tuple[float, float]:
    """Fit shape and scale of a generalised Pareto distribution by probability-weighted moments, shape within [0, .5].

    Source: Hosking and Wallis, Technometrics 29 (1987) 339-349; the scale follows from the mean once the shape is
    clipped.
    """
    ordered = np.sort(excess)
    count = len(ordered)
    first = ordered.mean()
    second = np.mean(ordered * (count - 1 - np.arange(count)) / max(count - 1, 1))
    shape = 2 - first / (first - 2 * second) if first > 2 * second else 0.5
    shape = float(np.clip(shape, 0.0, 0.5))
    return shape, float(first * (1 - shape))


def _steady_tail(excess: Floats) -> tuple[float, float]:
    """Return shape 0, and the scale at which an exponential distribution has the excesses' median."""
    median = float(np.median(excess))
    return 0.0, (median if median > 0 else float(excess.mean())) / np.log(2)


def p_value_table(raw: Floats, *, disturbed: bool = False) -> PValueTable:
    """Make the table that turns raw scores into -log10 of their p-values.

    Parameters
    ----------
    raw
        Scores [N] of undisturbed rows that nothing was fitted on; rows without a score are nan and left out.
    disturbed
        Whether a few rows may be disturbed after all (an opened door). A Pareto tail would follow them; the tail is
        then exponential from the 95 % point on, with its scale from the median of the excesses, which a few rows do not
        move: a climate that steps, with the gas at its background, took 1.6 % of a chamber's rows.

    Returns
    -------
    PValueTable
        The empirical distribution up to the 98 % point, or 95 % (lower where that leaves fewer than 20 rows above), a
        generalised Pareto tail above; at most 161 knots, in single precision.

    Raises
    ------
    TrainingError
        Fewer than two scores.
    """
    ordered = np.sort(raw[np.isfinite(raw)])
    count = len(ordered)
    if count < 2:
        raise TrainingError(
            f"got {count} rows with a score, expected at least 2 for a p-value table; "
            "fix: a longer record, or one with fewer gaps"
        )
    body = DISTURBED_BODY if disturbed else BODY
    above = min(max(int(np.ceil((1 - body) * count)), 20), count // 2)
    cut = count - above
    # p = (rows at least as large + 1) / (N + 1), the conformal p-value, so that it is never 0.
    rank = np.unique(np.linspace(0, cut, BODY_KNOTS).astype(int))
    knots, score = ordered[rank], -np.log10((count - rank + 1) / (count + 1)) + 0.0  # no -0
    threshold, share = ordered[cut], (above + 1) / (count + 1)
    excess = ordered[cut:] - threshold
    if excess.max() > 0:
        shape, scale = _steady_tail(excess) if disturbed else _tail(excess)
        tail_score = np.linspace(-np.log10(share), SCORE_CAP, TAIL_KNOTS + 1)[1:]
        survival = 10.0**-tail_score / share
        beyond = -scale * np.log(survival) if shape < 1e-9 else scale / shape * (survival**-shape - 1)
        knots, score = np.append(knots, threshold + beyond), np.append(score, tail_score)
    else:  # the highest scores are all equal, and nothing above them was ever seen
        knots = np.append(knots, np.nextafter(np.float32(threshold), np.float32(np.inf)))
        score = np.append(score, np.log10(count + 1))
    knots, score = knots.astype(np.float32), score.astype(np.float32)
    # Of equal scores, the first has the p-value of all.
    rising = np.append(True, np.diff(np.maximum.accumulate(knots)) > 0)
    return PValueTable(knots[rising], score[rising])
