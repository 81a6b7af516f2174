"""Counts the events that the consistency finds, and in how many the culprit is the right one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from trainer.evaluation.detection.faults import GAP, NO_COLUMN, Case, Faulted
from trainer.evaluation.detection.folds import Fold
from trainer.evaluation.detection.held_out import HeldOutScores, exceedances
from trainer.evaluation.detection.results import MODES, REQUESTED, Events, Spacing


def count_events(case: Case, spacing: Spacing, faulted: Faulted, scores: HeldOutScores, fold: Fold) -> Iterator[Events]:
    """Yield how many events exceed at each requested rate, and in how many the culprit is the right one.

    An event at the very start of a span (the rest of a plume, for a blind reference) is left out: nothing is known of
    the rows before it.
    """
    events = [
        (*np.searchsorted(fold.test, event).tolist(), channel)
        for event, channel in zip(faulted.events, faulted.channels, strict=True)
        if any(first + GAP <= event[0] < last for first, last in fold.spans)
    ]
    blamed = any(channel != NO_COLUMN for channel in faulted.channels)
    for mode, adapt in MODES.items() if events else ():
        for rate in REQUESTED:
            exceeds = exceedances(scores, "consistency", rate, adapt=adapt)
            found = [event for event in events if exceeds[event[0] : event[1]].any()]
            named = sum(_culprit(scores, start, end) == channel for start, end, channel in found)
            yield Events(
                case=case.name,
                spacing=spacing,
                mode=mode,
                requested=rate,
                total=len(events),
                found=len(found),
                named=named if blamed else None,
            )


def _culprit(scores: HeldOutScores, start: int, end: int) -> int:
    """Return the column that is named where the score is highest."""
    return int(scores.culprit[start + np.nan_to_num(scores.consistency[start:end], nan=-1.0).argmax()])
