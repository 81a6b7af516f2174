"""From a record to a run folder."""

from __future__ import annotations

import os
import platform
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, TextIO

import numpy as np
import torch
from numpy.typing import NDArray

from config.training import Training
from edge.clock import Clock, SystemClock, rfc3339
from edge.manifest import SCORER_ABSENT, Data, Network, scorer_keys
from edge.storing import stored
from trainer.baselines import mean_error, pca_error
from trainer.curves import draw_curves
from trainer.errors import TrainingError
from trainer.fit import History, choose_device, fit
from trainer.folds import folds
from trainer.models import TabularAE, TabularVAE, residuals, seeded
from trainer.realised import realised
from trainer.record import Record
from trainer.run import About, Run, Tables, refuse_foreign, write_run
from trainer.scorer import fit_scorer
from trainer.splits import Rows as Indices
from trainer.splits import Split, blocked, random_split
from trainer.transform import fit_scaler

Rows = NDArray[np.float64]
Kind = Literal["ae", "vae"]
LEAST_ROWS = 600
"""Fewer leave spans too short for what has a memory."""
EMBARGO = 12
"""Rows beside a test row that no score is fitted on."""
_CODE_NOISE = 3  # added to the seed, so that sigma's draw is not the training's


def train(
    record: Record,
    settings: Training,
    folder: str | os.PathLike[str],
    *,
    progress: TextIO | None = None,
    clock: Clock | None = None,
) -> Run:
    """Fit the generator and what scores readings, with the gas column and without it, and leave a run folder.

    The same record and settings give the same weights, bit for bit, on one machine.

    Parameters
    ----------
    record
        Rows in the station's units.
    settings
        Everything that can be chosen.
    folder
        Run folder: new, empty, or an earlier run, which is replaced when this one is complete.
    progress
        Where progress bars are drawn; ``None`` draws none.
    clock
        Tells the time that is written into the run.

    Raises
    ------
    TrainingError
        Fewer than 600 rows or too short segments, a constant column, a loss that is no number, no such device, or a
        folder with other files.
    """
    folder = Path(folder)
    refuse_foreign(folder)
    choose_device(settings.device)
    if len(record.values) < LEAST_ROWS:
        place = ", ".join(record.files) or "record"
        raise TrainingError(f"{place}: got {len(record.values)} usable rows, expected at least {LEAST_ROWS}")
    started = time.perf_counter()
    blocks = blocked(record)
    split = random_split(record, seed=settings.seed) if settings.split == "random" else blocks
    scaler = fit_scaler(record.values[split.train], record.station, settings.scaler)
    z = {part: scaler.forward(record.values[getattr(split, part)]) for part in ("train", "validation", "test")}
    kind: Kind = "ae" if settings.model == "ae" else "vae"
    network = Network(
        kind=kind,
        hidden=settings.hidden,
        latent=settings.latent,
        loss=settings.loss,
        beta=settings.beta if kind == "vae" else 0.0,
    )
    generator = seeded(network, record.station.size, settings.seed)
    history = fit(
        generator,
        z["train"].astype(np.float32),
        z["validation"].astype(np.float32),
        settings,
        seed=settings.seed,
        progress=progress,
        label="generator",
    )
    # What has a memory is fitted on blocks of time, whatever the generator was.
    rows = _apart(record, blocks.test)
    count = folds(record, settings)
    scorers = {
        name: fit_scorer(
            record,
            rows,
            settings,
            absent=name == SCORER_ABSENT,
            kind="vae" if settings.model == "vae" else "ae",
            folds=count,
            progress=progress,
        )
        for name in scorer_keys(record.station)
    }
    metrics = {
        "split": settings.split,
        "rows": {part: len(rows) for part, rows in z.items()},
        "baselines": _baselines(z, settings.latent),
        "generator": {"kind": kind} | _quality(generator, history, z, record.station.keys),
        "scorers": {
            name: {
                "rows": scorer.about.rows,
                "chunks": count,
                "realised": realised(scorer.model, record, blocks.test),
            }
            for name, scorer in scorers.items()
        },
        "seconds": time.perf_counter() - started,
    }
    about = About(
        created=rfc3339((clock or SystemClock()).now()),
        versions=_versions(),
        data=Data(files=record.files, rows=len(record.values), sha256=record.sha256),
        seed=settings.seed,
        scaler=scaler,
        generator=network,
        scorers={name: scorer.about for name, scorer in scorers.items()},
        sigma=_sigma(generator, z["train"], settings),
    )
    tables = _tables(record, split, generator, z["train"])
    weights = {"generator": generator.state_dict()}
    histories = {"generator": history}
    for name, scorer in scorers.items():
        arrays = stored(scorer.model) | {"whitening": scorer.whitening}
        tables |= {f"{name}/{key}": array for key, array in arrays.items()}
        weights[name] = scorer.weights
        weights |= {f"{name}-fold-{k}": state for k, state in enumerate(scorer.folds, 1)}
        histories[name] = scorer.history
    write_run(
        folder,
        about=about,
        station=record.station,
        settings=settings,
        metrics=metrics,
        tables=tables,
        weights=weights,
        curves=draw_curves(histories),
        losses={name: {**history.losses, "chosen": history.chosen} for name, history in histories.items()},
    )
    return Run.open(folder)


def _apart(record: Record, test: Indices) -> Indices:
    """Rows that are no test rows and not next to one."""
    near = np.zeros(len(record.values), dtype=bool)
    for offset in range(-EMBARGO, EMBARGO + 1):
        near[np.clip(test + offset, 0, len(near) - 1)] = True
    return np.flatnonzero(~near)


def _sigma(model: TabularAE | TabularVAE, z: Rows, settings: Training) -> tuple[float, ...]:
    """Spread [F] of what the decoder leaves out; a VAE's codes are drawn, as they are when it generates."""
    if not settings.observation_noise:
        return tuple([0.0] * z.shape[1])
    if isinstance(model, TabularAE):
        left_out: Rows = residuals(model, z)
    else:
        rows = torch.from_numpy(z.astype(np.float32))
        generator = torch.Generator().manual_seed(settings.seed + _CODE_NOISE)
        with torch.no_grad():
            mean, log_variance = model.encode(rows)
            code = mean + torch.exp(0.5 * log_variance) * torch.randn(mean.shape, generator=generator)
            left_out = z - np.asarray(model.decode(code))
    spread: list[float] = left_out.std(axis=0).tolist()
    return tuple(spread)


def _tables(record: Record, split: Split, generator: TabularAE | TabularVAE, z: Rows) -> Tables:
    with torch.no_grad():
        code = generator.encode(torch.from_numpy(z.astype(np.float32)))
    mean, log_variance = code if isinstance(code, tuple) else (code, None)
    latent = np.asarray(mean, dtype=np.float64)
    covariance = np.atleast_2d(np.cov(latent, rowvar=False))
    if log_variance is not None:  # a VAE's code is a distribution: its own spread counts
        covariance += np.diag(np.exp(np.asarray(log_variance, dtype=np.float64)).mean(axis=0))
    tables = {
        "latent_mean": latent.mean(axis=0),
        "latent_cov": covariance,
        "latent_std": np.sqrt(np.diag(covariance)),
    }
    if record.station.gas_index is not None:
        tables["background_ppb"] = np.quantile(record.values[split.train, record.station.gas_index], [0.1])
    return tables


def _baselines(z: dict[str, Rows], latent: int) -> dict[str, float]:
    """Mean squared error on the test rows of what any network has to beat."""
    return {"mean": mean_error(z["train"], z["test"]), "pca": pca_error(z["train"], z["test"], latent)}


def _quality(
    model: TabularAE | TabularVAE, history: History, z: dict[str, Rows], keys: tuple[str, ...]
) -> dict[str, Any]:
    squares = {part: residuals(model, rows) ** 2 for part, rows in z.items()}
    return {
        "mse": {part: float(values.mean()) for part, values in squares.items()},
        "test_mse_per_channel": dict(zip(keys, squares["test"].mean(axis=0).tolist(), strict=True)),
        "epochs": history.epochs,
        "chosen_epoch": history.chosen,
        "seconds": history.seconds,
    }


def _versions() -> dict[str, str]:
    packages = ("davylamp", "numpy", "torch", "safetensors")
    return {"python": platform.python_version()} | {name: version(name) for name in packages}
