"""Knows what a bundle was trained on, and judges whether a station's readings are in its units."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from config.settings.station import Station
from config.settings.unit_settings import UnitSettings
from edge.arrays import Floats
from edge.models.scoring_model import ScoringModel
from edge.moisture import magnus
from edge.readings.decoding.unit_table import find_unit
from edge.scoring.trained_channel import LikelyUnit, TrainedChannel
from edge.scoring.unit_doubt import DoubtWriter, UnitDoubt, are_whole

_FEW = 5  # readings; in fewer, a sensor far from its training may have met a plume
_AGREE, _SURE, _DISAGREE = 0.35, 0.25, 1.0  # [ln] between moisture as measured and as it follows from humidity


class TrainedRanges:
    """What a bundle was trained on.

    Parameters
    ----------
    model
        Its scoring model.
    station
        Its station.
    units
        Units that the owner has declared, by key; the readings have been converted from them.
    """

    def __init__(
        self, model: ScoringModel, station: Station, units: Mapping[str, str | UnitSettings] | None = None
    ) -> None:
        scaler = model.scaler
        self._channels = {
            key: TrainedChannel(station, key, model.domain.get(key), mean, std, declared=(units or {}).get(key))
            for key, mean, std in zip(model.keys, scaler.mean, scaler.std, strict=True)
        }
        self._trio = _trio(station, self._channels)

    def doubt(self, readings: ArrayLike) -> UnitDoubt | None:
        """Judge readings of one station, as received.

        Parameters
        ----------
        readings
            The readings [N, F], in the station's order; nan is missing.

        Returns
        -------
        UnitDoubt or None
            ``None`` if nothing says that a unit is wrong.
        """
        rows = np.asarray(readings, dtype=np.float64)
        numbers = {}
        for key, channel in self._channels.items():
            column = rows[:, channel.index]
            finite = column[np.isfinite(column)]
            if 2 * len(finite) > len(rows):
                numbers[key] = finite
        complete = self._trio and all(key in numbers for key in self._trio)
        gap = self._moisture_gap(rows) if complete else None
        # Three that agree are right, whatever the season.
        judged = set(numbers).difference(self._trio if gap is not None and abs(gap) < _AGREE else ())
        units = self._likely_units({key: own for key, own in numbers.items() if key in judged}, rows, gap)
        far = [key for key in numbers if key in judged - units.keys() and self._channels[key].is_far(numbers[key])]
        board = self._board(numbers, far)
        # A sensor that a factor would explain is on the same board as the others.
        units = {key: found for key, found in units.items() if key not in board}
        if len(rows) < _FEW:
            far = [key for key in far if self._channels[key].is_impossible(numbers[key])]
        return DoubtWriter(self._channels, numbers).write(units, board, [key for key in far if key not in board])

    def _likely_units(
        self, numbers: dict[str, Floats], rows: Floats, gap: float | None
    ) -> dict[str, Sequence[LikelyUnit]]:
        """Return the units that explain a channel, the likeliest first; moisture decides where it can."""
        found: dict[str, Sequence[LikelyUnit]] = {
            key: units for key, own in numbers.items() if (units := self._channels[key].likely_units(own))
        }
        wrong = [key for key in self._trio if key in found]
        if gap is None or abs(gap) < _DISAGREE or len(wrong) > 1:
            return found
        guesses = {key: found[key] for key in wrong} or {
            key: self._channels[key].fitting_units(numbers[key]) for key in self._trio if key in numbers
        }
        agreeing = {key: own for key, units in guesses.items() if (own := self._agreeing(rows, key, units))}
        return found | agreeing if len(agreeing) == 1 else found

    def _agreeing(self, rows: Floats, key: str, units: Sequence[LikelyUnit]) -> list[LikelyUnit]:
        """List the units of one channel in which moisture, temperature and humidity agree."""
        return [unit for unit in units if abs(self._moisture_gap(rows, key, unit)) < _SURE]

    def _moisture_gap(self, rows: Floats, changed: str = "", unit: LikelyUnit | None = None) -> float:
        """Return ln of moisture as measured over that from temperature and humidity, the median of rows.

        ``changed`` is the key of a channel that is taken to come in another ``unit``.
        """
        columns = []
        for key in self._trio:
            column = rows[:, self._channels[key].index]
            columns.append(unit.convert(column) if unit is not None and key == changed else column)
        with np.errstate(all="ignore"):
            gaps = np.log(columns[0] / magnus(columns[1], columns[2]))
        finite = gaps[np.isfinite(gaps)]
        return float(np.median(finite)) if len(finite) else np.inf

    def _board(self, numbers: dict[str, Floats], far: Collection[str]) -> tuple[str, ...]:
        """Return the sensors, if several are so far from what a sensor has that they are no resistances at all."""
        sensors = [key for key in numbers if self._channels[key].is_resistive and not self._channels[key].is_declared]
        strange = tuple(key for key in sensors if key in far)
        if not strange or len(strange) < min(2, len(sensors)):
            return ()
        return tuple(sensors) if are_whole([numbers[key] for key in sensors]) else strange


def _trio(station: Station, channels: dict[str, TrainedChannel]) -> tuple[str, ...]:
    """Return the keys of moisture, temperature and humidity, if they are in the units of the Magnus formula."""
    if station.ratio is None or not all(key in channels for key in station.ratio.keys):
        return ()
    units = [find_unit(channels[key].feature.unit) for key in station.ratio.keys]
    return station.ratio.keys if [unit and unit.name for unit in units] == ["ppm", "Cel", "%"] else ()
