"""Trains a station's bundle again, with what its gateway has collected, and says whether the new one is to be used."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import msgspec

from config.atomic import write_bytes
from config.settings.training import Training
from edge.bundles.bundle import Bundle
from edge.bundles.file_station import file_station
from edge.bundles.manifest import SCORER, SCORER_ABSENT
from edge.clock import Clock, parse_time
from export.adopt import Adopted, adopt, write_bundle
from export.errors import ExportError
from export.export import export
from trainer.data.record import Record, load_record
from trainer.errors import TrainingError
from trainer.evaluation.detection.labelled_cases import labelled_tables
from trainer.evaluation.retraining.measure_bundle import measure_bundle
from trainer.evaluation.retraining.newest_part import NewestPart, cut_newest, newer_rows, nothing_newer
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
        What was collected since then, from the oldest to the newest; it may overlap with the old files.
    running
        The running bundle.
    station
        Station file that says how the files are written; ``None``: as the bundle's station.
    progress
        Where the progress bar of a long CSV is drawn; ``None`` draws none.

    Raises
    ------
    BundleError
        The running bundle cannot be used.
    ConfigError
        The station file is wrong, or has other columns or units than the bundle.
    RecordError
        A file cannot be read as that station's readings.
    TrainingError
        Nothing that was collected is newer than the old files.
    """

    def __init__(
        self,
        old: Sequence[Path],
        collected: Sequence[Path],
        running: str | os.PathLike[str],
        *,
        station: Path | None = None,
        progress: TextIO | None = None,
    ) -> None:
        self.path = running
        self.running = Bundle.open(running)
        self.running.verify()
        ratio = self.running.station.ratio
        self.station = msgspec.structs.replace(file_station(self.running, station), ratio=ratio)
        self.old_files, self.new_files = tuple(old), tuple(collected)
        self.record = load_record([*old, *collected], self.station, progress=progress)
        self.old = load_record(old, self.station, progress=progress) if old else None
        newer, without = newer_rows(self.record, self.old), newer_rows(self.record.without_gas, self.old)
        if self.old is not None and not len(newer) and not len(without):
            raise TrainingError(nothing_newer(self.record, self.old))
        self.absent = 2 * len(newer) < len(without)
        self._newer = newer
        self.readings = len(without if self.absent else newer)
        intact = self.record.without_gas.intact[without] if self.absent else self.record.intact[newer]
        self.few = int(intact.sum()) < FEW

    def adopt(self, output: str | os.PathLike[str], *, force: bool = False, clock: Clock | None = None) -> Adopted:
        """Write the running bundle with its level moved by the collected readings, if that makes it better.

        Raises
        ------
        ExportError
            There is no level to move, or the bundle cannot be written.
        """
        adopted = adopt(self.path, self.record.take(self._newer), clock=clock)
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
            There are no old files, the earlier part cannot be trained on, or the newest one not compared on.
        ExportError
            The running bundle has seen the newest part, or the new one cannot be written.
        """
        if self.old is None:
            raise TrainingError(
                "got no old files, expected those that the bundle was trained on: what was collected says nothing of "
                "other seasons; fix: davylamp retrain OLD.csv --collected ..., or --adopt"
            )
        part = cut_newest(self.record, self.old, absent=self.absent)
        doubt = self._doubt(part, self.old)
        labelled = [(table, self.record) for table in labelled_tables(self.new_files, self.station)]
        before = measure_bundle(self.running.id, self.running.scoring(self.absent), part, labelled)
        if not before.budget:  # said before minutes of training
            raise TrainingError(
                f"{', '.join(file.name for file in self.new_files)}: got {len(part.tested):,} newest readings of which "
                "none has a score, expected some that follow one another: gaps, or cells that are missing; fix: see "
                "what is said of the file above, and collect more"
            )
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
            fitted = part.earlier.without_gas if self.absent else part.earlier
            comparison = Comparison(
                old=before,
                new=measure_bundle("retrained", trained.scoring_models[name], part, labelled),
                readings=len(part.tested),
                since=part.since,
                until=part.until,
                trained=int(fitted.intact.sum()),
                notes=tuple(self._notes(doubt, trained.metrics)),
                unseen=doubt is None,
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

    def _doubt(self, part: NewestPart, old: Record) -> str | None:
        """Return why the running bundle may have seen the newest part; ``None``: it has not.

        Raises
        ------
        ExportError
            It has.
        """
        data, until = self.running.manifest.data, _seen_until(self.running.manifest.metrics)
        first = (_hash(self.old_files[:count]) for count in range(1, len(self.old_files)))
        if data.sha256 in (old.sha256, *first):  # of which no reading is in the newest part
            return None
        if until is not None and part.since is not None and until <= part.since:
            return None
        if data.sha256 in (self.record.sha256, _hash(self.new_files)) and until is None:
            raise ExportError(
                f"{self.path}: got a bundle that was trained on {', '.join(file.name for file in self.new_files)}, so "
                "there is nothing that it has not seen; fix: collect what came after it"
            )
        if part.since is not None and parse_time(self.running.manifest.created) <= part.since:
            return None
        if part.since is not None and until is not None:
            return "the old bundle has seen some of these readings, which flatters it"
        return "it is not known whether the old bundle has seen some of these readings, which would flatter it"

    def _notes(self, doubt: str | None, metrics: dict[str, Any]) -> Iterator[str]:
        """Yield sentences about what the comparison does not show."""
        if doubt is not None:
            yield doubt
        if self.station.name != self.running.station.name:
            yield f"the old bundle was trained for {self.running.station.name}, the new one is for {self.station.name}"
        if "thinned" in metrics:
            yield f"the new one: {metrics['thinned']}"


def _seen_until(metrics: dict[str, Any]) -> float | None:
    """Return the time of the last reading that a retrained bundle was fitted on; ``None``: it is unknown."""
    comparison = Comparison.read(metrics)
    return None if comparison is None else comparison.since


def _hash(files: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()
