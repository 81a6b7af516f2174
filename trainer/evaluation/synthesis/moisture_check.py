"""Moisture: whether the water mole fraction of synthetic rows agrees with their temperature and humidity."""

from __future__ import annotations

import numpy as np

from config.settings.station import Station
from edge.arrays import Floats
from edge.moisture import magnus

USUAL = 0.99


def moisture_broken(train: Floats, rows: Floats, station: Station) -> float:
    """Share of rows whose measured water is at odds with the one that temperature and humidity stand for.

    The logarithm of their ratio is further from the training rows' median than that of 99 % of the training rows:
    nominally .010. nan for a station without such columns.

    Parameters
    ----------
    train, rows
        Rows [N, F], [M, F] in the station's units.
    station
        Its ``ratio`` names the columns.
    """
    if station.ratio is None:
        return float("nan")
    water, temperature, humidity = (station.keys.index(key) for key in station.ratio.keys)

    def ratio(values: Floats) -> Floats:
        meant = magnus(values[:, temperature], values[:, humidity])
        measured, meant = (np.maximum(one, np.finfo(float).tiny) for one in (values[:, water], meant))
        return np.asarray(np.log(measured / meant))

    known = ratio(train)
    off = np.abs(known - np.median(known))
    return float(np.mean(np.abs(ratio(rows) - np.median(known)) > np.quantile(off, USUAL)))
