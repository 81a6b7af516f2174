"""Trains a station's bundle again, with what its gateway has collected, and says whether the new one is to be used."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import msgspec

from config.atomic import write_bytes
from config.settings.station import Station
from config.settings.training import Training
from edge.bundles.bundle import Bundle
from edge.bundles.manifest import SCORER, SCORER_ABSENT
from edge.clock import Clock, parse_time
from export.adopt import Adopted, adopt, write_bundle
from export.errors import ExportError
from export.export import export
from trainer.data.record import load_record
from trainer.evaluation.detection.labelled_cases import labelled_table
from trainer.evaluation.retraining.measure_bundle import measure_bundle
from trainer.evaluation.retraining.newest_part import NewestPart, cut_newest
from trainer.evaluation.retraining.results import RETRAINED, Comparison
from trainer.evaluation.retraining.verdict import RetrainingVerdict, judge
from trainer.run import Run
from trainer.train import train

FEW = 1_500
"""Collected readings up to which a bundle adopts: p-value tables that such few readings change would be worse."""


@dataclass(frozen=True)
class Retrained:
    """What came of a retraining.

    Parameters
    ----------
    comparison, verdict
        Both bundles on the newest part, and which one to keep.
    run
        The run folder of the new one; ``None``: it was not kept.
    id
        Id of the new bundle.
    written
        Whether the new bundle was written.
    """

    comparison: Comparison
    verdict: RetrainingVerdict
    run: Path | None
    id: str
    written: bool


class Retraining:
    """The files of a retraining, read and checked.

    Parameters
    ----------
    old
        The files that the running bundle was trained on, or more of them, from the oldest to the newest.
    collected
        What was collected since then, from the oldest to the newest.
    running
        The running bundle.
    station
        How the files are written; ``None``: as the bundle's station.
    progress
        Where the progress bar of a long CSV is drawn; ``None`` draws none.

    Raises
    ------
    BundleError
        The running bundle cannot be used.
    RecordError
        A file cannot be read as that station's readings.
    ExportError
        The running bundle is of a station with other columns, or has seen the collected readings.
    """

    def __init__(
        self,
        old: Sequence[Path],
        collected: Sequence[Path],
        running: str | os.PathLike[str],
        *,
        station: Station | None = None,
        progress: TextIO | None = None,
    ) -> None:
        self.path = running
        self.running = Bundle.open(running)
        self.running.verify()
        self.station = self.running.station if station is None else station
        if self.station.keys != self.running.station.keys:
            raise ExportError(
                f"{running}: got a bundle of {', '.join(self.running.station.keys)}, expected one of the station's "
                f"columns {', '.join(self.station.keys)}; fix: train a bundle with the new columns from the start"
            )
        self.collected = load_record(collected, self.station)
        self.old_files, self.new_files = tuple(old), tuple(collected)
        self.record = load_record([*old, *collected], self.station, progress=progress) if old else self.collected
        self.absent = 2 * len(self.collected.values) < len(self.collected.without_gas.values)

    @property
    def few(self) -> bool:
        """Whether there are too few collected readings to train again."""
        seen = self.collected.without_gas if self.absent else self.collected
        return int(seen.intact.sum()) < FEW

    @property
    def readings(self) -> int:
        """Collected readings."""
        return len((self.collected.without_gas if self.absent else self.collected).values)

    def adopt(self, output: str | os.PathLike[str], *, force: bool = False, clock: Clock | None = None) -> Adopted:
        """Write the running bundle with its level moved by the collected readings, if that makes it better.

        Raises
        ------
        ExportError
            There is no level to move, or the bundle cannot be written.
        """
        adopted = adopt(self.path, self.collected, clock=clock)
        if adopted.better or force:
            write_bundle(output, adopted.data)
        return adopted

    def retrain(
        self,
        output: str | os.PathLike[str],
        settings: Training,
        *,
        run: Path | None = None,
        force: bool = False,
        statistics: bool = False,
        processes: int = 1,
        progress: TextIO | None = None,
        clock: Clock | None = None,
    ) -> Retrained:
        """Train on everything but the newest part, compare both bundles on that, and write the new one if it is better.

        Parameters
        ----------
        output
            The new bundle.
        settings
            How to train.
        run
            Where to keep the run folder; ``None``: nowhere.
        force
            Write it even if it is not better.
        statistics
            Also write into the run what figures need.
        processes
            How many fits run at a time.
        progress
            Where progress bars are drawn; ``None`` draws none.
        clock
            Clock for the time that is written into the run.

        Raises
        ------
        TrainingError
            The earlier part cannot be trained on.
        ExportError
            The running bundle has seen the newest part, or the new one cannot be written.
        """
        part = cut_newest(self.record, self.collected, absent=self.absent)
        notes = self._unseen(part)
        labelled = [
            (table, load_record([file], self.station))
            for file in self.new_files
            if (table := labelled_table(file, self.station)) is not None
        ]
        with tempfile.TemporaryDirectory(prefix="davylamp-") as scratch:
            folder = Path(scratch) / "run" if run is None else run
            trained = train(
                part.earlier,
                settings,
                folder,
                statistics=statistics,
                processes=processes,
                progress=progress,
                clock=clock,
            )
            name = SCORER_ABSENT if self.absent else SCORER
            comparison = Comparison(
                old=measure_bundle(self.running.id, self.running.scoring(self.absent), part, labelled),
                new=measure_bundle("retrained", trained.scoring_models[name], part, labelled),
                readings=len(part.tested),
                since=part.since,
                until=part.until,
                trained=int(part.earlier.intact.sum()),
                notes=tuple(notes),
            )
            metrics = {**trained.metrics, RETRAINED: msgspec.to_builtins(comparison)}
            data = msgspec.json.format(msgspec.json.encode(metrics, order="sorted"), indent=2) + b"\n"
            write_bytes(folder / "metrics.json", data)
            verdict = judge(comparison)
            made = Path(scratch) / "new.davy"
            exported = export(Run.open(folder), made)
            write = verdict.keep_new or force
            if write:
                write_bundle(output, made.read_bytes())
        return Retrained(comparison, verdict, run, exported.id, write)

    def _unseen(self, part: NewestPart) -> list[str]:
        """Return notes on whether the running bundle may have seen the newest part.

        Raises
        ------
        ExportError
            It has.
        """
        data, until = self.running.manifest.data, _seen_until(self.running.manifest.metrics)
        if data.sha256 == _hash(self.old_files):
            return []
        if until is not None and part.since is not None and until <= part.since:
            return []
        if data.sha256 in (_hash([*self.old_files, *self.new_files]), _hash(self.new_files)) and until is None:
            raise ExportError(
                f"{self.path}: got a bundle that was trained on {', '.join(file.name for file in self.new_files)}, so "
                "there is nothing that it has not seen; fix: collect what came after it"
            )
        if part.since is not None and parse_time(self.running.manifest.created) <= part.since:
            return []
        if part.since is not None and until is not None and until >= part.since:
            return ["the old bundle has seen some of these readings, which flatters it"]
        return ["it is not known whether the old bundle has seen some of these readings, which would flatter it"]


def _seen_until(metrics: dict[str, Any]) -> float | None:
    """Return the time of the last reading that a retrained bundle was fitted on; ``None``: it is unknown."""
    comparison = Comparison.read(metrics)
    return None if comparison is None else comparison.since


def _hash(files: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()
