"""Fits what stands in for the gas column where it is missing: the virtual gas and its onset."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge.arrays import Indices, Mask
from edge.models.scoring_model import ScoringModel
from trainer.data.record import Record
from trainer.scoring.onset import OnsetCalibration, calibrate_onset
from trainer.scoring.virtual_gas import VirtualGasFit, fit_virtual_gas


def fit_gas(
    record: Record, rows: Indices, model: ScoringModel, parts: Sequence[Indices]
) -> tuple[VirtualGasFit, OnsetCalibration]:
    """Fit the virtual gas on rows, and calibrate its onset on each part by what the others give.

    Parameters
    ----------
    record
        Rows of a station.
    rows
        Row numbers to fit on, in order; those with a held cell, or without a gas level, are part of the memory only.
    model
        The scoring model, for its columns, scaler and windows.
    parts
        The rows in contiguous parts, each left out once.

    Returns
    -------
    VirtualGasFit, OnsetCalibration
        Without a virtual gas there is no onset either, for the same reason.
    """
    scaled = model.scaler.forward(record.values[rows][:, model.columns])
    levelled = _has_level(record, rows)
    known = rows[levelled]
    virtual = fit_virtual_gas(
        record.values[known],
        scaled[levelled],
        record.station,
        model.columns,
        [np.searchsorted(known, part[_has_level(record, part)]) for part in parts],
    )
    if virtual.virtual is None:
        return virtual, OnsetCalibration(None, refused=virtual.note)
    return virtual, calibrate_onset(record, rows, scaled, list(zip(parts, virtual.folds, strict=True)), model.windows)


def _has_level(record: Record, rows: Indices) -> Mask:
    """Return which rows [N] have no held cell and, at a station with a gas column, a gas level."""
    gas = record.station.gas_index
    intact = record.intact[rows]
    return intact if gas is None else np.asarray(intact & np.isfinite(record.values[rows, gas]))
