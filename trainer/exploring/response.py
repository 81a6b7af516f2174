"""How strongly a sensor responds to the gas, with its uncertainty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from config.settings.station import Station
from edge.arrays import Floats, Mask
from trainer.exploring.raw_record import RawRecord

LEAST = 60
"""Least complete rows for an estimate."""
_BLOCKS = 10
_TEMPERATURES = ("Cel", "K")
_RIDGE = 1e-8  # times the number of rows: keeps collinear climate columns solvable
_SIGNIFICANT = 1.96  # standard errors


@dataclass(frozen=True)
class GasResponse:
    """The exponent b of a sensor: reading = constant x gas^b, with climate and a linear drift accounted for.

    Parameters
    ----------
    key
        The sensor.
    exponent, error
        b and its standard error [-]; the error is from leaving out one block of time after the other (jackknife).
    explained
        Share of the variance of the sensor's (logarithmic) reading that gas, climate and drift explain.
    residual
        Standard deviation of the (logarithmic) reading that they leave unexplained.
    """

    key: str
    exponent: float
    error: float
    explained: float
    residual: float

    @property
    def responds(self) -> bool:
        """Whether the exponent differs from zero."""
        return abs(self.exponent) > _SIGNIFICANT * self.error


def responses(record: RawRecord, starts: Sequence[int]) -> tuple[GasResponse, ...]:
    """Estimate the response of every sensor; empty if the station has no gas column.

    Parameters
    ----------
    record
        The rows.
    starts
        Rows where episodes of gas begin. With five or more, the blocks left out begin there; otherwise they are ten
        blocks of equal length.
    """
    station = record.station
    if station.gas_index is None:
        return ()
    edges = [0, *starts] if len(starts) >= 5 else [record.rows * i // _BLOCKS for i in range(_BLOCKS)]
    found = []
    for j, feature in enumerate(station.features):
        if feature.role == "sensor":
            one = _response(record, j, edges)
            if one is not None:
                found.append(one)
    return tuple(found)


def residuals(record: RawRecord, sensor: int, fitted: Mask) -> Floats:
    """Return what gas and climate, without a drift, leave unexplained of a sensor [N]; nan where one is missing.

    Parameters
    ----------
    record
        The rows.
    sensor
        Column of the sensor.
    fitted
        Mask of the rows to fit on [N].
    """
    design = _design(record)[:, :-1]  # a drift would absorb the warm-up
    target = _flat(record.station, record.values, sensor)
    there = np.isfinite(design).all(axis=1) & np.isfinite(target)
    left = np.full(record.rows, np.nan)
    chosen = there & fitted
    if chosen.sum() < LEAST:
        return left
    weights = _solve(design[chosen].T @ design[chosen], design[chosen].T @ target[chosen], int(chosen.sum()))
    left[there] = target[there] - design[there] @ weights
    return left


def _response(record: RawRecord, sensor: int, edges: Sequence[int]) -> GasResponse | None:
    design, target = _design(record), _flat(record.station, record.values, sensor)
    there = np.isfinite(design).all(axis=1) & np.isfinite(target)
    if there.sum() < LEAST or np.ptp(target[there]) == 0 or np.ptp(design[there, 0]) == 0:
        return None
    block = (np.searchsorted(edges, np.flatnonzero(there), side="right") - 1).clip(0)
    x, y = design[there], target[there] - target[there].mean()
    grams, products = [], []
    for one in np.unique(block):
        rows = block == one
        grams.append(x[rows].T @ x[rows])
        products.append(x[rows].T @ y[rows])
    gram, product, count = np.sum(grams, axis=0), np.sum(products, axis=0), len(y)
    weights = _solve(gram, product, count)
    without = np.array([_solve(gram - g, product - p, count)[0] for g, p in zip(grams, products, strict=True)])
    blocks = len(without)
    error = np.sqrt((blocks - 1) / blocks * ((without - without.mean()) ** 2).sum()) if blocks > 1 else np.nan
    left = y - x @ weights
    return GasResponse(
        key=record.station.keys[sensor],
        exponent=float(weights[0]),
        error=float(error),
        explained=float(1 - left.var() / y.var()),
        residual=float(left.std()),
    )


def _design(record: RawRecord) -> Floats:
    """Return gas, climate, squared temperatures, one, and the row [N, P], all but the gas standardised."""
    station = record.station
    assert station.gas_index is not None
    climate = [j for j, feature in enumerate(station.features) if feature.role == "environment"]
    columns = [_unit(_flat(station, record.values, j)) for j in climate]
    squares = [
        column**2 for j, column in zip(climate, columns, strict=True) if station.features[j].unit in _TEMPERATURES
    ]
    gas = _logarithm(record.values[:, station.gas_index])
    row = np.linspace(-1.0, 1.0, record.rows)
    return np.column_stack(
        [gas - np.nanmean(gas) if np.isfinite(gas).any() else gas, *columns, *squares, np.ones(record.rows), row]
    )


def _flat(station: Station, values: Floats, column: int) -> Floats:
    """Return a column as it is fitted: a logarithmic one as its logarithm."""
    feature = station.features[column]
    one = values[:, column]
    return _logarithm(one) if feature.scale == "log" else one


def _logarithm(values: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(values > 0, np.log(values), np.nan)


def _unit(values: Floats) -> Floats:
    there = values[np.isfinite(values)]
    spread = there.std() if len(there) else 0.0
    return np.asarray((values - there.mean()) / spread) if spread > 0 else np.zeros_like(values)


def _solve(gram: Floats, product: Floats, count: int) -> Floats:
    return np.asarray(np.linalg.solve(gram + _RIDGE * count * np.eye(len(gram)), product))
