"""Finds the regimes of a record: spans in which the climate stays on one plateau."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from config.settings.training import Training
from edge.arrays import Floats
from trainer.data.record import Record, Span

SHORTEST = 250
"""Least rows of a regime; in a long record, a thirtieth of its rows."""
WINDOW = 51
"""Rows of the running median: more than a thermostat's cycle (25 to 40), far more than an opened door (10)."""
EVERY = 10
"""Rows between two candidate borders; more in a long record, so that there are at most ``PLACES`` candidates."""
PLACES = 1500
PENALTY = 0.002
"""Share of the record's variance that a border has to explain; low: borders without a step are removed later."""
PLATEAU = 8.0
"""Least distance of two plateaus, in spreads. A straight ramp cut in two reaches at most 2.7, whatever its slope, and
simulated weather rarely 5; the smallest step of the reference record's chamber, 4 K, reaches 20."""
SPREAD = 0.03
"""Least spread of a plateau, in standard deviations of the record, since a coarse converter may show no spread."""
LEAST_CHUNKS, MOST_CHUNKS = 3, 8


def regimes(record: Record) -> tuple[Span, ...]:
    """Cut a record where its climate steps from one plateau to another.

    The environment columns (all columns, if there are none) are smoothed by a running median and scaled to unit
    variance. The piecewise-constant mean with the least squared error, a penalty for each border and a least length is
    found exactly by optimal partitioning (Jackson et al., 2005, doi:10.1109/LSP.2001.838216). A ramp or the weather is
    approximated by stairs, whose borders are no steps: the weakest border is removed until at every remaining border
    the medians of at least one column lie ``PLATEAU`` spreads apart (spread: 1.4826 x median absolute deviation from
    both medians).

    Parameters
    ----------
    record
        The record; its segments and files do not matter, because a gap within a plateau is no border.

    Returns
    -------
    tuple
        ``(start, end)`` of each regime, in order; together they cover all rows.
    """
    rows = len(record.values)
    every = max(EVERY, rows // PLACES)
    x = _smooth(record, every)
    # One candidate more, because the last piece may end right after its last candidate.
    borders = _partition(x, -(-shortest(rows) // every) + 1)
    while borders:
        edges = [0, *borders, len(x)]
        steps = [_step(x[a:b], x[b:c]) for (a, b), (_, c) in pairwise(pairwise(edges))]
        weakest = int(np.argmin(steps))
        if steps[weakest] >= PLATEAU:
            break
        del borders[weakest]
    return tuple(pairwise([0, *(border * every for border in borders), rows]))


def chunk_count(record: Record, settings: Training) -> int:
    """Return how many chunks calibrate the scores: as set, or about one per regime of the climate, between 3 and 8.

    With many more chunks than regimes, every left-out row has similar rows among those fitted on, and the p-values are
    too small; with fewer, every left-out row comes from an unseen climate.

    Parameters
    ----------
    record
        The record; if it has several files, the one with the most regimes counts, because boards in one chamber share
        their regimes.
    settings
        Read for its ``chunks``.
    """
    if settings.chunks != "auto":
        return settings.chunks
    most = max(
        len(regimes(Record.from_values(record.values[start:end], record.station))) for start, end in record.parts
    )
    return min(max(most, LEAST_CHUNKS), MOST_CHUNKS)


def shortest(rows: int) -> int:
    """Return the least rows of a regime in a record of ``rows`` rows."""
    return max(SHORTEST, rows // 30)


def _smooth(record: Record, every: int) -> Floats:
    """Return running medians at every ``every``-th row [M, C], scaled to mean 0 and variance 1."""
    climate = [i for i, feature in enumerate(record.station.features) if feature.role == "environment"]
    half = WINDOW // 2
    padded = np.pad(record.values[:, climate or slice(None)], ((half, half), (0, 0)), mode="edge")
    x = np.median(np.lib.stride_tricks.sliding_window_view(padded, WINDOW, axis=0)[::every], axis=-1)
    scale = x.std(axis=0)
    return np.asarray((x - x.mean(axis=0)) / np.where(scale > 0, scale, 1.0))


def _partition(x: Floats, least: int) -> list[int]:
    """Find the borders of the best piecewise-constant mean of ``x`` [M, C] with pieces of at least ``least`` rows."""
    count = len(x)
    sums = np.vstack([np.zeros(x.shape[1]), x.cumsum(axis=0)])
    squares = np.concatenate([[0.0], (x * x).sum(axis=1).cumsum()])
    penalty = PENALTY * squares[-1]
    best = np.full(count + 1, np.inf)  # least cost of the first i rows
    best[0] = 0.0
    last = np.zeros(count + 1, dtype=np.int64)  # where the last piece of that solution starts
    for end in range(least, count + 1):
        start = np.arange(end - least + 1)
        within = squares[end] - squares[start] - ((sums[end] - sums[start]) ** 2).sum(axis=1) / (end - start)
        costs = best[start] + within + penalty
        last[end] = np.argmin(costs)
        best[end] = costs[last[end]]
    borders = []
    border = int(last[count])
    while border > 0:
        borders.append(border)
        border = int(last[border])
    return borders[::-1]


def _step(before: Floats, after: Floats) -> float:
    """Return the distance of the medians of two pieces, in spreads, in the column where it is largest."""
    low, high = np.median(before, axis=0), np.median(after, axis=0)
    spread = 1.4826 * np.median(np.abs(np.vstack([before - low, after - high])), axis=0)
    return float(np.max(np.abs(high - low) / np.maximum(spread, SPREAD)))
