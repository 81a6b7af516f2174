"""Measures what rows are worth for a downstream task: a regression of the gas that is trained on them."""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from config.settings.station import Station
from edge.arrays import Floats


class Regression(Struct, frozen=True, kw_only=True):
    """How well the gas is predicted from the other columns on real held-out rows.

    Parameters
    ----------
    r2
        Coefficient of determination [-].
    rmse
        Root mean squared error, in the gas's unit.
    tail_rmse
        The same over the rows whose gas is above the 90 % quantile of the held-out rows.
    """

    r2: float
    rmse: float
    tail_rmse: float


def regress(train: Floats, test: Floats, station: Station, *, seed: int) -> Regression:
    """Fit gradient-boosted trees on rows and test them on others: train on synthetic, test on real (TSTR).

    Source: Esteban, Hyland and Rätsch, 2017. Every row has the same weight.

    Parameters
    ----------
    train
        Rows to fit on [N, F]: real, synthetic or both, in the station's units.
    test
        Real rows [M, F] that neither the regression nor the synthesiser was fitted on.
    station
        A station with a gas column.
    seed
        Seed of the trees.

    Raises
    ------
    ValueError
        The station has no gas column.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor  # slow to import, and needed only here

    gas = station.gas_index
    if gas is None:
        raise ValueError(f"station: got {station.name!r} without a gas column, expected one to regress")
    truth = test[:, gas]
    # Trees this small are no faster on more threads, and many times slower when other processes need the processor.
    with threadpool_limits(1):
        trees = HistGradientBoostingRegressor(random_state=seed).fit(np.delete(train, gas, axis=1), train[:, gas])
        squares = (trees.predict(np.delete(test, gas, axis=1)) - truth) ** 2
    return Regression(
        r2=float(1 - squares.mean() / truth.var()),
        rmse=float(np.sqrt(squares.mean())),
        tail_rmse=float(np.sqrt(squares[truth >= np.quantile(truth, 0.9)].mean())),
    )
