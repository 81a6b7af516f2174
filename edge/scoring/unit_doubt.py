"""Says which channels cannot be in their columns' units, and what to write then."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace

from edge.arrays import Floats
from edge.scoring.trained_channel import LikelyUnit, TrainedChannel
from edge.scoring.verdict import Verdict

_MOST_COUNTS = 2.0**24
_FULL_SCALES = (1023, 4095, 32768, 65535, 8388608, 16777216)  # of converters with 10 to 24 bits
_ADS1115 = 32768  # at 6.144 V, unless its gain is set
_MOST_VOLTS = 24.0


class UnitDoubt(NamedTuple):
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

    def mark(self, verdict: Verdict) -> Verdict:
        """Return a verdict of which no channel in doubt is called ok; an alarm stays one."""
        outside = dict.fromkeys((*verdict.out_of_domain, *self.keys))
        kept = verdict.state in {"alarm", "warming_up"}
        return replace(verdict, out_of_domain=tuple(outside), state=verdict.state if kept else "out_of_domain")


class DoubtWriter:
    """Writes the sentence of a doubt.

    Parameters
    ----------
    channels
        The channels of the bundle, by key.
    numbers
        What came in them [N].
    """

    def __init__(self, channels: Mapping[str, TrainedChannel], numbers: Mapping[str, Floats]) -> None:
        self._channels = channels
        self._numbers = numbers
        self._parts: list[str] = []
        self._lines: list[str] = []

    def write(
        self, units: Mapping[str, Sequence[LikelyUnit]], board: Sequence[str], far: Collection[str]
    ) -> UnitDoubt | None:
        """Write it.

        Parameters
        ----------
        units
            Units that explain a channel's numbers, the likeliest first.
        board
            Sensors whose numbers are counts of a converter, or a voltage.
        far
            Channels that no unit explains.
        """
        names = {key: " or ".join(unit.name for unit in found[:2]) for key, found in units.items()}
        for name in dict.fromkeys(names.values()):
            self._explain(name, {key: units[key][0] for key in units if names[key] == name})
        if board:
            what, setting = _divided([self._numbers[key] for key in board])
            self._parts.append(f"{self._place(board)}; they look like {what}, or another sensor")
            self._lines.append(f"{board[0]}: {setting}")
        for key in far:
            self._parts.append(f"{self._place([key])}, {self._guess(self._channels[key])}")
        if not self._parts:
            return None
        fix = f"units: {{{', '.join(self._lines)}}}" if self._lines else "units or bundle"
        others = ", with your board's values, and so for its other sensors" if board else ""
        sentence = f"{'; '.join(self._parts)}; fix: {fix} in this station's entry of gateway.yaml{others}"
        doubted = {*units, *board, *far}
        return UnitDoubt(tuple(key for key in self._channels if key in doubted), sentence)

    def _explain(self, name: str, units: Mapping[str, LikelyUnit]) -> None:
        """Say that channels look like one unit."""
        values = np.concatenate([unit.convert(self._numbers[key]) for key, unit in units.items()])
        first = next(iter(units.values()))
        self._parts.append(f"{self._place(list(units))}; they look like {name} (as {first.name}: {_range(values)})")
        self._lines += [f"{key}: {unit.setting}" for key, unit in units.items()]

    def _guess(self, channel: TrainedChannel) -> str:
        if channel.is_declared:
            return "although its unit is declared: is that one right?"
        what = "another sensor" if channel.feature.role == "sensor" else "a fault"
        return f"and no known unit explains it: {what}?"

    def _place(self, keys: Sequence[str]) -> str:
        """Say which channels have which values, and what the first of them was trained on."""
        channel = self._channels[keys[0]]
        trained = f"{plain_number(channel.low)} to {plain_number(channel.high)} {channel.feature.unit}"
        whose = f"{keys[0]} on " if len(keys) > 1 else ""
        values = np.concatenate([self._numbers[key] for key in keys])
        return f"{', '.join(keys)}: {_range(values)} is not what the bundle was trained on ({whose}{trained})"


def are_whole(columns: Sequence[Floats]) -> bool:
    """Return whether all numbers are whole, and none is more than a converter can count."""
    return all(bool(((own == np.round(own)) & (np.abs(own) <= _MOST_COUNTS)).all()) for own in columns)


def plain_number(value: float) -> str:
    """Write a number with four significant digits, as people read it.

    Examples
    --------
    >>> plain_number(64930.08), plain_number(29.4), plain_number(0.0021)
    ('64,930', '29.4', '0.0021')
    """
    if value and not 1e-4 <= abs(value) < 1e7:
        return f"{value:.3g}"
    return f"{float(f'{value:.4g}'):,}".removesuffix(".0")


def _divided(columns: Sequence[Floats]) -> tuple[str, str]:
    """Say what the numbers of a board's sensors look like, and what to declare then."""
    divider = "load_ohm: 10000, supply: 5.0"
    most = max(float(own.max()) for own in columns)
    if are_whole(columns):
        full = next((full for full in _FULL_SCALES if most <= full), _FULL_SCALES[-1])
        reference = ", reference: 6.144" if full == _ADS1115 else ""
        return "counts of a converter", f"{{counts: {full}{reference}, {divider}}}"
    unit = "V" if most <= _MOST_VOLTS else "mV"
    return f"a voltage in {unit}, averaged counts", f"{{unit: {unit}, {divider}}}"


def _range(values: Floats) -> str:
    low, high = plain_number(float(values.min())), plain_number(float(values.max()))
    return low if low == high else f"{low} to {high}"
