"""Fits the scaler that networks and scores share."""

from __future__ import annotations

from typing import Literal

import numpy as np

from config.settings.station import Station
from edge.arrays import Floats, Mask
from edge.models.scaler import Scaler
from trainer.errors import TrainingError

RESOLVED = 1e-12
"""Least spread of a column, relative to its mean: some thousand numbers of double precision."""
NARROW = 1e-6
"""Spread of a logarithm below which a column is scaled linearly: the two are then alike, but it has more digits."""


def fit_scaler(values: Floats, station: Station, kind: Literal["log", "standard"], held: Mask | None = None) -> Scaler:
    """Fit a scaler on training rows.

    Parameters
    ----------
    values
        Training rows [N, F] in the station's units, without NaN.
    station
        The station, for the columns on a logarithmic scale.
    kind
        ``log``: logarithm of those columns (floored at 1e-3 of their median) unless they hardly vary beside their size,
        then z-scores; ``standard``: z-scores.
    held
        Cells that are no measurements, [N, F], and belong to no statistic; ``None``: all are.

    Raises
    ------
    TrainingError
        A column is constant on these rows, or varies by too little beside its size for double precision.
    """
    skipping = held is not None and bool(held.any())
    measured = values if held is None or not skipping else np.where(held, np.nan, values)
    middle = (np.nanmedian if skipping else np.median)(measured, axis=0)
    log = np.array([kind == "log" and feature.scale == "log" for feature in station.features])
    floor = np.where(log, 1e-3 * middle, 0.0)
    for index in np.flatnonzero(log & (floor <= 0)):
        name = station.names[index]
        raise TrainingError(
            f"{name}: got a median of {middle[index]:g} on the training rows, expected a positive one "
            "for scale: log; fix: set scale: linear for it in the station file"
        )
    scaled = measured.astype(np.float64, copy=True)
    scaled[:, log] = np.log(np.maximum(scaled[:, log], floor[log]))
    mean = (np.nanmean if skipping else np.mean)(scaled, axis=0)
    std = (np.nanstd if skipping else np.std)(scaled, axis=0)
    for index in np.flatnonzero(log & (std < NARROW)):
        log[index], floor[index] = False, 0.0
        column = measured[:, index]
        mean[index], std[index] = np.nanmean(column), np.nanstd(column)
    # Rounding gives a constant column a spread of about 1e-16 of its size.
    unmoved = np.flatnonzero(~(std > RESOLVED * np.maximum(np.abs(mean), np.finfo(np.float64).tiny)))
    least, most = (np.nanmin, np.nanmax) if skipping else (np.min, np.max)
    constant = [station.names[index] for index in unmoved if least(measured[:, index]) == most(measured[:, index])]
    if constant:
        raise TrainingError(
            f"{', '.join(constant)}: got the same value on every training row, expected a column that varies; "
            "fix: remove it from the station file, or train on a record in which it moves"
        )
    for index in unmoved:
        raise TrainingError(
            f"{station.names[index]}: got values that vary by {std[index]:.1g} about {mean[index]:.6g}, expected at "
            f"least {RESOLVED:.0e} of that, which double precision can resolve; fix: subtract an offset from the "
            "column, or remove it from the station file"
        )
    return Scaler(
        scale=tuple("log" if one else "linear" for one in log),
        floor=tuple(floor.tolist()),
        mean=tuple(mean.tolist()),
        std=tuple(std.tolist()),
    )
