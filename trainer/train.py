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
from edge.arrays import AnyFloats, Floats
from edge.bundles.manifest import SCORER, TrainingData
from edge.clock import Clock, SystemClock, rfc3339
from edge.models.features import BASELINE_LEAST, LAGS, SHORT_WINDOW
from trainer.data.phase import phase
from trainer.data.record import Record
from trainer.data.splits import blocked, random_split
from trainer.data.thinned_record import thin_record, thinning_sentence
from trainer.errors import TrainingError
from trainer.evaluation.ageing.measure_ageing import ageing_of_bundle, measure_ageing
from trainer.evaluation.ageing.verdict import ageing_metrics
from trainer.evaluation.synthesis.fidelity import mean_ks
from trainer.figures.losses import losses_png
from trainer.generation.fitted_generator import FittedGenerator
from trainer.networks.training import choose_device
from trainer.run import About, Run
from trainer.run_writer import FitFiles, refuse_foreign, write_run
from trainer.scoring.false_alarm_rates import false_alarm_rates
from trainer.scoring.record_windows import record_windows
from trainer.station_fit import fit_every_row, fit_without_test, held_out
from trainer.statistics.collect import collect

LEAST_ROWS = 600
"""Least rows: fewer leave spans too short to fill the memories."""
MEMORY = SHORT_WINDOW + BASELINE_LEAST
"""Rows behind a gap before the next one has every score."""
LEAST_SCORED = 200
"""Least rows behind those: fewer leave none to fit the scores on, once a part is held out."""
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
    thinned = thin_record(record, record_windows(record))
    sentence = None if thinned is record else thinning_sentence(record, thinned)
    record = thinned  # the rest of a long record is given back
    blocks = blocked(record)
    split = random_split(record, seed=settings.seed) if settings.split == "random" else blocks
    parts = {part: record.values[record.intact_rows(getattr(split, part))] for part in ("train", "validation", "test")}
    measured = fit_without_test(record, split, settings, progress)
    bundled = fit_every_row(record, measured, settings, progress)
    complete = record.values[record.intact]
    with phase("false alarms", len(record.values) * len(measured.scorers), progress):
        realised = {
            name: false_alarm_rates(scorer.model, *held_out(record, name)) for name, scorer in measured.scorers.items()
        }
    ageing = measure_ageing(record, settings, processes=processes, progress=progress)
    ageing = ageing_of_bundle(ageing, onset="onset" in bundled.scorers[SCORER].model.tables)
    metrics = {
        "split": settings.split,
        "fit": f"the fit that left the test {'blocks' if settings.split == 'blocks' else 'rows'} out; "
        "the bundle's own fit has seen every row",
        "rows": {part: len(rows) for part, rows in parts.items()},
        "generator": _quality(measured.generator, parts, settings.seed),
        "scorers": {
            name: {
                "rows": scorer.spec.rows,
                "chunks": scorer.spec.chunks,
                "realised": realised[name],
                # Of the bundle's own fit: it decides whether there is a score, by rows that were left out of each part.
                "onset": bundled.scorers[name].onset.metrics,
            }
            for name, scorer in measured.scorers.items()
        },
        "bundle": {
            "rows": len(complete),
            "ks": mean_ks(_draw(bundled.generator, len(complete), settings.seed), complete),
            "cpu_seconds": bundled.generator.cpu_seconds,
        },
        "ageing": ageing_metrics(ageing),
        "seconds": time.perf_counter() - started,
    }
    if sentence is not None:
        metrics["thinned"] = sentence
    losses = {name: {**history.losses, "chosen": history.chosen} for name, history in measured.histories().items()}
    created, versions = rfc3339((clock or SystemClock()).now()), _versions()
    files = [
        FitFiles(
            About(
                created=created,
                versions=versions,
                data=TrainingData(files=record.files, rows=len(record.values), sha256=record.sha256),
                seed=settings.seed,
                scaler=fit.scaler,
                generator=fit.generator.spec,
                scorers={name: scorer.spec for name, scorer in fit.scorers.items()},
            ),
            fit.arrays(),
            fit.weights(),
        )
        for fit in (bundled, measured)
    ]
    found = None
    if statistics:
        with phase("pictures", len(record.values) * len(measured.scorers), progress):
            found = collect(record, measured.generator, split, measured.scorers, seed=settings.seed + _EVALUATED)
    write_run(
        folder,
        bundled=files[0],
        measured=files[1],
        station=record.station,
        settings=settings,
        metrics=metrics,
        curves=losses_png(losses),
        losses=losses,
        statistics=found,
    )
    return Run.open(folder)


def _refuse_short(record: Record) -> None:
    """Refuse a record of which too few rows can be used, or too few follow enough others to be scored.

    Raises
    ------
    TrainingError
        Too few rows do, with the cause.
    """
    got = _shortage(record)
    if got is None:
        return
    place = ", ".join(record.files) or "record"
    fix = "a longer record, or one with fewer gaps"
    if record.absent is not None and _shortage(record.absent) is None:
        fix = f"leave {record.station.gas} out of the station file: without it there are rows enough"
    causes = "; ".join(record.symptoms or record.dropped)
    raise TrainingError(f"{place}: {got}; fix: {fix}{f'; the cause: {causes}' if causes else ''}")


def _shortage(record: Record) -> str | None:
    """Return what a record has too little of to be trained on; ``None`` if it has enough."""
    count = int(record.intact.sum())
    if count < LEAST_ROWS:
        return f"got {count} usable rows, expected at least {LEAST_ROWS}"
    least = LAGS * record_windows(record).lag + SHORT_WINDOW - 1  # of the mean innovation, the last component to come
    row = np.arange(len(record.values))
    begins = np.array([start for start, _ in record.segments])
    recent = np.array([start for start, _ in record.stretches])
    memory, latest = (row - starts[np.searchsorted(starts, row, side="right") - 1] for starts in (begins, recent))
    scored = int(np.sum((memory >= MEMORY) & (latest >= least) & record.intact))
    if scored >= LEAST_SCORED:
        return None
    longest = max(end - start for start, end in record.segments)
    if longest <= MEMORY:
        return f"got {longest} consecutive rows at most, expected more than {MEMORY}"
    return f"got {scored} rows behind {MEMORY} others without a gap, expected at least {LEAST_SCORED}"


def _quality(generator: FittedGenerator, parts: dict[str, Floats], seed: int) -> dict[str, Any]:
    """Measure how likely held-out rows are, and how far the columns' distributions lie from those of real rows.

    Kolmogorov-Smirnov statistics are means over the columns; that of test rows against training rows shows what the
    split itself contributes.
    """
    made = _draw(generator, len(parts["train"]), seed)
    return {
        "kind": generator.spec.kind,
        "components": generator.spec.components,
        "log_likelihood": generator.spec.likelihood,
        "one_gaussian": generator.spec.baseline,
        "ks_train": mean_ks(made, parts["train"]),
        "ks_test": mean_ks(made, parts["test"]),
        "ks_test_train": mean_ks(parts["test"], parts["train"]),
        "cpu_seconds": generator.cpu_seconds,
    }


def _draw(generator: FittedGenerator, count: int, seed: int) -> AnyFloats:
    """Draw rows [count, F] other than those that calibrated the generator."""
    rng = np.random.Generator(np.random.Philox(key=seed + _EVALUATED))
    latent = generator.mixture.draw(count, rng)
    return generator.codec.decode(latent, rng.standard_normal((count, generator.station.size)))


def _versions() -> dict[str, str]:
    packages = ("davylamp", "numpy", "torch", "safetensors")
    return {"python": platform.python_version()} | {name: version(name) for name in packages}
