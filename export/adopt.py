"""Makes a bundle fit a station of which only few readings are known: its level moves, its networks and tables stay.

Tables that are made from few readings are wrong by far more than those of another time are; thresholds follow the
station, so they need no other table. What few readings with a gas level do show is by how much the virtual gas level
is off: one number, the median difference of the logarithms.
"""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from config.atomic import write_bytes
from edge.arrays import Floats
from edge.bundles.archive import pack, read_bundle, unpack
from edge.bundles.bundle import Bundle
from edge.clock import Clock, SystemClock, rfc3339
from edge.models.background import LOG_STEP
from edge.models.scoring_model import ScoringModel
from export.errors import ExportError
from trainer.data.record import Record

ADOPTED = "adopted"
"""Key in the manifest's metrics of what was moved."""
LEAST_REFERENCE = 60
"""Least readings that a level is moved by; more do not change it much."""


@dataclass(frozen=True)
class Adopted:
    """A bundle whose virtual gas level was moved.

    Parameters
    ----------
    data
        The file.
    id
        Id of the bundle.
    factor
        What the level is multiplied by [-].
    before, after
        Median distance of the virtual from the measured level, as a factor less 1, on the newest third of the readings,
        which the factor was not taken from [-].
    readings
        Readings that the factor was taken from.
    """

    data: bytes
    id: str
    factor: float
    before: float
    after: float
    readings: int

    @property
    def better(self) -> bool:
        """Whether the level is nearer than before, on readings that the factor was not taken from."""
        return self.after < self.before

    @property
    def why(self) -> str:
        """Which bundle to keep, and why."""
        if self.better:
            return "keep the new bundle: its level is nearer"
        if self.after == self.before:
            return "keep the old bundle: its level is right already"
        return "keep the old bundle: its level is nearer"


def adopt(path: str | os.PathLike[str], record: Record, *, clock: Clock | None = None) -> Adopted:
    """Move the virtual gas level of a bundle by what a station's few readings show.

    Parameters
    ----------
    path
        The running bundle.
    record
        Readings with a gas level.
    clock
        Clock for the time that is written into the new bundle.

    Raises
    ------
    ExportError
        The bundle has no virtual gas level, or there are too few readings with a gas level.
    BundleError
        The bundle cannot be used.
    """
    data = read_bundle(path)
    contents, bundle = unpack(data, str(path)), Bundle.load(data, str(path))
    names = [name for name in bundle.manifest.scorers if bundle.scoring(name != "scorer").virtual is not None]
    if not names or bundle.station.gas_index is None:
        raise ExportError(
            f"{path}: has no virtual gas level that few readings could move; fix: collect more readings, and let the "
            "thresholds follow meanwhile"
        )
    values = record.values[record.intact]
    if len(values) < LEAST_REFERENCE:
        raise ExportError(
            f"{', '.join(record.files) or 'record'}: got {len(values)} collected readings with a gas level, expected "
            f"at least {LEAST_REFERENCE} to move the virtual level by; fix: collect more; meanwhile thresholds follow"
        )
    gas = np.log(np.maximum(values[:, bundle.station.gas_index], np.finfo(np.float64).tiny))
    cut = max(LEAST_REFERENCE // 2, 2 * len(values) // 3)
    tables = dict(bundle.tables)
    off: dict[str, Floats] = {}
    steps: dict[str, float] = {}
    for name in names:
        distance = gas - _log_level(bundle.scoring(name != "scorer"), values)
        off[name] = distance
        scalars = np.array(tables[f"{name}/virtual/scalars"], dtype=np.float64)
        # By whole steps of the grid that backgrounds are kept on: the onset, a difference of levels, stays as it is.
        steps[name] = LOG_STEP * round(float(np.median(distance[:cut])) / LOG_STEP)
        scalars[0] += steps[name]
        tables[f"{name}/virtual/scalars"] = scalars
    shown = off[names[-1]]  # that of the stations without an analyser
    moved = steps[names[-1]]
    before, after = (float(np.expm1(np.median(np.abs(shown[cut:] - by)))) for by in (0.0, moved))
    metrics = {
        **bundle.manifest.metrics,
        ADOPTED: {
            "from": bundle.id,
            "readings": cut,
            "factor": float(np.exp(moved)),
            "before": before,
            "after": after,
        },
    }
    manifest = msgspec.structs.replace(
        bundle.manifest, created=rfc3339((clock or SystemClock()).now()), metrics=metrics, members={}
    )
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **dict(sorted(tables.items())))
    packed = pack(manifest, {**contents.members, "tables.npz": buffer.getvalue()})
    adopted = Bundle.load(packed, str(path))
    adopted.verify()
    return Adopted(packed, adopted.id, float(np.exp(moved)), before, after, cut)


def write_bundle(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a bundle whole or not at all; raises ExportError if it cannot be written."""
    try:
        write_bytes(Path(path), data)
    except OSError as error:
        raise ExportError(f"{path}: cannot be written: {error.strerror}; fix: another path after -o") from error


def _log_level(model: ScoringModel, values: Floats) -> Floats:
    """Return the logarithm of the virtual level [N], from its first readings on."""
    assert model.virtual is not None
    return model.virtual.log_level(model.scaler.forward(values[:, model.columns]))
