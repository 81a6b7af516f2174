"""Measures how trustworthy the scores are on held-out rows, beside published networks and textbook detectors."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TextIO

import numpy as np
from msgspec.structs import replace

from config.settings.station import Station
from config.settings.training import Training
from edge.arrays import Floats, Mask
from edge.models.scoring_model import ScoringModel
from trainer.data.record import Record, Span
from trainer.data.regimes import chunk_count
from trainer.evaluation.detection import results
from trainer.evaluation.detection.curves import Curves
from trainer.evaluation.detection.events import count_events
from trainer.evaluation.detection.faults import GAP, Case, Family, Faulted, cases, inject_faults
from trainer.evaluation.detection.folds import Fold, SplitName, folds
from trainer.evaluation.detection.held_out import HeldOutScores, ScoreName, count_alarms, exceedances, score_held_out
from trainer.evaluation.detection.past_to_future import FoldAttempt, evaluate_ageing
from trainer.evaluation.detection.peers import Peer, fit_peers
from trainer.evaluation.detection.results import (
    CONSISTENCY,
    MODES,
    RECONSTRUCTION,
    REQUESTED,
    CaseResult,
    Evaluation,
    Events,
    Rate,
)
from trainer.evaluation.detection.roc import RATES, auroc, mean_by_family, recall_at_rates
from trainer.evaluation.detection.timelines import timelines
from trainer.evaluation.detection.virtual_gas import virtual_gas_curve
from trainer.evaluation.detection.without_gas import evaluate_without_gas
from trainer.evaluation.parallel import run_tasks
from trainer.scoring.fit_scorer import fit_scorer

MANY = (0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005)
"""Requested rates of a curve."""
DEFAULT = 0.001
"""Requested rate of a gateway with default settings."""
SEED = 1
_HALVES: tuple[SplitName, ...] = ("ahead", "back")  # a record that cannot be halved is evaluated all the same
PERIOD = 500
"""Rows from one sparse event to the next."""
SETTLED = 240
"""Rows before the first sparse event."""


def evaluate(
    records: Sequence[Record],
    settings: Training,
    *,
    quick: bool = False,
    pictures: bool = False,
    processes: int = 1,
    progress: TextIO | None = None,
) -> Evaluation:
    """Measure the scores on the held-out rows of every split of every record.

    Parameters
    ----------
    records
        One per file, all of one kind of station; each is fitted and tested on its own.
    settings
        Settings of our networks, and how many chunks calibrate them.
    quick
        Take one case per family, leave our VAE out, and train the published networks no longer than ours.
    pictures
        Also keep what figures of the first record need: :class:`trainer.evaluation.detection.curves.Curves`.
    processes
        How many folds are measured at a time.
    progress
        Gets a line for every fold that is done; ``None`` reports nothing.

    Raises
    ------
    TrainingError
        A record is too short, or a column is constant on the training rows of a split.
    """
    tasks = [
        FoldAttempt(
            partial(evaluate_fold, record, split, settings, quick=quick, pictures=pictures and record is records[0]),
            name=f"{', '.join(record.files) or record.station.name}, {split}",
            needed=split not in _HALVES,
        )
        for record in records
        for split in folds(record)
    ]
    done: dict[int, results.FoldResult | str] = {}
    for number, fold in run_tasks(tasks, processes):
        done[number] = fold
        if progress is not None:
            progress.write(f"{len(done)} of {len(tasks)}: {tasks[number].name}\n")
    every = [done[number] for number in range(len(tasks))]
    return Evaluation(
        families=_families(records[0].station),
        folds=tuple(fold for fold in every if not isinstance(fold, str)),
        quick=quick,
        ageing=evaluate_ageing(records, settings, epochs=settings.epochs if quick else None, processes=processes),
        notes=tuple(fold for fold in every if isinstance(fold, str)),
    )


def evaluate_fold(
    record: Record, split: SplitName, settings: Training, *, quick: bool = False, pictures: bool = False
) -> results.FoldResult:
    """Measure the scores on one split of one record, with the parameters of :func:`evaluate`."""
    station, fold = record.station, folds(record)[split]
    # The count that the training rows alone give.
    count = chunk_count(Record.from_values(record.values[fold.train], station), settings)
    fitted = fit_scorer(record, fold.train, settings, folds=count)
    models = {"ae": fitted.model}
    if not quick:
        models["vae"] = fit_scorer(record, fold.train, settings, kind="vae", folds=_ROUGH).model
    epochs = settings.epochs if quick else None
    train, validation, judged = record.intact_rows(fold.train), record.intact_rows(fold.validation), fold.judged
    peers = fit_peers(record.values, station, train, validation, epochs=epochs)
    clean = {kind: score_held_out(model, record.values, station, fold) for kind, model in models.items()}
    usual = {name: score[judged] for name, score in _scores(clean).items()}
    usual |= {peer.name: peer.score(record.values[fold.test[judged]]) for peer in peers}

    found: dict[str, dict[str, CaseResult]] = {name: {} for name in usual}
    roc: dict[str, dict[str, Floats]] = {name: {} for name in usual}
    events: list[Events] = []
    for case in chosen_cases(station, quick=quick):
        faulted = inject_case(case, record, fold, fold.spans)
        if not faulted.events:
            continue
        fault = faulted.fault[fold.test] & judged
        if not fault.any():
            continue
        held_out = {kind: score_held_out(model, faulted.values, station, fold) for kind, model in models.items()}
        scores = {name: score[fault] for name, score in _scores(held_out).items()}
        scores |= {peer.name: peer.score(faulted.values[fold.test[fault]]) for peer in peers}
        for name, score in scores.items():
            if not np.isnan(score).all():  # where a span begins, no row has a reconstruction score yet
                found[name][case.name] = _case_result(usual[name], score)
                if pictures:
                    roc[name][case.name] = recall_at_rates(usual[name], score)
        events += count_events(case, "dense", faulted, held_out["ae"], fold)
        apart = inject_case(case, record, fold, tuple(_windows(case, fold.spans)))
        if apart.events:
            events += count_events(
                case, "sparse", apart, score_held_out(fitted.model, apart.values, station, fold), fold
            )

    absent = None if fitted.model.virtual is None else _absent(record, fold, settings, count)
    return results.FoldResult(
        station=", ".join(record.files) or station.name,
        split=split,
        train_rows=len(train),
        test_rows=int(judged.sum()),
        cases=found,
        rates=(*_rates(clean["ae"], judged, REQUESTED), *_peer_rates(peers, usual, REQUESTED)),
        events=tuple(events),
        alarms=count_alarms(clean["ae"], fold, DEFAULT, fitted.model.windows.warm_up),
        readings=int(judged.sum()),
        without_gas=() if absent is None else _without_gas(record, fold, absent, epochs),
        notes=fitted.spec.notes,
        curves=Curves(
            rates=RATES,
            roc={name: mean_by_family(by_case, _families(station)) for name, by_case in roc.items()},
            requested=np.array(MANY),
            realised=_realised([*_rates(clean["ae"], judged, MANY), *_peer_rates(peers, usual, MANY)]),
            timelines=timelines(
                record,
                fold,
                fitted.model,
                chosen_cases(station, quick=True),
                lambda case, values, where: inject_case(case, dataclasses.replace(record, values=values), fold, where),
                rate=DEFAULT,
            ),
            virtual=None if absent is None else virtual_gas_curve(record, fold, absent, folds=count),
        )
        if pictures
        else None,
    )


_ROUGH = 2  # folds of models whose tables are hardly read: the VAE's raw error, the model without gas but its onset


def _scores(held_out: Mapping[str, HeldOutScores]) -> dict[str, Floats]:
    """Return our scores by detector; the consistency is the same whatever the network."""
    return {CONSISTENCY: held_out["ae"].consistency} | {
        RECONSTRUCTION[kind]: one.error for kind, one in held_out.items()
    }


def _rates(clean: HeldOutScores, judged: Mask, requested: Sequence[float]) -> Iterator[Rate]:
    detectors: dict[ScoreName, str] = {"consistency": CONSISTENCY, "reconstruction": RECONSTRUCTION["ae"]}
    for kind, detector in detectors.items():
        for mode, adapt in MODES.items():
            for rate in requested:
                realised = float(exceedances(clean, kind, rate, adapt=adapt)[judged].mean())
                yield Rate(detector=detector, mode=mode, requested=rate, realised=realised)


def _peer_rates(peers: Sequence[Peer], usual: Mapping[str, Floats], requested: Sequence[float]) -> Iterator[Rate]:
    for peer in peers:
        for rate in requested:
            realised = float(np.mean(usual[peer.name] > peer.threshold(rate)))
            yield Rate(detector=peer.name, mode="in sample", requested=rate, realised=realised)


def _realised(rates: Sequence[Rate]) -> dict[str, Floats]:
    """Return the realised rates [Q] by detector and mode."""
    found: dict[str, list[float]] = {}
    for rate in rates:
        found.setdefault(f"{rate.detector}, {rate.mode}", []).append(rate.realised)
    return {name: np.array(realised) for name, realised in found.items()}


def _absent(record: Record, fold: Fold, settings: Training, folds: int) -> ScoringModel:
    """Fit the model without the gas column; its onset is measured even where a bundle would refuse it."""
    rows = record.rows_without_gas(fold.train)
    fitted = fit_scorer(record.without_gas, rows, settings, absent=True, folds=_ROUGH, onset_folds=folds)
    model, onset = fitted.model, fitted.onset.table
    return model if onset is None else dataclasses.replace(model, tables={**model.tables, "onset": onset})


def _without_gas(record: Record, fold: Fold, model: ScoringModel, epochs: int | None) -> tuple[results.WithoutGas, ...]:
    columns, station = list(model.columns), record.station
    left = replace(station, features=tuple(station.features[i] for i in columns), ratio=None)
    train, validation = record.intact_rows(fold.train), record.intact_rows(fold.validation)
    peers = fit_peers(record.values[:, columns], left, train, validation, epochs=epochs)
    return evaluate_without_gas(record, fold, model, peers, REQUESTED)


def _families(station: Station) -> dict[str, Family]:
    return {case.name: case.family for case in cases(station)}


def chosen_cases(station: Station, *, quick: bool) -> tuple[Case, ...]:
    """Return all cases, or the middle one of each family."""
    every = cases(station)
    if not quick:
        return every
    families = [[case for case in every if case.family == family] for family in dict.fromkeys(c.family for c in every)]
    return tuple(family[len(family) // 2] for family in families)


def inject_case(case: Case, record: Record, fold: Fold, segments: Sequence[Span]) -> Faulted:
    """Put events of a case into segments of a record, as large as its training rows make them."""
    train, gas = record.values[record.intact_rows(fold.train)], record.station.gas_index
    return inject_faults(
        case,
        record.values,
        record.station,
        sigma=train.std(axis=0),
        sensitivity=None if gas is None else _sensitivity(train, record.station),
        background=None if gas is None else float(np.quantile(train[:, gas], 0.1)),
        segments=segments,
        seed=SEED,
    )


def _sensitivity(train: Floats, station: Station) -> Floats:
    """Return d ln R / d ln gas of each column [F]; a sensor's by least squares given the climate and its squares."""
    roles = np.array([feature.role for feature in station.features])
    climate = train[:, roles == "environment"]
    spread = np.maximum(climate.std(axis=0), np.finfo(float).tiny)
    given = (climate - climate.mean(axis=0)) / spread
    design = np.column_stack([np.log(train[:, station.gas_index]), given, given**2, np.ones(len(train))])
    sensors = np.flatnonzero(roles == "sensor")
    slopes = np.zeros(station.size)
    slopes[sensors] = np.linalg.lstsq(design, np.log(train[:, sensors]), rcond=None)[0][0]
    return slopes


def _windows(case: Case, spans: Sequence[Span]) -> Iterator[Span]:
    """Yield windows for one event each, about ``PERIOD`` rows apart; a blind reference is as sparse as the plumes."""
    for start, end in spans:
        if not case.rows:
            yield start, end
            continue
        length = GAP + case.rows
        for first in range(start + min(SETTLED, (end - start) // 4), end - length + 1, max(PERIOD, 2 * length)):
            yield first, first + length


def _case_result(usual: Floats, score: Floats) -> CaseResult:
    """Compare the scores of fault rows with those of the held-out rows while nothing is wrong.

    The rows between dense events are no negatives: while a fault is still in the memory, an exceedance is no false
    alarm.
    """
    recall_at_1pct, recall_at_01pct = (float(np.mean(score > np.nanquantile(usual, 1 - rate))) for rate in REQUESTED)
    return CaseResult(auroc=auroc(usual, score), recall_at_1pct=recall_at_1pct, recall_at_01pct=recall_at_01pct)
