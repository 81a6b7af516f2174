"""Measures what synthetic rows add to the detection of faults when there are few real rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from msgspec.structs import replace

from config.settings.training import Training
from edge.arrays import Floats
from edge.bundles.manifest import NetworkSpec
from trainer.data.record import Record
from trainer.data.scaler import fit_scaler
from trainer.data.splits import Split, spans
from trainer.evaluation.detection.faults import GAP, Family, cases, inject_faults
from trainer.evaluation.detection.roc import auroc
from trainer.evaluation.synthesis.results import mean
from trainer.evaluation.synthesis.synthesisers import FittedSynthesiser
from trainer.networks.autoencoder import reconstruction_residuals, seeded_autoencoder
from trainer.networks.training import fit_autoencoder

FEW, AUGMENTED, GENERATOR = "AE, few real rows", "AE, with synthetic rows", "generator's reconstruction, few real rows"

_CONTEXT: tuple[Family, ...] = ("response", "blind")  # found by comparison with neighbours in time, or not at all


def augmented_detection(
    record: Record, split: Split, added: Floats, fitted: FittedSynthesiser, settings: Training, *, seed: int
) -> dict[str, float]:
    """Compare autoencoders fitted with and without synthetic rows, and the generator itself, as fault detectors.

    Our scores depend on earlier rows, and a synthetic row has none, so synthetic rows cannot train such a score. They
    can train a reconstruction error of single rows; that is compared here, on faults that show in single rows.

    Parameters
    ----------
    record
        The record; faults are put into its test rows.
    split
        Few training rows, validation rows that decide when training stops, and test rows.
    added
        Synthetic rows [N, F].
    fitted
        The synthesiser that drew them, fitted on the same few rows.
    settings
        Settings of the autoencoders.
    seed
        Seed of their training.

    Returns
    -------
    dict
        Detector -> mean AUROC over the cases of faults.
    """
    train, validation = record.values[split.train], record.values[split.validation]
    score = {
        FEW: _error(record, train, validation, settings, seed),
        AUGMENTED: _error(record, np.concatenate([train, added]), validation, settings, seed),
    }
    if fitted.reconstruct is not None:
        reconstruct, scaler = fitted.reconstruct, fit_scaler(train, record.station, "log")

        def error(x: Floats) -> Floats:
            # A row that cannot be encoded (the logarithm of a zero) gets the highest score there is.
            squares = (scaler.forward(x) - scaler.forward(reconstruct(x))) ** 2
            return np.asarray(np.nan_to_num(squares.mean(axis=1), nan=np.inf, posinf=np.inf))

        score[GENERATOR] = error
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
    network = NetworkSpec(kind="ae", hidden=settings.hidden, latent=settings.latent, loss="mse", beta=0.0)
    model = seeded_autoencoder(network, record.station.size, seed)
    z, held_out = (scaler.forward(rows).astype(np.float32) for rows in (train, validation))
    fit_autoencoder(model, z, held_out, replace(settings, loss="mse"), seed=seed)
    return lambda x: np.asarray((reconstruction_residuals(model, scaler.forward(x)) ** 2).mean(axis=1))


def _faulty(record: Record, split: Split) -> Iterator[Floats]:
    """Yield the faulty rows of each case."""
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
