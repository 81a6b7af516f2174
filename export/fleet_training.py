"""Trains one station of a fleet: its record becomes a run folder and a bundle."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import msgspec

from config.settings.station import Station
from config.settings.training import Training


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
    from trainer.fleet.joined_days import join_days
    from trainer.train import train

    station = msgspec.convert(arguments["station"], Station)
    settings = msgspec.convert(arguments["training"], Training)
    run, bundle = Path(arguments["run"]), Path(arguments["bundle"])
    with tempfile.TemporaryDirectory(prefix="davylamp-") as scratch:
        files = join_days([Path(file) for file in arguments["files"]], Path(scratch))
        record = load_record(files, station)
    trained = train(record, settings, run)
    bundle.parent.mkdir(parents=True, exist_ok=True)
    exported = export(trained, bundle)
    return {
        "bundle": exported.id,
        "rows": len(record.values),
        "ks": trained.metrics["generator"]["ks_test"],
        "budget": outcome(Ageing.read(trained.metrics)),
    }, [str(bundle), str(run / "run.json"), str(run / "metrics.json")]
