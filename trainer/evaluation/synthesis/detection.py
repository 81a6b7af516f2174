"""Measure what synthetic rows add to the detection of faults where few real rows are there."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from msgspec.structs import replace

from config.settings.training import Training
from edge.arrays import Floats
from edge.bundles.manifest import Network
from trainer.data.record import Record
from trainer.data.scaler import fit_scaler
from trainer.data.splits import Split, spans
from trainer.evaluation.detection.faults import GAP, Family, cases, inject_faults
from trainer.evaluation.detection.roc import auroc
from trainer.evaluation.synthesis.results import mean
from trainer.evaluation.synthesis.synthesisers import FittedSynthesiser
from trainer.networks.autoencoder import residuals, seeded_autoencoder
from trainer.networks.training import fit_autoencoder

FEW, AUGMENTED, GENERATOR = "AE, few real rows", "AE, with synthetic rows", "generator's reconstruction, few real rows"

_CONTEXT: tuple[Family, ...] = ("response", "blind")  # seen beside their neighbours in time, or not at all


def augmented_detection(
    record: Record, split: Split, added: Floats, fitted: FittedSynthesiser, settings: Training, *, seed: int
) -> dict[str, float]:
    """AUROC of faults by an autoencoder of few real rows, of these and synthetic ones, and by the generator itself.

    Our scores remember what was before, and synthetic rows follow on nothing: they can train no such score. What they
    can train is a reconstruction error of single rows, so that is what is compared, on the faults of single rows.

    Parameters
    ----------
    record
        Its test rows get the faults.
    split
        Few rows to train on, some to stop by, and test rows.
    added
        Synthetic rows [N, F].
    fitted
        What drew them; fitted on the few rows as well.
    settings
        Of the autoencoders.
    seed
        Of their training.

    Returns
    -------
    dict
        What scores -> mean AUROC over the cases of faults.
    """
    train, validation = record.values[split.train], record.values[split.validation]
    score = {
        FEW: _error(record, train, validation, settings, seed),
        AUGMENTED: _error(record, np.concatenate([train, added]), validation, settings, seed),
    }
    if fitted.reconstruct is not None:
        reconstruct, scaler = fitted.reconstruct, fit_scaler(train, record.station, "log")

        def left(x: Floats) -> Floats:
            # What cannot even be encoded, for instance the logarithm of a zero, is as strange as can be.
            squares = (scaler.forward(x) - scaler.forward(reconstruct(x))) ** 2
            return np.asarray(np.nan_to_num(squares.mean(axis=1), nan=np.inf, posinf=np.inf))

        score[GENERATOR] = left
    usual = {name: one(record.values[split.test]) for name, one in score.items()}
    found: dict[str, list[float]] = {name: [] for name in score}
    for rows in _faulty(record, split):
        for name, one in score.items():
            found[name].append(auroc(usual[name], one(rows)))
    return {name: mean(values) for name, values in found.items()}


def _error(
    record: Record, train: Floats, validation: Floats, settings: Training, seed: int
) -> Callable[[Floats], Floats]:
    """Fit an autoencoder; return the mean squared error [N] of its reconstruction of rows [N, F]."""
    scaler = fit_scaler(train, record.station, "log")
    network = Network(kind="ae", hidden=settings.hidden, latent=settings.latent, loss="mse", beta=0.0)
    model = seeded_autoencoder(network, record.station.size, seed)
    z, held_out = (scaler.forward(rows).astype(np.float32) for rows in (train, validation))
    fit_autoencoder(model, z, held_out, replace(settings, loss="mse"), seed=seed)
    return lambda x: np.asarray((residuals(model, scaler.forward(x)) ** 2).mean(axis=1))


def _faulty(record: Record, split: Split) -> Iterator[Floats]:
    """Yield the rows with faults in them, case by case."""
    pieces = [(int(piece[0]), int(piece[-1]) + 1) for piece in spans(record, split.test) if len(piece) > GAP]
    for case in cases(record.station):
        if case.family in _CONTEXT:
            continue
        sigma = record.values[split.train].std(axis=0)
        faulted = inject_faults(
            case,
            record.values,
            record.station,
            sigma=sigma,
            sensitivity=None,
            background=None,
            segments=pieces,
            seed=1,
        )
        if faulted.fault.any():
            yield faulted.values[faulted.fault]
