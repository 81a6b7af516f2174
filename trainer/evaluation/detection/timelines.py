"""Puts one fault after the other into held-out blocks, and records what an operator sees of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np

from edge.arrays import Floats, Indices
from edge.models.scoring_model import ScoringModel
from trainer.data.record import Record, Span
from trainer.evaluation.detection.curves import Fault, ScoreTimeline
from trainer.evaluation.detection.faults import GAP, NO_COLUMN, Case, Faulted
from trainer.evaluation.detection.folds import Fold
from trainer.evaluation.detection.held_out import replay_alarms, score_held_out

Inject = Callable[[Case, Floats, Sequence[Span]], Faulted]
"""(case, readings [N, F], spans) -> the readings with the case in these spans."""

MOST = 4
"""Most blocks."""
BINS = 480
"""Most bins of a block, about."""
_FULL = 0.6  # share of a block that may be faulty: a rolling median needs undisturbed rows


def timelines(
    record: Record, fold: Fold, model: ScoringModel, cases: Sequence[Case], inject: Inject, *, rate: float
) -> tuple[ScoreTimeline, ...]:
    """Put cases into the first few held-out blocks and score them as a gateway does, its thresholds adapting.

    Parameters
    ----------
    record
        The record of one station.
    fold
        Which of its rows are held out.
    model
        A model with its tables.
    cases
        Cases to put in, in order, each at most once and only if it fits; cases without a fixed length are skipped.
    inject
        Puts a case into rows.
    rate
        Rate that the gateway requests.
    """
    values, faults = record.values, dict[Span, list[tuple[Case, Span, int]]]()
    for block, several in _dealt([case for case in cases if case.rows], fold.spans[:MOST]):
        for case, place in _spaced(several, block):
            faulted = inject(case, values, [place])
            values = faulted.values
            put = zip(faulted.events, faulted.channels, strict=True)
            faults.setdefault(block, []).extend((case, event, channel) for event, channel in put)
    faulty = score_held_out(model, values, record.station, fold)
    replay = replay_alarms(faulty, fold, rate, model.windows.warm_up)
    exceeds = faulty.consistency >= replay.thresholds
    thresholds = np.where(np.isfinite(replay.thresholds), replay.thresholds, np.nan)
    scores = {"consistency": faulty.consistency, "reconstruction": faulty.reconstruction}
    gas = record.station.gas_index
    found = []
    for start, end in faults:
        at = int(np.searchsorted(fold.test, start))
        edges = _edges(end - start)
        within = slice(at, at + end - start)
        found.append(
            ScoreTimeline(
                start=start,
                end=end,
                row=start + edges[:-1].astype(np.float64),
                scores={name: np.fmax.reduceat(score[within], edges[:-1]) for name, score in scores.items()},
                thresholds={"consistency": thresholds[within][edges[:-1]]},
                gas=None if gas is None else _means(record.values[start:end, gas], edges),
                faults=tuple(
                    Fault(
                        family=case.family,
                        case=case.name,
                        start=first,
                        end=last,
                        channel=None if channel == NO_COLUMN else record.station.keys[channel],
                        found=bool(exceeds[at + first - start : at + last - start].any()),
                    )
                    for case, (first, last), channel in faults[start, end]
                ),
                alarms=tuple(alarm for alarm in replay.alarms if start <= alarm[0] < end),
            )
        )
    return tuple(found)


def _dealt(cases: Sequence[Case], blocks: Sequence[Span]) -> Iterator[tuple[Span, list[Case]]]:
    """Fill one block after the other with the cases that fit."""
    left = list(cases)
    for start, end in blocks:
        room, several = _FULL * (end - start), []
        for case in left:
            if case.rows + GAP <= room:
                room -= case.rows + GAP
                several.append(case)
        left = [case for case in left if case not in several]
        if several:
            yield (start, end), several


def _spaced(cases: Sequence[Case], block: Span) -> Iterator[tuple[Case, Span]]:
    """Yield each case and its span in the block; the clean rows are shared out evenly between the cases."""
    start, end = block
    clean = (end - start - sum(case.rows + GAP for case in cases)) // (len(cases) + 1)
    row = start
    for case in cases:
        row += clean
        yield case, (row, row + GAP + case.rows)
        row += GAP + case.rows


def _edges(rows: int) -> Indices:
    width = -(-rows // BINS)
    return np.append(np.arange(0, rows, width), rows)


def _means(values: Floats, edges: Indices) -> Floats:
    return np.array([values[first:last].mean() for first, last in pairwise(edges.tolist())])
