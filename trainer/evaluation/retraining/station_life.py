"""Measures a station's life: every bundle on every stretch of its record, its drift there, and its alarms by label."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TextIO

import numpy as np
from msgspec import Struct

from config.settings.station import Station
from edge.bundles.bundle import Bundle
from edge.clock import parse_time
from edge.collecting.collected_file import alarms_path
from trainer.data.phase import phase
from trainer.data.record import Record, load_record
from trainer.errors import TrainingError
from trainer.evaluation.ageing.exceedances import exceedances_of
from trainer.evaluation.ageing.results import ExceedanceCounts
from trainer.evaluation.retraining.life_drift import LifeDrift, measure_drift
from trainer.evaluation.retraining.results import Comparison
from trainer.scoring.measure import measure

STRETCHES = 48
"""Most stretches that a record is cut in; each is of one file."""
UNLABELLED = "no label"


class LifeStretch(Struct, frozen=True, kw_only=True):
    """Some readings that follow one another.

    Parameters
    ----------
    file
        The file that they are of.
    start, end
        Their numbers among all readings, the end exclusive.
    since, until
        Times of the first and the last, Unix time [s]; ``None`` where it is unknown.
    """

    file: str
    start: int
    end: int
    since: float | None
    until: float | None


@dataclass(frozen=True)
class BundleLife:
    """A bundle, and what it does on every stretch.

    Parameters
    ----------
    name
        Name of its file.
    bundle
        The bundle.
    counts
        Score -> its counts in each stretch, in the order of the requested rates.
    seen
        Whether it was fitted on a stretch.
    comparison
        What its retraining measured; ``None``: it was none.
    drift
        How far the station is from its training; ``None``: the bundle does not know how that was distributed.
    """

    name: str
    bundle: Bundle
    counts: dict[str, tuple[ExceedanceCounts, ...]]
    seen: tuple[bool, ...]
    comparison: Comparison | None
    drift: LifeDrift | None


class LifeAlarm(Struct, frozen=True, kw_only=True):
    """An alarm of the station.

    Parameters
    ----------
    kind
        What it was about.
    opened
        When, Unix time [s].
    duration
        How long it stood [s]; ``None``: it still does.
    label
        What people said, or :data:`UNLABELLED`.
    culprit
        Channel that was strangest; empty without one.
    """

    kind: str
    opened: float
    duration: float | None
    label: str
    culprit: str


@dataclass(frozen=True)
class StationLife:
    """A station's life.

    Parameters
    ----------
    station
        What its columns are.
    stretches
        The stretches, the oldest first.
    bundles
        Its bundles, the oldest first.
    alarms
        Its alarms, the oldest first.
    absent
        Whether the models without the gas column scored it, because a file hardly has a gas level.
    """

    station: Station
    stretches: tuple[LifeStretch, ...]
    bundles: tuple[BundleLife, ...]
    alarms: tuple[LifeAlarm, ...]
    absent: bool = False


def measure_life(bundles: Sequence[Path], files: Sequence[Path], *, progress: TextIO | None = None) -> StationLife:
    """Let every bundle score the whole life of its station.

    Parameters
    ----------
    bundles
        The bundles, in any order.
    files
        What the station sent, from the oldest to the newest. Of a collected file, the alarms beside it are read too.
    progress
        Where progress is drawn; ``None`` draws none.

    Raises
    ------
    BundleError
        A bundle cannot be used.
    RecordError
        A file cannot be read.
    TrainingError
        The bundles are of stations with different columns or units, or a file of alarms is damaged.
    """
    opened = sorted(
        ((path, Bundle.open(path)) for path in bundles), key=lambda one: parse_time(one[1].manifest.created)
    )
    station = opened[0][1].station
    for path, bundle in opened:
        if _columns(bundle.station) != _columns(station):
            raise TrainingError(
                f"{path}: got a bundle of {_columns(bundle.station)}, expected one of {_columns(station)}; "
                "fix: name bundles of one station"
            )
    record = load_record(files, station, progress=progress)
    per_file = zip(_rows(record), _rows(record.without_gas), strict=True)
    absent = any(2 * len(level) < len(every) for level, every in per_file)
    seen = record.without_gas if absent else record
    stretches = tuple(_stretches(seen))
    names = [path.name for path, _ in opened]
    lives = []
    for path, bundle in opened:
        name = path.name if names.count(path.name) == 1 else str(path)
        with phase(f"scoring by {name}", len(seen.values), progress):
            lives.append(_life(name, bundle, seen, stretches, absent=absent))
    return StationLife(station, stretches, tuple(lives), tuple(_alarms(files)), absent)


def _columns(station: Station) -> str:
    return ", ".join(f"{feature.key} [{feature.unit}]" for feature in station.features)


def _rows(record: Record) -> list[range]:
    """Return the rows of each file."""
    edges = [*np.searchsorted(record.places, record.file_starts).tolist(), len(record.values)]
    return [range(first, end) for first, end in pairwise(edges)]


def _stretches(record: Record) -> Iterator[LifeStretch]:
    for name, of_file in zip(record.files, _rows(record), strict=True):
        count = max(1, round(STRETCHES * len(of_file) / len(record.values)))
        for rows in np.array_split(of_file, count) if len(of_file) else ():
            time = np.zeros(0) if record.time is None else record.time[rows]
            known = time[np.isfinite(time)]
            yield LifeStretch(
                file=name,
                start=int(rows[0]),
                end=int(rows[-1]) + 1,
                since=float(known.min()) if len(known) else None,
                until=float(known.max()) if len(known) else None,
            )


def _life(name: str, bundle: Bundle, record: Record, stretches: Sequence[LifeStretch], *, absent: bool) -> BundleLife:
    scores = measure(bundle.scoring(absent), record, np.arange(len(record.values)))
    found = exceedances_of(bundle.scoring(absent), record, scores)
    spans = [(one.start, one.end) for one in stretches]
    places = [np.arange(*span) for span in spans]
    comparison = Comparison.read(bundle.manifest.metrics)
    border = None if comparison is None else comparison.since
    return BundleLife(
        name=name,
        bundle=bundle,
        counts={score: tuple(of.count(rows) for rows in places) for score, of in found.items()},
        seen=tuple(_seen(bundle, one, border) for one in stretches),
        comparison=comparison,
        drift=measure_drift(bundle, record, scores, spans, absent=absent),
    )


def _seen(bundle: Bundle, stretch: LifeStretch, border: float | None) -> bool:
    """Return whether a bundle was fitted on a stretch: by the border of its retraining, else by the file's name."""
    if stretch.since is not None and border is not None:
        return stretch.since < border
    if stretch.since is not None and stretch.since > parse_time(bundle.manifest.created):
        return False
    return stretch.file in bundle.manifest.data.files


def _alarms(files: Sequence[Path]) -> list[LifeAlarm]:
    """Return the alarms that ``davylamp collect`` wrote beside files, each as the last file has it."""
    found: dict[str, LifeAlarm] = {}
    for path in map(alarms_path, files):
        if not path.is_file():
            continue
        try:
            with path.open(encoding="utf-8", newline="") as file:
                for row in csv.DictReader(file):
                    found[row["id"]] = LifeAlarm(
                        kind=row["kind"],
                        opened=parse_time(row["opened"]),
                        duration=float(row["duration_s"]) if row["duration_s"] else None,
                        label=row["label"] or UNLABELLED,
                        culprit=row["culprit"],
                    )
        except (KeyError, TypeError, ValueError, csv.Error) as error:
            raise TrainingError(
                f"{path}: got a file that is not as davylamp collect writes it ({error}); fix: collect again, or move "
                "it away"
            ) from error
    return sorted(found.values(), key=lambda one: one.opened)
