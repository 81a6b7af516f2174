"""Checks whether the water mole fraction of synthetic rows agrees with their temperature and humidity."""

from __future__ import annotations

import numpy as np

from config.settings.station import Station
from edge.arrays import Floats
from edge.moisture import magnus

USUAL = 0.99


def moisture_broken(train: Floats, rows: Floats, station: Station) -> float:
    """Return the share of rows whose water is at odds with the water that temperature and humidity imply.

    In such a row the logarithm of their ratio is further from the training rows' median than in 99 % of the training
    rows, so the nominal share is .010. nan for a station without such columns.

    Parameters
    ----------
    train
        Training rows [N, F] in the station's units.
    rows
        Synthetic rows [M, F] in the station's units.
    station
        Its ``ratio`` names the columns.
    """
    if station.ratio is None:
        return float("nan")
    water, temperature, humidity = (station.keys.index(key) for key in station.ratio.keys)

    def ratio(values: Floats) -> Floats:
        implied = magnus(values[:, temperature], values[:, humidity])
        measured, implied = (np.maximum(one, np.finfo(float).tiny) for one in (values[:, water], implied))
        return np.asarray(np.log(measured / implied))

    known = ratio(train)
    off = np.abs(known - np.median(known))
    return float(np.mean(np.abs(ratio(rows) - np.median(known)) > np.quantile(off, USUAL)))
