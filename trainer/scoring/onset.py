"""Calibrates the onset on held-out rows, and refuses it where held-out plumes do not differ from quiet air."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from edge.arrays import Floats, Indices, Mask
from edge.models.background import Background
from edge.models.pvalue import PValueTable
from edge.models.scores import least_levels, virtual_background
from edge.models.virtual_gas import VirtualGas
from edge.models.windows import Windows
from edge.scoring.decider import QUIET
from trainer.data.onsets import onsets, plume_starts
from trainer.data.record import Record
from trainer.data.splits import spans
from trainer.scoring.p_values import p_value_table

CLEAN = 1.25
"""Multiple of its own rolling background below which a row is not even in the tail of a plume."""
IN_TIME = 30
"""Rows after an onset within which an exceedance counts as finding it."""
REQUESTED = 0.001
"""Requested rate at which the onset has to stand the test: a gateway's default."""
LEAST_ONSETS = 5
"""Least number of held-out onsets to be found."""
LEAST_FOUND = 0.5
"""Least share of them that must be found."""
LEAST_QUIET = 1000
"""Least number of quiet rows: with fewer, one in a thousand has never been seen."""
MOST_TIMES = 5.0
"""Most times the requested rate that the clean rows of a left-out part may exceed."""
_OTHER = 0.01  # requested rate that is reported as well
_LEAST_JUDGED = 100  # rows of a part; fewer do not show a rate


@dataclass(frozen=True)
class OnsetCalibration:
    """The table of the onset, and how it stood the test.

    Each of a few contiguous parts of the record was left out in turn: the virtual gas was fitted on the others, its
    background ran through the part from its own past, and the part was judged by the table of the others.

    Parameters
    ----------
    table
        P-value table of the quiet rows of all parts; ``None`` if there are too few to make one.
    onsets
        Held-out onsets, at steep rises of the gas; where there are too few of them, at rises from below 1.5 to above
        3 times the background.
    found, found_at_1pct
        How many of them are found within 30 rows, at a requested .1 % and 1 %.
    quiet_rows
        Held-out rows without a plume.
    realised, realised_at_1pct
        Share of them that exceed; ``None`` without any.
    worst
        Largest share at .1 % of the clean rows of any part, as far as their climate is within that of the others (a
        gateway marks others as out of the domain).
    refused
        Why there is no onset score; ``None``: there is one.
    """

    table: PValueTable | None
    onsets: int = 0
    found: int = 0
    found_at_1pct: int = 0
    quiet_rows: int = 0
    realised: float | None = None
    realised_at_1pct: float | None = None
    worst: float | None = None
    refused: str | None = None

    @property
    def metrics(self) -> dict[str, Any]:
        """Everything but the table, for ``metrics.json``."""
        return {name: value for name, value in vars(self).items() if name != "table"}


def onset_sentences(measured: Mapping[str, Any] | None) -> Iterator[str]:
    """Yield how the onset of a scorer stood the test, from its metrics; nothing if it was refused or not measured."""
    if measured is not None and measured["refused"] is None:
        yield (
            f"onset: {measured['found']} of {measured['onsets']} onsets in parts that were left out are found at "
            f"{REQUESTED:g}, where {measured['realised']:.2%} of {measured['quiet_rows']:,} quiet rows exceed"
        )


def onset_refused(scorer: Mapping[str, Any]) -> bool:
    """Return whether the bundle has no onset, from a scorer's metrics; a fit on fewer rows may have had one."""
    return (scorer.get("onset") or {}).get("refused") is not None


def calibrate_onset(
    record: Record,
    rows: Indices,
    scaled: Floats,
    folds: Sequence[tuple[Indices, VirtualGas]],
    windows: Windows,
) -> OnsetCalibration:
    """Calibrate the onset out of fold, and judge each part by the table of the others.

    Parameters
    ----------
    record
        Rows of a station with a gas column.
    rows
        Row numbers to calibrate with, in order.
    scaled
        These rows, scaled for the scoring model, [N, F].
    folds
        The rows in contiguous parts, each with the virtual gas that was fitted on the others.
    windows
        How far back the background reaches.
    """
    gas = record.station.gas
    assert gas is not None
    rise = _rises(record, rows, scaled, folds, windows)
    scored = np.isfinite(rise) & record.intact[rows]
    quiet = without_plume(record, rows) & scored
    number = np.empty(len(rows), dtype=np.int64)
    for k, (part, _) in enumerate(folds):
        number[np.searchsorted(rows, part)] = k
    quiet_rows = int(quiet.sum())
    if quiet_rows < LEAST_QUIET:
        reason = (
            f"got {quiet_rows:,} rows with {gas} below {QUIET:g} x its background, expected at least "
            f"{LEAST_QUIET:,} to know what one in a thousand exceeds"
        )
        table = p_value_table(rise[quiet], disturbed=True) if quiet_rows > 1 else None
        return OnsetCalibration(table, quiet_rows=quiet_rows, refused=reason)
    table = p_value_table(rise[quiet], disturbed=True)
    score = np.full(len(rows), np.nan)
    for k in range(len(folds)):
        others, own = quiet & (number != k), number == k
        if others.sum() > 1:
            score[own] = p_value_table(rise[others], disturbed=True).score(rise[own])
    clean = quiet & _clean(record, rows, windows) & _familiar(record, rows, number)
    shares = [
        float(np.mean(score[judged] >= -math.log10(REQUESTED)))
        for judged in (clean & (number == k) for k in range(len(folds)))
        if judged.sum() >= _LEAST_JUDGED
    ]
    steps = _held_out_onsets(record, rows, scored)
    found, found_at_1pct = (_count_found(rows, score, steps, rate) for rate in (REQUESTED, _OTHER))
    realised, realised_at_1pct = (float(np.mean(score[quiet] >= -math.log10(rate))) for rate in (REQUESTED, _OTHER))
    worst = max(shares, default=None)
    refused = None
    if len(steps) < LEAST_ONSETS:
        times = "once" if len(steps) == 1 else f"{len(steps)} times"
        refused = (
            f"{gas} rises {times} in the record, expected at least {LEAST_ONSETS} onsets to see whether the sensors "
            "find them"
        )
    elif found < LEAST_FOUND * len(steps):
        refused = (
            f"{found} of {len(steps)} onsets in parts of the record that were left out are found from the sensors at "
            f"the requested {REQUESTED:g}, expected at least half"
        )
    elif worst is not None and worst > MOST_TIMES * REQUESTED:
        refused = (
            f"{100 * worst:.2g} % of the quiet rows in a part of the record that was left out exceed for the requested "
            f"{100 * REQUESTED:g} %, expected at most {100 * MOST_TIMES * REQUESTED:g} %"
        )
    return OnsetCalibration(
        table=table,
        onsets=len(steps),
        found=found,
        found_at_1pct=found_at_1pct,
        quiet_rows=quiet_rows,
        realised=realised,
        realised_at_1pct=realised_at_1pct,
        worst=worst,
        refused=refused,
    )


def without_plume(record: Record, rows: Indices) -> Mask:
    """Return whether each row is without a plume, [N]: gas below 1.5 x its background, or no gas column.

    Of a row whose level is not known, nobody knows.
    """
    if record.station.gas_index is None:
        return np.ones(len(rows), dtype=np.bool_)
    level = record.values[rows, record.station.gas_index]
    known = _known(record, rows)
    if not known.any():
        return known
    return np.asarray(known & (level < QUIET * np.quantile(level[known], 0.1)))


def _known(record: Record, rows: Indices) -> Mask:
    """Return which rows [N] have a gas level of their own."""
    gas = record.station.gas_index
    assert gas is not None
    return np.asarray(np.isfinite(record.values[rows, gas]) & ~record.held[rows, gas])


def _rises(
    record: Record,
    rows: Indices,
    scaled: Floats,
    folds: Sequence[tuple[Indices, VirtualGas]],
    windows: Windows,
) -> Floats:
    """Return the logarithm of the virtual level above its background, [N], each part by its own virtual gas."""
    rise = np.full(len(rows), np.nan)
    memories = [np.searchsorted(rows, span) for span in spans(record, rows)]
    for part, gas in folds:
        own = np.zeros(len(rows), dtype=np.bool_)
        own[np.searchsorted(rows, part)] = True
        for memory in memories:
            places = np.flatnonzero(own[memory])
            if not len(places):
                continue
            start = max(0, int(places[0]) - windows.background_reach)
            passed = memory[start : int(places[-1]) + 1]
            levels = gas.log_level(scaled[passed])
            above = levels - _backgrounds(levels, virtual_background(gas, windows), windows)
            rise[passed] = np.where(own[passed], above, rise[passed])
    return rise


def _backgrounds(log_levels: Floats, background: Background, windows: Windows) -> Floats:
    """Return the logarithm of the background before each level [N]."""
    least = least_levels(windows)
    found = np.full(len(log_levels), np.nan)
    for i, level in enumerate(log_levels.tolist()):
        if len(background) >= least:
            found[i] = background.log_value
        if not math.isnan(level):
            background.push_log(level)
    return found


def _clean(record: Record, rows: Indices, windows: Windows) -> Mask:
    """Return which rows [N] are not even in the tail of a plume, by the gas column's own rolling background."""
    level = np.where(_known(record, rows), record.values[rows, record.station.gas_index], np.nan)
    least = max(float(np.nanquantile(level, 0.1)), np.finfo(float).tiny) * math.exp(-4)
    clean = np.zeros(len(rows), dtype=np.bool_)
    for span in spans(record, rows):
        memory = np.searchsorted(rows, span)
        logs = np.log(np.maximum(level[memory], least))
        background = Background(windows.background, stride=windows.background_stride, least=least)
        clean[memory] = logs < _backgrounds(logs, background, windows) + math.log(CLEAN)
    return clean


def _familiar(record: Record, rows: Indices, number: Indices) -> Mask:
    """Return which rows [N] lie within the climate of the other parts."""
    climate = [i for i, feature in enumerate(record.station.features) if feature.role == "environment"]
    values, held = record.values[rows][:, climate], record.held[rows][:, climate]
    inside = np.ones(len(rows), dtype=np.bool_)
    for k in range(int(number.max()) + 1):
        own = number == k
        others = np.where(held[~own], np.nan, values[~own])
        if len(others):
            low, high = np.nanmin(others, axis=0), np.nanmax(others, axis=0)
            inside[own] = ((values[own] >= low) & (values[own] <= high)).all(axis=1)
    return inside


def _held_out_onsets(record: Record, rows: Indices, scored: Mask) -> list[int]:
    """Return the onsets at rows with a score; where steep ones are few, those by level."""
    column = record.station.gas_index
    assert column is not None
    level = record.values[:, column]
    known = np.isfinite(level)
    background = float(np.quantile(level[rows[_known(record, rows)]], 0.1))
    # A missing level is no rise.
    last = np.maximum.accumulate(np.where(known, np.arange(len(level)), 0))
    values = record.values.copy()
    values[:, column] = np.where(known[last], level[last], background)
    filled = replace(record, values=values)
    there = np.zeros(len(level), dtype=np.bool_)
    there[rows[scored]] = True
    found = [row for row in onsets(filled, background) if there[row]]
    if len(found) < LEAST_ONSETS:
        found = [row for row in plume_starts(filled, background) if there[row]]
    return found


def _count_found(rows: Indices, score: Floats, steps: Sequence[int], rate: float) -> int:
    exceeding = rows[score >= -math.log10(rate)]
    first = np.searchsorted(exceeding, steps)
    last = np.searchsorted(exceeding, np.asarray(steps, dtype=np.int64) + IN_TIME, side="right")
    return int((last > first).sum())
