"""Maps readings to the whitened normal scores that generators work in, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from config.settings.station import Station
from edge.arrays import AnyFloats, Arrays, Floats
from edge.moisture import magnus

KNOTS = 400
"""Knots of a column's quantile table, equally spaced in the normal score from -END to END."""
END = 3.2
NODES = 4096
"""Nodes of the table from decoded scores to readings, equally spaced from -REACH to REACH."""
REACH = 4.0
CELLS = 256
"""Cells of the calibration, which is applied between the two, over the range of the nodes."""
COARSE = 1000
"""A column with at most this many distinct values (and at most half as many as rows) is treated as quantised."""
DRY = 1.0
"""Least water [ppm]: less is replaced by this, so that the ratio has a logarithm."""
NEAR = 2.0**-50
"""Part of a value by which it may differ from a knot that it equals: a value in other units was multiplied."""
_FLOOR = 1e-4  # eigenvalue below which a direction is redundant


@dataclass(frozen=True)
class NormalScoreTransform:
    """Fitted column transforms.

    A reading becomes its normal score by a table of quantiles. The mole fraction of water is first replaced by the
    logarithm of its ratio to the water that temperature and humidity imply (Magnus), so that generated rows obey
    physics. The scores are whitened. A value that many rows share occupies many knots: its score is that of the middle
    one, and in the other direction all of them give this value.

    Values are in double precision throughout: in single, a pressure of 101,325 Pa has two decimals, and a counter of a
    thousand million none.

    Parameters
    ----------
    station
        What the columns are.
    knots
        Quantiles of the columns in their units, [F, 400]; for the ratio column, those of the log ratio. Those of runs
        of davylamp 0.2 are in single precision, and so are readings compared with them.
    steps
        Index of each quantised column -> its distinct values [V], ascending.
    mean, directions, spread
        [F], [F, F] and [F]; ``(score - mean) @ directions / spread`` is white.
    low, high
        Range of the training rows in the station's units, [F].
    calibration
        Corrected scores at equally spaced decoded scores from -4 to 4, half precision, [F, 257].
    """

    station: Station
    knots: AnyFloats
    steps: Mapping[int, AnyFloats]
    mean: Floats
    directions: Floats
    spread: Floats
    low: AnyFloats
    high: AnyFloats
    calibration: NDArray[np.float16]

    @property
    def whitening(self) -> Floats:
        """Matrix [F, F] that makes centred scores white."""
        return self.directions / self.spread

    @property
    def unwhitening(self) -> Floats:
        """Matrix [F, F] that makes white rows centred scores."""
        return (self.directions * self.spread).T

    @property
    def ratio(self) -> tuple[int, int, int] | None:
        """Columns of the mole fraction of water, the temperature and the humidity."""
        return ratio_columns(self.station)

    def forward(self, readings: ArrayLike) -> Floats:
        """Readings [N, F] in the station's units -> white rows [N, F]."""
        converted = _with_ratio(np.asarray(readings, dtype=self.knots.dtype), self.ratio)
        scores = np.stack(
            [_score(column, knots) for column, knots in zip(converted.T, self.knots, strict=True)], axis=1
        )
        return np.asarray((scores - self.mean) @ self.whitening)

    def scores(self, white: ArrayLike) -> Floats:
        """White rows [N, F] -> scores [N, F], not calibrated."""
        return np.asarray(white, dtype=np.float64) @ self.unwhitening + self.mean

    def inverse(self, white: ArrayLike) -> Floats:
        """White rows [N, F] -> readings [N, F] in the station's units."""
        return self.readings(self.scores(white))

    def readings(self, scores: ArrayLike) -> Floats:
        """Decoded scores [N, F] -> calibrated readings [N, F], quantised, within the trained range."""
        position = (np.clip(np.asarray(scores, dtype=np.float64), -REACH, REACH) + REACH) * ((NODES - 1) / (2 * REACH))
        cell = np.minimum(position.astype(np.int64), NODES - 2)
        columns = np.arange(self.station.size)
        low, high = self.table[columns, cell], self.table[columns, cell + 1]
        values = low + (high - low) * (position - cell)
        for column, steps in self.steps.items():
            wide = steps.astype(np.float64)
            middles = (wide[1:] + wide[:-1]) / 2
            values[:, column] = wide[np.searchsorted(middles, values[:, column], side="right")]
        if self.ratio is not None:
            water, temperature, humidity = self.ratio
            saturated = np.maximum(magnus(values[:, temperature], values[:, humidity]), DRY)
            values[:, water] = np.exp(values[:, water]) * saturated
        return np.asarray(np.clip(values, self.low, self.high))

    @cached_property
    def table(self) -> Floats:
        """Calibration and quantile tables composed into one, [F, 4096]."""
        at = np.arange(NODES) * (CELLS / (NODES - 1))
        cell = np.minimum(at.astype(np.int64), CELLS - 1)
        below = self.calibration[:, cell].astype(np.float64)
        score = below + (self.calibration[:, cell + 1].astype(np.float64) - below) * (at - cell)
        position = np.clip((score + END) * ((KNOTS - 1) / (2 * END)), 0, KNOTS - 1)
        knot = np.minimum(position.astype(np.int64), KNOTS - 2)
        low, high = (np.take_along_axis(self.knots.astype(np.float64), knot + k, axis=1) for k in (0, 1))
        return np.asarray(low + (high - low) * (position - knot))

    def calibrated(self, scores: Floats) -> NormalScoreTransform:
        """Return the transform that makes generated scores [N, F] standard normal, column by column."""
        nodes = np.linspace(-REACH, REACH, CELLS + 1)
        ordered = np.sort(scores, axis=0)
        below = np.stack([np.searchsorted(column, nodes) for column in ordered.T]) / len(scores)
        outermost = NormalDist().cdf(-END)
        score = np.vectorize(NormalDist().inv_cdf)(np.clip(below, outermost, 1 - outermost))
        return replace(self, calibration=score.astype(np.float16))

    def arrays(self) -> Arrays:
        """Return everything but the station, for an npz."""
        names = ("knots", "mean", "directions", "spread", "low", "high", "calibration")
        steps = {f"steps/{column}": values for column, values in self.steps.items()}
        return {name: getattr(self, name) for name in names} | steps

    @classmethod
    def from_arrays(cls, station: Station, arrays: Arrays) -> NormalScoreTransform:
        """Read :meth:`arrays` again (KeyError)."""
        names = ("knots", "mean", "directions", "spread", "low", "high", "calibration")
        found = {int(name.removeprefix("steps/")): arrays[name] for name in arrays if name.startswith("steps/")}
        return cls(station=station, steps=dict(sorted(found.items())), **{name: arrays[name] for name in names})


def fit_normal_scores(values: ArrayLike, station: Station) -> NormalScoreTransform:
    """Fit on training rows [N, F] in the station's units, without a calibration."""
    readings = np.asarray(values, dtype=np.float64)
    ratio = ratio_columns(station)
    converted = _with_ratio(readings, ratio)
    probability = [NormalDist().cdf(score) for score in np.linspace(-END, END, KNOTS)]
    probability[0], probability[-1] = 0.0, 1.0
    knots = np.quantile(converted, probability, axis=0).T
    scores = np.stack([_score(column, table) for column, table in zip(converted.T, knots, strict=True)], axis=1)
    values, directions = np.linalg.eigh(np.cov(scores, rowvar=False))
    distinct = {column: np.unique(readings[:, column]) for column in range(station.size)}
    most = min(COARSE, len(readings) // 2)  # in a short record, an unquantised column also has few values
    water = None if ratio is None else ratio[0]
    return NormalScoreTransform(
        station=station,
        knots=knots,
        steps={column: steps for column, steps in distinct.items() if 1 < len(steps) <= most and column != water},
        mean=scores.mean(axis=0),
        directions=directions,
        spread=np.sqrt(np.maximum(values, _FLOOR)),
        low=readings.min(axis=0),
        high=readings.max(axis=0),
        calibration=np.tile(np.linspace(-REACH, REACH, CELLS + 1, dtype=np.float16), (station.size, 1)),
    )


def ratio_columns(station: Station) -> tuple[int, int, int] | None:
    """Return the columns of water, temperature and humidity; ``None`` if the station names no such ratio."""
    if station.ratio is None:
        return None
    water, temperature, humidity = (station.keys.index(key) for key in station.ratio.keys)
    return water, temperature, humidity


def _with_ratio(readings: AnyFloats, ratio: tuple[int, int, int] | None) -> Floats:
    """Replace the water of readings [N, F] by its log ratio, in double precision: a logarithm near 0 has few digits."""
    converted = readings.astype(np.float64)
    if ratio is not None:
        water, temperature, humidity = ratio
        saturated = np.maximum(magnus(converted[:, temperature], converted[:, humidity]), DRY)
        converted[:, water] = np.log(np.maximum(converted[:, water], DRY)) - np.log(saturated)
    return converted


def _score(column: Floats, knots: AnyFloats) -> Floats:
    """Return the normal scores of a column's values [N]; that of the middle knot if several equal the value."""
    table = knots.astype(np.float64)
    near = NEAR * np.abs(column)
    before, through = np.searchsorted(table, column - near, side="left"), np.searchsorted(table, column + near, "right")
    below, above = np.clip(before - 1, 0, KNOTS - 1), np.clip(before, 0, KNOTS - 1)
    width = np.where(table[above] > table[below], table[above] - table[below], 1.0)
    between = below + np.clip((column - table[below]) / width, 0.0, 1.0) * (above - below)
    knot = np.where(through > before, (before + through - 1) / 2, between)
    return np.asarray(knot * (2 * END / (KNOTS - 1)) - END)
