"""Fits the virtual gas: which sensors respond to the gas, and the level that they indicate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from config.settings.station import Feature, Station
from edge.arrays import Floats, Indices
from edge.models.virtual_gas import VirtualGas

RESPONDS = 0.5
"""Least partial correlation with the gas of a responsive sensor."""

NOISE = 0.02
"""Relative error of a sensor that the fit allows for. On climates that were not trained on, the error of the level is
the same from .02 to .03, and larger without it and from .05 on."""

_RIDGE = 10.0  # on standardised predictors
_TEMPERATURES = ("Cel", "K")
_FLOOR = 1e-3  # share of the median below which levels are not distinguished


@dataclass(frozen=True)
class VirtualGasFit:
    """The virtual gas, or ``None`` and a sentence that gives the reason; and for each fold that of the other rows."""

    virtual: VirtualGas | None
    note: str | None = None
    folds: tuple[VirtualGas, ...] = ()


def fit_virtual_gas(
    values: Floats, scaled: Floats, station: Station, columns: Sequence[int], folds: Sequence[Indices]
) -> VirtualGasFit:
    """Regress the logarithm of the gas level on the sensors, the climate and the squared temperatures.

    The fit is a ridge regression. Sensors on a logarithmic scale are taken to be ``NOISE`` wrong (errors in variables),
    so that no two of them are weighed against one another for a difference that another climate would not show. A
    sensor responds if its partial correlation with the logarithm of the level, given the climate, exceeds .5 in
    absolute value. All sensors are predictors: those that do not respond show the drift that they share with the
    others.

    Parameters
    ----------
    values
        Training rows [N, station.size] in the station's units.
    scaled
        The same rows, scaled for the scoring model, [N, F].
    station
        The station, for roles, units and keys of its columns.
    columns
        The scoring model's columns, as indices into the station's.
    folds
        Row numbers of ``values`` by fold; the standard deviation is that of the errors on left-out folds.

    Returns
    -------
    VirtualGasFit
        Without a virtual gas if the station has no gas column or no sensor, or if no sensor responds.
    """
    roles = [station.features[i].role for i in columns]
    sensors = [j for j, role in enumerate(roles) if role == "sensor"]
    climate = [j for j, role in enumerate(roles) if role == "environment"]
    if station.gas_index is None:
        return VirtualGasFit(None, "no virtual gas: the station has no gas column to learn it from")
    gas = station.gas
    if not sensors:
        return VirtualGasFit(None, f"no virtual gas: the station has no column with role: sensor that could tell {gas}")
    level = values[:, station.gas_index]
    if not np.median(level) > 0:
        return VirtualGasFit(
            None, f"no virtual gas: {gas} has a median of {np.median(level):g}, which has no logarithm"
        )
    level = np.maximum(level, _FLOOR * np.median(level))
    target = np.log(level)
    squares = [j for j in climate if station.features[columns[j]].unit in _TEMPERATURES]
    given = np.column_stack([scaled[:, climate], np.square(scaled[:, squares]), np.ones(len(scaled))])
    responsive = tuple(
        station.keys[columns[j]]
        for j in sensors
        if abs(_correlation(_regression_residuals(given, target), _regression_residuals(given, scaled[:, j])))
        > RESPONDS
    )
    if not responsive:
        names = ", ".join(station.keys[columns[j]] for j in sensors)
        return VirtualGasFit(None, f"no virtual gas, and no onset: none of {names} responds to {gas}")
    predictors = sensors + climate
    design = np.column_stack([scaled[:, predictors], np.square(scaled[:, squares])])
    noise = np.zeros(design.shape[1])
    noise[: len(sensors)] = [_noise(values[:, columns[j]], scaled[:, j], station.features[columns[j]]) for j in sensors]
    weights, intercept = _ridge(design, target, noise)
    misses, fits = [target - design @ weights - intercept], []
    for fold in folds:
        others = np.setdiff1d(np.arange(len(target)), fold)
        fits.append(_ridge(design[others], target[others], noise))
        slope, offset = fits[-1]
        misses.append(target[fold] - design[fold] @ slope - offset)
    out_of_fold = np.concatenate(misses[1:]) if folds else misses[0]
    virtual = VirtualGas(
        columns=tuple(predictors),
        squares=tuple(squares),
        weights=weights,
        intercept=intercept,
        # By chance, left-out folds may have smaller errors than the whole.
        sd=max(_root_mean_square(out_of_fold), _root_mean_square(misses[0])),
        low=float(level.min()),
        high=float(level.max()),
        responsive=responsive,
    )
    return VirtualGasFit(
        virtual, folds=tuple(replace(virtual, weights=slope, intercept=offset) for slope, offset in fits)
    )


def _noise(values: Floats, scaled: Floats, feature: Feature) -> float:
    """Return the standard deviation of a sensor's error in scaled units; 0 if its scale is linear."""
    if feature.scale != "log":
        return 0.0
    spread = float(np.log(np.maximum(values, np.finfo(float).tiny)).std())
    return NOISE * float(scaled.std()) / spread if spread > 0 else 0.0


def _ridge(design: Floats, target: Floats, noise: Floats) -> tuple[Floats, float]:
    """Return weights and intercept for unscaled predictors, penalised as if these were standardised.

    ``noise`` is the standard deviation of each predictor's own error: its variance is added to the Gram matrix, as if
    every row had come with many such errors (Bishop, Neural Computation 7 (1995) 108-116).
    """
    mean, spread = design.mean(axis=0), np.maximum(design.std(axis=0), 1e-9)
    standard = (design - mean) / spread
    gram = standard.T @ standard + np.diag(_RIDGE + len(target) * (noise / spread) ** 2)
    weights = np.linalg.solve(gram, standard.T @ (target - target.mean())) / spread
    return weights, float(target.mean() - mean @ weights)


def _regression_residuals(given: Floats, target: Floats) -> Floats:
    """Return the residuals of a regression of ``target`` on ``given``."""
    return np.asarray(target - given @ np.linalg.lstsq(given, target, rcond=None)[0])


def _correlation(one: Floats, other: Floats) -> float:
    size = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / size if size > 0 else 0.0


def _root_mean_square(values: Floats) -> float:
    return float(np.sqrt(np.mean(values**2)))
