"""A board of five metal-oxide sensors, as the simulator models it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec
import numpy as np

from edge.arrays import Floats
from edge.simulation.noise import autoregressive

SENSORS = ("r2611e_ohm", "r2600_ohm", "r2602_ohm", "r2611c_ohm", "rmq4_ohm")
CHANNELS = ("ch4_ppb", "h2o_ppm", "temperature_c", "humidity_pct", *SENSORS)
"""Message keys of a simulated reading, in the order of its columns."""

BOARDS = (1, 2, 3)

PARAMETERS = Path(__file__).with_name("chamber.json")


class SensorResponse(msgspec.Struct, frozen=True, kw_only=True):
    """ln R [ohm] = a + b ln(CH4/2000) + c (T-20) + d ln(H2O/12000) + e ((T-20)/10)^2 + g x drift."""

    a: float
    b: float
    c: float
    d: float
    e: float
    g: float


class _Slow(msgspec.Struct, frozen=True):
    tau: float
    covariance: list[list[float]]


class _Fast(msgspec.Struct, frozen=True):
    ar: list[float]
    covariance: list[list[float]]


class _Converter(msgspec.Struct, frozen=True):
    """A divider of ``load`` [ohm] under ``supply`` [V], read in steps of ``step`` [V], two samples averaged."""

    sensor: str
    supply: float
    load: float
    step: float
    noise: float


class _Parameters(msgspec.Struct, frozen=True):
    response: dict[str, dict[str, SensorResponse]]
    slow: _Slow
    fast: _Fast
    own: dict[str, dict[str, tuple[float, float]]]
    copies: dict[str, dict[str, int]]
    converters: dict[str, _Converter]


@cache
def _parameters() -> _Parameters:
    return msgspec.json.decode(PARAMETERS.read_bytes(), type=_Parameters)


class Board:
    """One of the three boards of the reference record.

    Source of the formula and of its parameters: a least-squares fit of ln R to that record, see ``chamber.json``.

    Parameters
    ----------
    number
        1, 2 or 3.
    """

    def __init__(self, number: int = 1) -> None:
        if number not in BOARDS:
            raise ValueError(f"board: got {number}, expected 1, 2 or 3")
        parameters = _parameters()
        self.number = number
        self.copies = parameters.copies.get(str(number), {})
        self.sources = tuple(self.copies.get(sensor, number) for sensor in SENSORS)
        self.response = {s: parameters.response[str(n)][s] for s, n in zip(SENSORS, self.sources, strict=True)}
        self._own = [parameters.own[str(n)][s] for s, n in zip(SENSORS, self.sources, strict=True)]
        self._converter = parameters.converters.get(str(number))

    def resistances(
        self,
        air: Floats,
        shared: Floats,
        seed: tuple[int, ...],
        drift: Floats | float = 0.0,
    ) -> Floats:
        """Resistances in this air.

        Parameters
        ----------
        air
            Methane [ppb], moisture [ppm], temperature [C], relative humidity [%], as columns [N, 4].
        shared
            Noise of ln R that all boards have in common [N, 5], see :func:`shared_noise`.
        seed
            Seed of the board's own noise; a sensor copied from another board has that board's noise.
        drift
            Age of the sensors [10,000 rows], 0 in the middle of the reference record.

        Returns
        -------
        float64 [N, 5]
            In the order of :data:`SENSORS` [ohm].
        """
        rows = len(air)
        methane = np.log(air[:, 0] / 2000.0)
        moisture = np.log(air[:, 1] / 12000.0)
        warmth = air[:, 2] - 20.0
        ohms = np.empty((rows, len(SENSORS)))
        for i, (sensor, source) in enumerate(zip(SENSORS, self.sources, strict=True)):
            r = self.response[sensor]
            sd, ar = self._own[i]
            own = autoregressive(np.random.default_rng((*seed, i, source)), rows, [ar], [[sd * sd]])[:, 0]
            ohms[:, i] = np.exp(
                r.a
                + r.b * methane
                + r.c * warmth
                + r.d * moisture
                + r.e * (warmth / 10.0) ** 2
                + r.g * drift
                + shared[:, i]
                + own
            )
        if self._converter is not None:
            i = SENSORS.index(self._converter.sensor)
            ohms[:, i] = _convert(ohms[:, i], self._converter, np.random.default_rng((*seed, len(SENSORS))))
        return ohms


def shared_noise(rng: np.random.Generator, rows: int, slow: float = 1.0) -> Floats:
    """Noise of ln R [N, 5] that three boards in one chamber have in common: a slow and a fast process.

    Parameters
    ----------
    rng
        Source of randomness.
    rows
        Length of the series.
    slow
        Factor on the slow process's time constant.
    """
    parameters = _parameters()
    ar = np.full(len(SENSORS), np.exp(-1.0 / (parameters.slow.tau * slow)))
    return autoregressive(rng, rows, ar, parameters.slow.covariance) + autoregressive(
        rng, rows, parameters.fast.ar, parameters.fast.covariance
    )


def _convert(ohms: Floats, converter: _Converter, rng: np.random.Generator) -> Floats:
    """Resistances as a coarse analogue-to-digital converter reads them: the mean of two samples."""
    volts = converter.supply / (ohms / converter.load + 1.0)
    samples = volts[:, None] + converter.noise * rng.standard_normal((len(volts), 2))
    samples = np.maximum(np.round(samples / converter.step), 1.0) * converter.step
    return np.asarray((converter.load * (converter.supply / samples - 1.0)).mean(axis=1))
