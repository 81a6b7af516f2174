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
from edge.manifest import Data, Network
from edge.pvalue import PValueTable
from trainer.baselines import mean_error, pca_error
from trainer.calibrate import Calibration, calibrate, p_value_table
from trainer.curves import draw_curves
from trainer.errors import TrainingError
from trainer.fit import History, choose_device, fit
from trainer.models import TabularAE, TabularVAE, residuals, row_errors, seeded
from trainer.record import Record
from trainer.run import About, Run, Tables, refuse_foreign, write_run
from trainer.splits import Split, blocked, random_split
from trainer.transform import fit_scaler

Rows = NDArray[np.float64]
Kind = Literal["ae", "vae"]
LEAST_ROWS = 60
REQUESTED = (0.01, 0.001)
_CODE_NOISE = 3  # added to the seed, so that sigma's draw is not the training's


def train(
    record: Record,
    settings: Training,
    folder: str | os.PathLike[str],
    *,
    progress: TextIO | None = None,
    clock: Clock | None = None,
) -> Run:
    """Fit and calibrate the networks that ``settings.model`` names, and leave a run folder.

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
        Fewer than 60 rows, a constant column, a loss that is no number, no such device, or a folder with other files.
    """
    folder = Path(folder)
    refuse_foreign(folder)
    choose_device(settings.device)
    if len(record.values) < LEAST_ROWS:
        place = ", ".join(record.files) or "record"
        raise TrainingError(f"{place}: got {len(record.values)} usable rows, expected at least {LEAST_ROWS}")
    started = time.perf_counter()
    split = random_split(record, seed=settings.seed) if settings.split == "random" else blocked(record)
    scaler = fit_scaler(record.values[split.train], record.station, settings.scaler)
    kinds: tuple[Kind, ...] = ("ae", "vae") if settings.model == "both" else (settings.model,)
    networks: dict[str, Network] = {
        kind: Network(
            kind=kind,
            hidden=settings.hidden,
            latent=settings.latent,
            loss=settings.loss,
            beta=settings.beta if kind == "vae" else 0.0,
        )
        for kind in kinds
    }
    z = {part: scaler.forward(record.values[getattr(split, part)]) for part in ("train", "validation", "test")}
    models: dict[str, TabularAE | TabularVAE] = {}
    histories: dict[str, History] = {}
    for kind, network in networks.items():
        models[kind] = seeded(network, record.station.size, settings.seed)
        histories[kind] = fit(
            models[kind],
            z["train"].astype(np.float32),
            z["validation"].astype(np.float32),
            settings,
            seed=settings.seed,
            progress=progress,
            label=kind.upper(),
        )
    scores, generates = kinds[0], kinds[-1]
    calibration = calibrate(record, split, networks[scores], settings, progress)
    weights = {kind: model.state_dict() for kind, model in models.items()}
    weights |= {f"{scores}-chunk-{k}": state for k, state in enumerate(calibration.weights, 1)}
    metrics = {
        "split": settings.split,
        "rows": {part: len(rows) for part, rows in z.items()},
        "baselines": _baselines(z, settings.latent),
        "networks": {kind: _quality(models[kind], histories[kind], z, record.station.keys, settings) for kind in kinds},
        "calibration": _calibration(models[scores], calibration, z, settings),
        "seconds": time.perf_counter() - started,
    }
    about = About(
        created=rfc3339((clock or SystemClock()).now()),
        versions=_versions(),
        data=Data(files=record.files, rows=len(record.values), sha256=record.sha256),
        seed=settings.seed,
        scaler=scaler,
        networks=networks,
        reconstruction=scores,
        generator=generates,
        sigma=_sigma(models[generates], z["train"], settings),
    )
    write_run(
        folder,
        about=about,
        station=record.station,
        settings=settings,
        metrics=metrics,
        tables=_tables(record, split, models[generates], z["train"], calibration),
        weights=weights,
        curves=draw_curves(histories),
        losses={kind: {**history.losses, "chosen": history.chosen} for kind, history in histories.items()},
    )
    return Run.open(folder)


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


def _tables(
    record: Record, split: Split, generator: TabularAE | TabularVAE, z: Rows, calibration: Calibration
) -> Tables:
    with torch.no_grad():
        code = generator.encode(torch.from_numpy(z.astype(np.float32)))
    mean, log_variance = code if isinstance(code, tuple) else (code, None)
    latent = np.asarray(mean, dtype=np.float64)
    covariance = np.atleast_2d(np.cov(latent, rowvar=False))
    if log_variance is not None:  # a VAE's code is a distribution: its own spread counts
        covariance += np.diag(np.exp(np.asarray(log_variance, dtype=np.float64)).mean(axis=0))
    tables = {
        "reconstruction_error": calibration.error,
        "reconstruction_score": calibration.score,
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
    model: TabularAE | TabularVAE, history: History, z: dict[str, Rows], keys: tuple[str, ...], settings: Training
) -> dict[str, Any]:
    squares = {part: residuals(model, rows) ** 2 for part, rows in z.items()}
    return {
        "mse": {part: float(values.mean()) for part, values in squares.items()},
        "test_mse_per_channel": dict(zip(keys, squares["test"].mean(axis=0).tolist(), strict=True)),
        "epochs": history.epochs,
        "chosen_epoch": history.chosen,
        "seconds": history.seconds,
    }


def _calibration(
    model: TabularAE | TabularVAE, calibration: Calibration, z: dict[str, Rows], settings: Training
) -> dict[str, Any]:
    """Requested rates beside those realised on the test rows, for the shipped table and for one made in sample."""
    test = row_errors(model, z["test"], settings.loss)
    tables = {
        "out_of_fold": PValueTable(calibration.error, calibration.score),
        "in_sample": PValueTable(*p_value_table(row_errors(model, z["train"], settings.loss))),
    }
    realised = [
        {"requested": rate}
        | {f"realised_{name}": float(np.mean(table.score(test) >= -np.log10(rate))) for name, table in tables.items()}
        for rate in REQUESTED
    ]
    return {"rows": calibration.rows, "disturbed_rows": calibration.disturbed, "rates": realised}


def _versions() -> dict[str, str]:
    packages = ("davylamp", "numpy", "torch", "safetensors")
    return {"python": platform.python_version()} | {name: version(name) for name in packages}
