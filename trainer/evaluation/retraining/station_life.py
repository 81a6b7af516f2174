"""Measures a station's life: every bundle on every stretch of its record, drift, and its alarms by label."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from msgspec import Struct

from config.settings.station import Station
from edge.arrays import Floats
from edge.bundles.bundle import Bundle
from edge.clock import parse_time
from edge.collecting.collected_file import alarms_path
from trainer.data.record import Record, load_record
from trainer.errors import TrainingError
from trainer.evaluation.ageing.exceedances import exceedances_of
from trainer.evaluation.ageing.results import ExceedanceCounts
from trainer.evaluation.retraining.results import Comparison

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
    """

    name: str
    bundle: Bundle
    counts: dict[str, tuple[ExceedanceCounts, ...]]
    seen: tuple[bool, ...]
    comparison: Comparison | None


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
    reference
        What drift is measured from: the first bundle's training, or the first file if that is not in the record.
    shift
        How far each column's median lies from that of the reference, in its spread [stretches, F].
    alarms
        Its alarms, the oldest first.
    """

    station: Station
    stretches: tuple[LifeStretch, ...]
    bundles: tuple[BundleLife, ...]
    reference: str
    shift: Floats
    alarms: tuple[LifeAlarm, ...]


def measure_life(bundles: Sequence[Path], files: Sequence[Path]) -> StationLife:
    """Let every bundle score the whole life of its station.

    Parameters
    ----------
    bundles
        The bundles, in any order.
    files
        What the station sent, from the oldest to the newest. Of a collected file, the alarms beside it are read too.

    Raises
    ------
    BundleError
        A bundle cannot be used.
    RecordError
        A file cannot be read.
    TrainingError
        The bundles are of stations with different columns.
    """
    opened = sorted(
        ((path, Bundle.open(path)) for path in bundles), key=lambda one: parse_time(one[1].manifest.created)
    )
    station = opened[0][1].station
    for path, bundle in opened:
        if bundle.station.keys != station.keys:
            raise TrainingError(
                f"{path}: got a bundle of {', '.join(bundle.station.keys)}, expected one of {', '.join(station.keys)}; "
                "fix: name bundles of one station"
            )
    record = load_record(files, station)
    absent = 2 * len(record.values) < len(record.without_gas.values)
    seen = record.without_gas if absent else record
    stretches = tuple(_stretches(seen))
    lives = tuple(_life(path, bundle, seen, stretches, absent=absent) for path, bundle in opened)
    trained = any(lives[0].seen)
    reference = "the training of the first bundle" if trained else stretches[0].file or "the first file"
    mine = lives[0].seen if trained else tuple(one.file == stretches[0].file for one in stretches)
    shift = _shift(seen, stretches, lives[0], mine)
    return StationLife(station, stretches, lives, reference, shift, tuple(_alarms(files)))


def _stretches(record: Record) -> Iterator[LifeStretch]:
    names = record.files if len(record.files) == len(record.parts) else ("",) * len(record.parts)
    for name, (first, last) in zip(names, record.parts, strict=True):
        count = max(1, round(STRETCHES * (last - first) / len(record.values)))
        for rows in np.array_split(np.arange(first, last), count):
            time = np.zeros(0) if record.time is None else record.time[rows]
            known = time[np.isfinite(time)]
            yield LifeStretch(
                file=name,
                start=int(rows[0]),
                end=int(rows[-1]) + 1,
                since=float(known.min()) if len(known) else None,
                until=float(known.max()) if len(known) else None,
            )


def _life(path: Path, bundle: Bundle, record: Record, stretches: Sequence[LifeStretch], *, absent: bool) -> BundleLife:
    found = exceedances_of(bundle.scoring(absent), record)
    places = [np.arange(one.start, one.end) for one in stretches]
    comparison = Comparison.read(bundle.manifest.metrics)
    border = None if comparison is None else comparison.since
    return BundleLife(
        name=path.name,
        bundle=bundle,
        counts={score: tuple(of.count(rows) for rows in places) for score, of in found.items()},
        seen=tuple(
            one.file in bundle.manifest.data.files if border is None or one.since is None else one.since < border
            for one in stretches
        ),
        comparison=comparison,
    )


def _shift(record: Record, stretches: Sequence[LifeStretch], first: BundleLife, mine: Sequence[bool]) -> Floats:
    """Return the shift of every column [stretches, F] from the stretches that are the reference."""
    forward = first.bundle.scaler.forward(record.values)
    rows = np.concatenate([np.arange(one.start, one.end) for one, own in zip(stretches, mine, strict=True) if own])
    middle = np.median(forward[rows], axis=0)
    spread = np.maximum(1.4826 * np.median(np.abs(forward[rows] - middle), axis=0), 1e-9)
    medians = [np.median(forward[one.start : one.end], axis=0) for one in stretches]
    return np.asarray((np.array(medians) - middle) / spread)


def _alarms(files: Sequence[Path]) -> Iterator[LifeAlarm]:
    """Yield the alarms that ``davylamp collect`` wrote beside files, each once."""
    known: set[str] = set()
    found = []
    for path in map(alarms_path, files):
        if not path.is_file():
            continue
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if row.get("id") in known or not row.get("opened"):
                    continue
                known.add(row["id"])
                found.append(
                    LifeAlarm(
                        kind=row.get("kind", ""),
                        opened=parse_time(row["opened"]),
                        duration=float(row["duration_s"]) if row.get("duration_s") else None,
                        label=row.get("label") or UNLABELLED,
                        culprit=row.get("culprit") or "",
                    )
                )
    yield from sorted(found, key=lambda one: one.opened)
