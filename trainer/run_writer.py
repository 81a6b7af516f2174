"""Writes the folder that a training leaves behind."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import numpy as np

from config.settings.station import Station
from config.settings.training import Training
from edge.arrays import Arrays
from trainer.errors import TrainingError
from trainer.run import MEASURED, About
from trainer.statistics.json_arrays import encode_arrays
from trainer.statistics.run_statistics import STATISTICS, RunStatistics

if TYPE_CHECKING:  # torch is slow to import, and a run's folder is checked before it is needed
    from torch import Tensor


def _pretty(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value, order="sorted"), indent=2) + b"\n"


def refuse_foreign(folder: Path) -> None:
    """Raise a TrainingError unless a run may be written to ``folder``: absent, empty, or a run already."""
    if folder.is_dir() and not (folder / "run.json").is_file() and any(folder.iterdir()):
        raise TrainingError(f"{folder}: got a folder with other files in it, expected a new, an empty or a run folder")
    if folder.exists() and not folder.is_dir():
        raise TrainingError(f"{folder}: got a file, expected a folder; fix: another name after -o")


class FitFiles(NamedTuple):
    """Contents of one fit's files: ``run.json``, ``tables.npz`` and the tensors by network."""

    about: About
    tables: Arrays
    weights: Mapping[str, Mapping[str, Tensor]]

    def write(self, folder: Path, station: Station, settings: Training) -> None:
        """Write them into a new folder, with the station and the settings."""
        from safetensors.torch import save

        (folder / "weights").mkdir(parents=True)
        for name, state in self.weights.items():
            (folder / "weights" / f"{name}.safetensors").write_bytes(save(dict(state)))
        with (folder / "tables.npz").open("wb") as file:
            np.savez(file, **self.tables)  # type: ignore[arg-type]
        (folder / "station.yaml").write_bytes(msgspec.yaml.encode(station))
        (folder / "settings.yaml").write_bytes(msgspec.yaml.encode(settings))
        (folder / "run.json").write_bytes(_pretty(self.about))


def write_run(
    folder: Path,
    *,
    bundled: FitFiles,
    measured: FitFiles,
    station: Station,
    settings: Training,
    metrics: Mapping[str, Any],
    curves: bytes,
    losses: Mapping[str, Any],
    statistics: RunStatistics | None = None,
) -> None:
    """Write a run folder atomically: ``folder`` is at any time either as before or complete.

    Parameters
    ----------
    folder
        The folder.
    bundled
        The fit on every row, which a bundle is made of.
    measured
        The fit that left the test rows out, on which the metrics were measured; a run folder within the run folder.
    station, settings, metrics, curves, losses, statistics
        Contents of the other files.

    Raises
    ------
    TrainingError
        ``folder`` holds something else than a run, or cannot be written.
    """
    refuse_foreign(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise TrainingError(f"{folder}: cannot be written: {error.strerror}; fix: another folder after -o") from error
    try:
        fresh = scratch / "new"
        bundled.write(fresh, station, settings)
        measured.write(fresh / MEASURED, station, settings)
        (fresh / "metrics.json").write_bytes(_pretty(metrics))
        (fresh / "losses.json").write_bytes(_pretty(losses))
        (fresh / "losses.png").write_bytes(curves)
        if statistics is not None:
            (fresh / STATISTICS).write_bytes(encode_arrays(statistics))
        if folder.exists():
            folder.replace(scratch / "old")
        fresh.replace(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
