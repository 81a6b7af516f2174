"""Fit virtual gas: which sensors respond to the gas, and what level they speak of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from config.settings.station import Station
from edge.arrays import Floats, Indices
from edge.models.virtual_gas import VirtualGas

RESPONDS = 0.5
"""Least partial correlation of a sensor that responds."""

_RIDGE = 10.0  # on standardised predictors
_TEMPERATURES = ("Cel", "K")
_FLOOR = 1e-3  # of the median, below which no level is distinguished


@dataclass(frozen=True)
class VirtualGasFit:
    """The virtual gas, or ``None`` and a sentence why there is none."""

    virtual: VirtualGas | None
    note: str | None = None


def fit_virtual_gas(
    values: Floats, scaled: Floats, station: Station, columns: Sequence[int], folds: Sequence[Indices]
) -> VirtualGasFit:
    """Regress the logarithm of the gas level on the sensors, the climate and the squared temperatures.

    A ridge regression. A sensor responds when its partial correlation with the logarithm of the level, given the
    climate, exceeds .5 in size. All sensors take part: those that do not respond say what the others' drift is.

    Parameters
    ----------
    values
        Training rows [N, station.size] in the station's units.
    scaled
        The same rows as the scoring model sees them, [N, F].
    station
        Roles, units and keys of its columns.
    columns
        The scoring model's columns, as indices into the station's.
    folds
        Row numbers of ``values`` by fold: the standard deviation is that of the folds that are left out.

    Returns
    -------
    Fitted
        Without virtual gas where the station has no gas column or no sensor, or where none of them responds.
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
        if abs(_correlation(_left(given, target), _left(given, scaled[:, j]))) > RESPONDS
    )
    if not responsive:
        names = ", ".join(station.keys[columns[j]] for j in sensors)
        return VirtualGasFit(None, f"no virtual gas, and no onset: none of {names} responds to {gas}")
    predictors = sensors + climate
    design = np.column_stack([scaled[:, predictors], np.square(scaled[:, squares])])
    weights, intercept = _ridge(design, target)
    misses = [target - design @ weights - intercept]
    for fold in folds:
        others = np.setdiff1d(np.arange(len(target)), fold)
        slope, offset = _ridge(design[others], target[others])
        misses.append(target[fold] - design[fold] @ slope - offset)
    out_of_fold = np.concatenate(misses[1:]) if folds else misses[0]
    return VirtualGasFit(
        VirtualGas(
            columns=tuple(predictors),
            squares=tuple(squares),
            weights=weights,
            intercept=intercept,
            # Chance may let folds look better than the whole.
            sd=max(_root_mean_square(out_of_fold), _root_mean_square(misses[0])),
            low=float(level.min()),
            high=float(level.max()),
            responsive=responsive,
        )
    )


def _ridge(design: Floats, target: Floats) -> tuple[Floats, float]:
    """Weights and intercept for predictors as they are, penalised as if they were standardised."""
    mean, spread = design.mean(axis=0), np.maximum(design.std(axis=0), 1e-9)
    standard = (design - mean) / spread
    gram = standard.T @ standard + _RIDGE * np.eye(design.shape[1])
    weights = np.linalg.solve(gram, standard.T @ (target - target.mean())) / spread
    return weights, float(target.mean() - mean @ weights)


def _left(given: Floats, target: Floats) -> Floats:
    """What a regression on ``given`` leaves of ``target``."""
    return np.asarray(target - given @ np.linalg.lstsq(given, target, rcond=None)[0])


def _correlation(one: Floats, other: Floats) -> float:
    size = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / size if size > 0 else 0.0


def _root_mean_square(values: Floats) -> float:
    return float(np.sqrt(np.mean(values**2)))
