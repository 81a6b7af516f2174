"""Measures what a bundle does on the newest part of a record: false alarms, injected faults, labelled stretches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from msgspec import structs

from edge.models.scoring_model import ScoringModel
from edge.readings.csv.table import CsvTable
from trainer.data.record import Record
from trainer.evaluation.ageing.exceedances import exceedances_of
from trainer.evaluation.ageing.tolerance import most_allowed
from trainer.evaluation.detection.evaluate import DEFAULT, chosen_cases, inject_case
from trainer.evaluation.detection.held_out import score_held_out
from trainer.evaluation.detection.labelled_cases import find_cases
from trainer.evaluation.detection.roc import auroc
from trainer.evaluation.retraining.newest_part import NewestPart
from trainer.evaluation.retraining.results import BudgetCount, BundleResult, FaultsFound
from trainer.scoring.false_alarm_rates import REQUESTED

_INJECTED = 6_000  # newest rows into which faults are put: more take long and give the same figures


def measure_bundle(
    name: str, model: ScoringModel, part: NewestPart, labelled: Sequence[tuple[CsvTable, Record]] = ()
) -> BundleResult:
    """Measure one bundle.

    Parameters
    ----------
    name
        What it is called.
    model
        Its scoring model, the one with or without the gas column that the rows are for.
    part
        The rows, none of which it was fitted on.
    labelled
        Collected files with labels, and a record with their background; no fit sees labelled rows.
    """
    cases = [case for table, record in labelled for case in find_cases(model, table, record, rate=DEFAULT)]
    return BundleResult(
        name=name,
        budget=tuple(_budget(model, part)),
        faults=tuple(_faults(model, part)),
        labelled=len(cases),
        labelled_found=sum(bool(case.found_by) for case in cases),
    )


def _budget(model: ScoringModel, part: NewestPart) -> Iterator[BudgetCount]:
    for score, found in exceedances_of(model, part.recent).items():
        counts = found.count(part.tested)
        following = found.following(part.tested)
        for at, requested in enumerate(REQUESTED):
            if counts.readings:
                yield BudgetCount(
                    score=score,
                    requested=requested,
                    readings=counts.readings,
                    exceeding=counts.exceeding[at],
                    following=following[at] if following else None,
                    kept=counts.exceeding[at] <= most_allowed(counts.readings, requested),
                )


def _faults(model: ScoringModel, part: NewestPart) -> Iterator[FaultsFound]:
    """Put one case of each family into the columns that the model scores; both bundles get the same ones."""
    fold = replace(part, tested=part.tested[-_INJECTED:]).fold
    judged, recent, columns = fold.judged, part.recent, list(model.columns)
    features = tuple(recent.station.features[i] for i in columns)
    scored = replace(
        recent,
        station=structs.replace(recent.station, features=features, ratio=None),
        values=recent.values[:, columns],
        held=recent.held[:, columns],
    )
    clean = score_held_out(model, recent.values, recent.station, fold).consistency[judged]
    for case in chosen_cases(scored.station, quick=True):
        faulted = inject_case(case, scored, fold, fold.spans)
        fault = faulted.fault[fold.test] & judged
        if not fault.any():
            continue
        values = recent.values.copy()
        values[:, columns] = faulted.values
        score = score_held_out(model, values, recent.station, fold).consistency[fault]
        if np.isfinite(score).any() and np.isfinite(clean).any():
            recall = float(np.mean(score > np.nanquantile(clean, 0.99)))
            yield FaultsFound(family=case.family, auroc=round(auroc(clean, score), 5), recall=round(recall, 5))
