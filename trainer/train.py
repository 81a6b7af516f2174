"""Trains on a record and writes the run folder."""

from __future__ import annotations

import os
import platform
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from config.settings.training import Training
from edge.arrays import Arrays, Floats, Indices
from edge.bundles.manifest import SCORER_ABSENT, TrainingData, scorer_keys
from edge.bundles.scoring_tables import to_arrays
from edge.clock import Clock, SystemClock, rfc3339
from edge.models.features import BASELINE_LEAST, SHORT_WINDOW
from trainer.data.record import Record
from trainer.data.regimes import chunk_count
from trainer.data.scaler import fit_scaler
from trainer.data.splits import blocked, random_split
from trainer.errors import TrainingError
from trainer.evaluation.ageing.measure_ageing import measure_ageing
from trainer.evaluation.ageing.verdict import ageing_metrics
from trainer.evaluation.synthesis.fidelity import mean_ks
from trainer.figures.losses import losses_png
from trainer.generation.fit_generator import fit_generator
from trainer.generation.fitted_generator import FittedGenerator
from trainer.networks.training import choose_device
from trainer.run import About, Run, refuse_foreign, write_run
from trainer.scoring.false_alarm_rates import false_alarm_rates
from trainer.scoring.fit_scorer import fit_scorer
from trainer.statistics.collect import collect

LEAST_ROWS = 600
"""Least rows: fewer leave spans too short to fill the memories."""
MEMORY = SHORT_WINDOW + BASELINE_LEAST
"""Rows behind a gap before the next one has every score."""
LEAST_SCORED = 200
"""Least rows behind those: fewer leave none to fit the scores on, once a part is held out."""
EMBARGO = 12
"""Rows on both sides of a test row that no score is fitted on."""
_EVALUATED = 7  # added to the seed, so that the rows evaluated are not those of the calibration


def train(
    record: Record,
    settings: Training,
    folder: str | os.PathLike[str],
    *,
    statistics: bool = False,
    processes: int = 1,
    progress: TextIO | None = None,
    clock: Clock | None = None,
) -> Run:
    """Fit the generator and the scorers, with the gas column and without it, and write a run folder.

    On one machine, the same record and settings give the same weights, bit for bit.

    Parameters
    ----------
    record
        Rows in the station's units.
    settings
        All settings of the training.
    folder
        Run folder: new, empty, or an earlier run, which is replaced once this one is complete.
    statistics
        Also write what figures need: :class:`trainer.statistics.run_statistics.RunStatistics`.
    processes
        How many of the fits that show how false alarms age run at a time.
    progress
        Where progress bars are drawn; ``None`` draws none.
    clock
        Clock for the time that is written into the run.

    Raises
    ------
    TrainingError
        There are fewer than 600 complete rows, or only short segments; a column is constant; a loss is no longer a
        number; the device does not exist; or the folder holds other files.
    """
    folder = Path(folder)
    refuse_foreign(folder)
    choose_device(settings.device)
    _refuse_short(record)
    started = time.perf_counter()
    blocks = blocked(record)
    split = random_split(record, seed=settings.seed) if settings.split == "random" else blocks
    # Rows with a held cell belong to the memory of the scores alone.
    parts = {part: record.values[_intact(record, getattr(split, part))] for part in ("train", "validation", "test")}
    scaler = fit_scaler(parts["train"], record.station, settings.scaler)
    generator = fit_generator(parts["train"], parts["validation"], record.station, settings, progress)
    # Scores have a memory: they are fitted on blocks of time, whatever the generator was fitted on.
    count = chunk_count(record, settings)
    seen = {name: record.without_gas if name == SCORER_ABSENT else record for name in scorer_keys(record.station)}
    held_out = {name: blocked(one).test for name, one in seen.items()}
    scorers = {
        name: fit_scorer(
            one,
            _away_from(one, held_out[name]),
            settings,
            absent=name == SCORER_ABSENT,
            kind="vae" if settings.model == "vae" else "ae",
            folds=count,
            progress=progress,
        )
        for name, one in seen.items()
    }
    metrics = {
        "split": settings.split,
        "rows": {part: len(rows) for part, rows in parts.items()},
        "generator": _quality(generator, parts, settings.seed),
        "scorers": {
            name: {
                "rows": scorer.spec.rows,
                "chunks": count,
                "realised": false_alarm_rates(scorer.model, seen[name], held_out[name]),
            }
            for name, scorer in scorers.items()
        },
        "ageing": ageing_metrics(measure_ageing(record, settings, processes=processes, progress=progress)),
        "seconds": time.perf_counter() - started,
    }
    about = About(
        created=rfc3339((clock or SystemClock()).now()),
        versions=_versions(),
        data=TrainingData(files=record.files, rows=len(record.values), sha256=record.sha256),
        seed=settings.seed,
        scaler=scaler,
        generator=generator.spec,
        scorers={name: scorer.spec for name, scorer in scorers.items()},
    )
    tables: Arrays = {f"generator/{name}": array for name, array in generator.arrays().items()}
    if record.station.gas_index is not None:
        tables["background_ppb"] = np.quantile(parts["train"][:, record.station.gas_index], [0.1])
    network = generator.codec.network
    weights = {} if network is None else {"generator": network.state_dict()}
    histories = {} if generator.history is None else {"generator": generator.history}
    for name, scorer in scorers.items():
        arrays = to_arrays(scorer.model) | {"whitening": scorer.whitening}
        tables |= {f"{name}/{key}": array for key, array in arrays.items()}
        weights[name] = scorer.weights
        weights |= {f"{name}-fold-{k}": state for k, state in enumerate(scorer.folds, 1)}
        histories[name] = scorer.history
    losses = {name: {**history.losses, "chosen": history.chosen} for name, history in histories.items()}
    write_run(
        folder,
        about=about,
        station=record.station,
        settings=settings,
        metrics=metrics,
        tables=tables,
        weights=weights,
        curves=losses_png(losses),
        losses=losses,
        statistics=collect(record, generator, split, scorers, seed=settings.seed + _EVALUATED) if statistics else None,
    )
    return Run.open(folder)


def _refuse_short(record: Record) -> None:
    """Refuse a record of which too few rows can be used, or too few follow enough others to be scored.

    Raises
    ------
    TrainingError
        Too few rows do, with the cause.
    """
    place = f"{', '.join(record.files)}: " if record.files else ""
    count = int(record.intact.sum())
    causes = "; ".join(record.symptoms or record.dropped)
    cause = f"; the cause: {causes}" if causes else ""
    if count < LEAST_ROWS:
        raise TrainingError(f"{place or 'record: '}got {count} usable rows, expected at least {LEAST_ROWS}{cause}")
    row = np.arange(len(record.values))
    begins = np.array([start for start, _ in record.segments])
    recent = np.union1d(begins, record.restarts).astype(np.intp)
    memory, latest = (row - starts[np.searchsorted(starts, row, side="right") - 1] for starts in (begins, recent))
    scored = int(np.sum((memory >= MEMORY) & (latest >= SHORT_WINDOW) & record.intact))
    if scored >= LEAST_SCORED:
        return
    longest = max(end - start for start, end in record.segments)
    if longest <= MEMORY:
        got = f"got {longest} consecutive rows at most, expected more than {MEMORY}"
    else:
        got = f"got {scored} rows behind {MEMORY} others without a gap, expected at least {LEAST_SCORED}"
    raise TrainingError(f"{place}{got}; fix: a longer record, or one with fewer gaps{cause}")


def _intact(record: Record, rows: Indices) -> Indices:
    """Return those of the rows that have no held cell."""
    return rows[record.intact[rows]]


def _away_from(record: Record, test: Indices) -> Indices:
    """Return the rows more than ``EMBARGO`` rows away from every test row."""
    near = np.zeros(len(record.values), dtype=bool)
    for offset in range(-EMBARGO, EMBARGO + 1):
        near[np.clip(test + offset, 0, len(near) - 1)] = True
    return np.flatnonzero(~near)


def _quality(generator: FittedGenerator, parts: dict[str, Floats], seed: int) -> dict[str, Any]:
    """Measure how likely held-out rows are, and how far the columns' distributions lie from those of real rows.

    Kolmogorov-Smirnov statistics are means over the columns; that of test rows against training rows shows what the
    split itself contributes.
    """
    rng = np.random.Generator(np.random.Philox(key=seed + _EVALUATED))
    size = len(parts["train"])
    latent = generator.mixture.draw(size, rng)
    made = generator.codec.decode(latent, rng.standard_normal((size, generator.station.size)))
    real = {part: rows.astype(np.float32) for part, rows in parts.items()}
    return {
        "kind": generator.spec.kind,
        "components": generator.spec.components,
        "log_likelihood": generator.spec.likelihood,
        "one_gaussian": generator.spec.baseline,
        "ks_train": mean_ks(made, real["train"]),
        "ks_test": mean_ks(made, real["test"]),
        "ks_test_train": mean_ks(real["test"], real["train"]),
        "cpu_seconds": generator.cpu_seconds,
    }


def _versions() -> dict[str, str]:
    packages = ("davylamp", "numpy", "torch", "safetensors")
    return {"python": platform.python_version()} | {name: version(name) for name in packages}
