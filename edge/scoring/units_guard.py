"""Finds channels that come in another unit than the bundle was trained in, and says which it may be."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np

from config.settings.station import Station
from edge.arrays import Floats
from edge.models.scoring_model import ScoringModel
from edge.moisture import magnus
from edge.readings.unit_table import find_unit
from edge.scoring.trained_channel import LikelyUnit, TrainedChannel

GUARDED = 20
"""Readings of a station, in a row, from which it is decided whether their units are right."""

_FEW = 5  # readings below which a sensor far from its training may have seen a plume
_AGREE, _SURE, _DISAGREE = 0.35, 0.25, 1.0  # [ln] between moisture as measured and as it follows from humidity
_MOST_COUNTS = 2.0**24
_FULL_SCALES = (1023, 4095, 32768, 65535, 8388608, 16777216)  # of converters with 10 to 24 bits
_ADS1115 = 32768  # at 6.144 V, unless its gain is set
_MOST_VOLTS = 24.0


class Doubt(NamedTuple):
    """What cannot be in its column's unit.

    Parameters
    ----------
    keys
        The channels.
    sentence
        What is wrong with them, and the line to write.
    """

    keys: tuple[str, ...]
    sentence: str


class TrainedRanges:
    """What a bundle was trained on.

    Parameters
    ----------
    model
        Its scoring model.
    station
        Its station.
    declared
        Keys whose unit the owner has declared: no other one is guessed for them.
    """

    def __init__(self, model: ScoringModel, station: Station, declared: Collection[str] = ()) -> None:
        scaler = model.scaler
        self._declared = declared
        self._channels = {
            key: TrainedChannel(station, key, model.domain.get(key), mean, std)
            for key, mean, std in zip(model.keys, scaler.mean, scaler.std, strict=True)
        }
        self._trio = _trio(station, self._channels)

    def doubt(self, rows: Floats) -> Doubt | None:
        """Judge readings of one station, as received.

        Parameters
        ----------
        rows
            The readings [N, F], in the station's order; nan is missing.

        Returns
        -------
        Doubt or None
            ``None`` if nothing says that a unit is wrong.
        """
        numbers = {}
        for key, channel in self._channels.items():
            column = rows[:, channel.index]
            finite = column[np.isfinite(column)]
            if 2 * len(finite) > len(rows):
                numbers[key] = finite
        trio = self._trio or ()
        gap = self._moisture_gap(rows, {}) if trio else None
        # Three that agree are right, whatever the season.
        judged = numbers.keys() - set(trio) if gap is not None and abs(gap) < _AGREE else numbers.keys()
        units = self._likely_units(numbers, rows, judged, gap)
        far = [key for key in numbers if key in judged - units.keys() and self._channels[key].is_far(numbers[key])]
        board = self._board(numbers, far)
        if len(rows) < _FEW:  # a plume passes
            far = [key for key in far if self._channels[key].is_impossible(numbers[key])]
        if board:
            # A sensor among them that a factor would explain is one of the same board.
            units = {key: found for key, found in units.items() if key not in board}
            far = [key for key in far if key not in board]
        keys = tuple(key for key in self._channels if key in units or key in far or key in board)
        return Doubt(keys, self._sentence(numbers, units, far, board)) if keys else None

    def _likely_units(
        self, numbers: dict[str, Floats], rows: Floats, asked: Collection[str], gap: float | None
    ) -> dict[str, list[LikelyUnit]]:
        """Return the units that explain a channel, the likeliest first; moisture decides where it can."""
        asked = [key for key in numbers if key in asked and key not in self._declared]
        trio = self._trio or ()
        found = {key: units for key in asked if (units := self._channels[key].likely_units(numbers[key]))}
        wrong = [key for key in trio if key in found]
        if gap is not None and abs(gap) >= _DISAGREE:
            guesses = {key: found[key] for key in wrong} or {
                key: list(self._channels[key].fitting_units(numbers[key])) for key in trio if key in asked
            }
            if len(wrong) < 2:
                agreeing = {
                    key: own
                    for key, units in guesses.items()
                    if (own := [unit for unit in units if self._agrees(rows, key, unit)])
                }
                if len(agreeing) == 1:
                    found |= agreeing
        return found

    def _agrees(self, rows: Floats, key: str, unit: LikelyUnit) -> bool:
        gap = self._moisture_gap(rows, {key: unit})
        return gap is not None and abs(gap) < _SURE

    def _moisture_gap(self, rows: Floats, units: dict[str, LikelyUnit]) -> float | None:
        """Return the logarithm of moisture as measured over that from temperature and humidity, the median of rows."""
        assert self._trio is not None
        columns = []
        for key in self._trio:
            column = rows[:, self._channels[key].index]
            columns.append(units[key].convert(column) if key in units else column)
        with np.errstate(all="ignore"):
            gaps = np.log(columns[0] / magnus(columns[1], columns[2]))
        finite = gaps[np.isfinite(gaps)]
        return float(np.median(finite)) if len(finite) else None

    def _board(self, numbers: dict[str, Floats], far: Collection[str]) -> tuple[str, ...]:
        """Return the sensors, if several are so far from what a sensor has that they are not resistances at all."""
        sensors = [key for key in numbers if self._channels[key].is_resistive and key not in self._declared]
        strange = tuple(key for key in sensors if key in far)
        if len(strange) < min(2, len(sensors)) or not strange:
            return ()
        return tuple(sensors) if _are_whole([numbers[key] for key in sensors]) else strange

    def _sentence(
        self,
        numbers: dict[str, Floats],
        units: dict[str, list[LikelyUnit]],
        far: Collection[str],
        board: Sequence[str],
    ) -> str:
        parts, lines = [], []
        names = {key: " or ".join(unit.name for unit in found[:2]) for key, found in units.items()}
        for name in dict.fromkeys(names.values()):
            keys = [key for key in units if names[key] == name]
            values = np.concatenate([units[key][0].convert(numbers[key]) for key in keys])
            parts.append(
                f"{self._place(numbers, keys)}; they look like {name} (in {units[keys[0]][0].name}: {_range(values)})"
            )
            lines += [f"{key}: {units[key][0].setting}" for key in keys]
        if board:
            what, setting = _divided([numbers[key] for key in board])
            parts.append(f"{self._place(numbers, board)}; they look like {what}, or another sensor")
            lines.append(f"{board[0]}: {setting}")
        for key in far:
            sensor = self._channels[key].feature.role == "sensor"
            why = "is its unit right" if key in self._declared else "another sensor" if sensor else "a fault"
            parts.append(f"{self._place(numbers, [key])}, in no known unit; {why}?")
        fix = f"units: {{{', '.join(lines)}}}" if lines else "units or bundle"
        board_too = ", with your board's values, and so for the other sensors" if board else ""
        return f"{'; '.join(parts)}; fix: {fix} in this station's entry{board_too}"

    def _place(self, numbers: dict[str, Floats], keys: Sequence[str]) -> str:
        """Say which channels have which values, and what one of them was trained on."""
        channel = self._channels[keys[0]]
        trained = f"{figure(channel.low)} to {figure(channel.high)} {channel.feature.unit}"
        whose = f"{keys[0]} " if len(keys) > 1 else ""
        values = np.concatenate([numbers[key] for key in keys])
        return f"{', '.join(keys)}: {_range(values)} is not what the bundle was trained on ({whose}{trained})"


class UnitsGuard:
    """Watches the units of one station.

    The first 20 readings are judged, and later every 20 suspicious ones in a row: firmware may change a unit. A doubt
    lasts until 20 readings in a row raise none.

    Parameters
    ----------
    ranges
        What the bundle was trained on.

    Attributes
    ----------
    doubt
        What is wrong; ``None``: nothing.
    settled
        Whether only suspicious readings have to be observed.
    """

    __slots__ = ("_good", "_n", "_ranges", "_rows", "doubt", "settled")

    def __init__(self, ranges: TrainedRanges) -> None:
        self._ranges = ranges
        self._rows: deque[Sequence[float]] = deque(maxlen=GUARDED)
        self._n = 0
        self._good = 0
        self.doubt: Doubt | None = None
        self.settled = False

    def observe(self, n: int, values: Sequence[float]) -> bool:
        """Observe a reading in order.

        Parameters
        ----------
        n
            Count of the station's readings.
        values
            The reading [F], nan where missing.

        Returns
        -------
        bool
            Whether :attr:`doubt` has changed.
        """
        if n != self._n + 1 and self.settled:
            self._rows.clear()
        self._n = n
        self._rows.append(values)
        if self.doubt is not None:
            self._good = 0 if self._judge([values]) else self._good + 1
            if self._good >= GUARDED:
                self.doubt, self.settled = None, True
                self._rows.clear()
                return True
        if len(self._rows) < GUARDED:
            return False
        found = self._judge(self._rows)
        self._rows.clear()
        if found is None:
            self.settled = self.doubt is None
            return False
        changed = self.doubt is None or self.doubt.keys != found.keys
        if changed:
            self.doubt, self.settled, self._good = found, False, 0
        return changed

    def _judge(self, rows: Collection[Sequence[float]]) -> Doubt | None:
        return self._ranges.doubt(np.array(rows, dtype=np.float64))


def _trio(station: Station, channels: dict[str, TrainedChannel]) -> tuple[str, str, str] | None:
    """Return the keys of moisture, temperature and humidity, if they are in the units of the Magnus formula."""
    if station.ratio is None or not all(key in channels for key in station.ratio.keys):
        return None
    units = [find_unit(channels[key].feature.unit) for key in station.ratio.keys]
    return station.ratio.keys if [unit and unit.name for unit in units] == ["ppm", "Cel", "%"] else None


def _are_whole(columns: Sequence[Floats]) -> bool:
    return all(bool(((own == np.round(own)) & (np.abs(own) <= _MOST_COUNTS)).all()) for own in columns)


def _divided(columns: Sequence[Floats]) -> tuple[str, str]:
    """Say what the numbers of a board's sensors look like, and what to declare then."""
    divider = "load_ohm: 10000, supply: 5.0"
    most = max(float(own.max()) for own in columns)
    if _are_whole(columns):
        full = next((full for full in _FULL_SCALES if most <= full), _FULL_SCALES[-1])
        reference = ", reference: 6.144" if full == _ADS1115 else ""
        return "counts of a converter", f"{{counts: {full}{reference}, {divider}}}"
    unit = "V" if most <= _MOST_VOLTS else "mV"
    return f"a voltage in {unit}, averaged counts", f"{{unit: {unit}, {divider}}}"


def _range(values: Floats) -> str:
    low, high = figure(float(values.min())), figure(float(values.max()))
    return low if low == high else f"{low} to {high}"


def figure(value: float) -> str:
    """Write a number with four significant digits, as people read it.

    Examples
    --------
    >>> figure(64930.08), figure(29.4), figure(0.0021)
    ('64,930', '29.4', '0.0021')
    """
    if value and not 1e-4 <= abs(value) < 1e7:
        return f"{value:.3g}"
    return f"{float(f'{value:.4g}'):,}".removesuffix(".0")
