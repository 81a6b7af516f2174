"""Trains one station of a fleet: its record becomes a run folder and a bundle."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from config.fleet_members import folder_files
from config.settings.station import Station
from config.settings.training import Training
from trainer.errors import RecordError


def train_member(arguments: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Train a station and export its bundle.

    Parameters
    ----------
    arguments
        ``files`` (paths of files and folders), ``station`` and ``training`` (the settings as data), ``run`` and
        ``bundle`` (where to).

    Returns
    -------
    tuple
        Figures for the table, and the paths of what was written.

    Raises
    ------
    DavylampError
        The record cannot be read, or cannot be trained on.
    """
    from export.export import export
    from trainer.data.record import load_record
    from trainer.evaluation.ageing.results import Ageing
    from trainer.evaluation.ageing.verdict import outcome
    from trainer.train import train

    station = msgspec.convert(arguments["station"], Station)
    settings = msgspec.convert(arguments["training"], Training)
    run, bundle = Path(arguments["run"]), Path(arguments["bundle"])
    record = load_record(record_files(list(map(Path, arguments["files"]))), station, days=True)
    trained = train(record, settings, run)
    bundle.parent.mkdir(parents=True, exist_ok=True)
    exported = export(trained, bundle)
    return {
        "bundle": exported.id,
        "rows": len(record.values),
        "ks": trained.metrics["generator"]["ks_test"],
        "budget": outcome(Ageing.read(trained.metrics)),
        "notes": list(record.dropped),
    }, [str(bundle), *map(str, sorted(path for path in run.rglob("*") if path.is_file()))]


def record_files(paths: Sequence[Path]) -> list[Path]:
    """List the files to train on, those of folders in natural order.

    Parameters
    ----------
    paths
        Files, and folders of files.

    Raises
    ------
    RecordError
        Folders have no file; all of them at once.
    """
    found = {path: folder_files(path) if path.is_dir() else [path] for path in paths}
    empty = [path for path, files in found.items() if not files]
    if empty:
        fix = "expected some; check the path"
        raise RecordError("\n".join(f"{path}: got a folder without CSV and Parquet files, {fix}" for path in empty))
    return [file for files in found.values() for file in files]
