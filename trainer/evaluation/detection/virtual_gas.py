"""Bins the virtual gas, made from the other columns, against the gas column on held-out rows."""

from __future__ import annotations

import numpy as np

from edge.arrays import Floats
from edge.models.scoring_model import ScoringModel
from trainer.data.record import Record
from trainer.data.splits import chunks
from trainer.evaluation.detection.curves import VirtualGasCurve
from trainer.evaluation.detection.folds import Fold
from trainer.scoring.virtual_gas import fit_virtual_gas
from trainer.statistics.binning import axis, joint_histogram

BANDS = 25
"""Bins of the reference, with equally many rows each."""
BINS = 480
"""Most bins of the held-out rows, about."""


def virtual_gas_curve(record: Record, fold: Fold, model: ScoringModel, *, folds: int) -> VirtualGasCurve | None:
    """Bin virtual and reference gas of the held-out rows; ``None`` if the model has no virtual gas.

    Parameters
    ----------
    record
        Record of a station with a gas column.
    fold
        Which of its rows are held out.
    model
        Model fitted on the training rows without the gas column. Its virtual gas is fitted again here.
    folds
        Contiguous chunks of the training rows, each left out once; their errors give the band its width.
    """
    station, gas = record.station, record.station.gas_index
    scaled = model.scaler.forward(record.values[:, model.columns])
    train, test = record.intact_rows(fold.train), fold.test[fold.judged]
    parts = [np.searchsorted(train, part) for part in chunks(record, folds, train)]
    fitted = fit_virtual_gas(record.values[train], scaled[train], station, model.columns, parts).virtual
    if fitted is None or gas is None:
        return None
    reference, virtual = record.values[:, gas], np.exp(fitted.log_level(scaled))
    feature = station.features[gas]
    held, made = reference[test], virtual[test]
    both = axis(feature.key, feature.unit, "log", np.concatenate([held, made]))
    bands = [band for band in np.array_split(np.argsort(held, kind="stable"), BANDS) if len(band)]
    low, median, high = np.array([np.quantile(made[band], [0.1, 0.5, 0.9]) for band in bands]).T
    width = -(-len(fold.test) // BINS)
    starts = [(row, min(row + width, end)) for start, end in fold.spans for row in range(start, end, width)]
    breaks = {end for _, end in fold.spans}
    lines = [line for start, end in starts for line in _line(start, end, reference, virtual, broken=end in breaks)]
    row, line, means = np.array(lines, dtype=np.float64).T
    return VirtualGasCurve(
        axis=both,
        joint=joint_histogram(both, held, both, made),
        reference=np.array([np.median(held[band]) for band in bands]),
        low=low,
        median=median,
        high=high,
        sd=fitted.sd,
        row=row,
        line=line,
        virtual=means,
    )


def _line(
    start: int, end: int, reference: Floats, virtual: Floats, *, broken: bool
) -> list[tuple[float, float, float]]:
    """Return a bin of both lines, followed by a gap where a block ends."""
    line = (float(start), float(reference[start:end].mean()), float(virtual[start:end].mean()))
    return [line, (float(end), np.nan, np.nan)] if broken else [line]
