"""Guesses what the numbers of one channel are: key, unit, role, scale and range of its column."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from config.settings.station import Feature, Role, Scale
from edge.readings.decoding.unit_table import MASS, KnownUnit, find_unit
from edge.sniffing.channel import Channel
from edge.sniffing.quantities import (
    UNIT_WORDS,
    KnownQuantity,
    find_quantity,
    name_tokens,
    names_counts,
    names_sensor,
)

_NOT_KEYS = ("ts", "seq")
_KEY = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_WIDE = 30.0  # times the least number that the largest has to be for a logarithmic scale
_SENSOR_RANGES: dict[str, tuple[Scale, float, float]] = {
    "Ohm": ("log", 10, 100_000_000),
    "kOhm": ("log", 0.01, 100_000),
    "MOhm": ("log", 0.00001, 100),
    "V": ("linear", -0.5, 6),
    "mV": ("linear", -500, 6000),
    "counts": ("linear", -32_768, 65_535),
}


class ColumnGuess(NamedTuple):
    """A column, as far as it can be guessed from the messages.

    Parameters
    ----------
    feature
        The column.
    address
        Where its numbers are.
    comes_in
        Unit for ``units:`` in gateway.yaml; ``None``: that of the column, or one that the messages state.
    remark
        Why the guess may be wrong; empty if nothing speaks against it.
    sure
        Whether its name or its unit says what it is.
    largest
        The largest number that came.
    """

    feature: Feature
    address: str
    comes_in: str | None = None
    remark: str = ""
    sure: bool = True
    largest: float = 0.0


def guess_column(channel: Channel, degrees: str | None = None) -> ColumnGuess:
    """Guess the column of a channel's numbers.

    Parameters
    ----------
    channel
        The channel; it has numbers.
    degrees
        Unit of all temperatures, if the messages state it.
    """
    words, unit = _words(channel.path)
    quantity = find_quantity(words)
    stated = channel.unit if channel.unit is not None else unit
    if quantity is not None:
        remark = ""
        if stated is None and quantity.key == "temperature_c" and degrees is not None:
            stated = degrees
        elif stated is None:
            stated, remark = _unit_by_size(quantity, channel.finite)
        if (found := _of_quantity(quantity, channel, stated, remark)) is not None:
            return found
    return _of_name(channel, words, stated)


def _words(path: Sequence[str]) -> tuple[list[str], str | None]:
    """Return the words of a channel's name, and the unit at their end."""
    words = name_tokens(path[-1])
    if words and len(path) > 1 and (words == ["value"] or "".join(words) in UNIT_WORDS) and not find_quantity(words):
        words = name_tokens(path[-2]) + words  # {"ch4": {"ppb": 2000}}
    last = words[-1] if words else ""
    if len(words) > 1 and last in UNIT_WORDS:
        return words[:-1], UNIT_WORDS[last]
    if last in ("tempf", "tf"):
        return words, "degF"
    if last in ("tempc", "tc", "degc"):
        return words, "Cel"
    return words, None


def _unit_by_size(quantity: KnownQuantity, numbers: Sequence[float]) -> tuple[str | None, str]:
    """Guess the unit of a known quantity whose unit nothing states, from the size of its numbers."""
    middle = median(numbers)
    guessed = None
    if quantity.key == "ch4_ppb" and 0.5 <= middle < 100:
        guessed = "ppm"
    elif quantity.key == "temperature_c":
        guessed = "K" if 220 <= middle < 340 else "degF" if 60 < middle < 140 else None
    elif quantity.key == "humidity_pct" and max(numbers) <= 1 and middle > 0.05:
        guessed = "1"
    elif quantity.key == "pressure_hpa":
        guessed = "Pa" if middle > 20_000 else "kPa" if 60 < middle < 115 else "inHg" if 20 < middle < 35 else None
    if guessed is None:
        return None, ""
    return guessed, f"numbers of about {middle:g} are taken for {guessed}, which nothing states"


def _of_quantity(quantity: KnownQuantity, channel: Channel, stated: str | None, remark: str) -> ColumnGuess | None:
    """Make the column of a known quantity; ``None`` if its numbers come in a unit that cannot be converted."""
    wanted = find_unit(quantity.unit)
    got = wanted if stated is None else find_unit(stated)
    assert wanted is not None
    if got is None or not _converts(got, wanted, gas=quantity.role == "gas"):
        return None
    own = stated is not None and channel.unit is not None and not channel.beside  # the decoder converts it
    comes_in = None if own or got == wanted or stated is None else got.name
    factor = float(got.scale / wanted.scale) if got.kind == wanted.kind else 1.0
    shift = float((got.shift - wanted.shift) / wanted.scale) if got.kind == wanted.kind else 0.0
    converted = [number * factor + shift for number in channel.finite]
    return ColumnGuess(
        Feature(
            name=quantity.label,
            key=quantity.key,
            unit=quantity.unit,
            role=quantity.role,
            scale=quantity.scale,
            range=_extended(quantity.range, converted, log=quantity.scale == "log"),
        ),
        channel.address,
        comes_in,
        remark,
    )


def _converts(got: KnownUnit, wanted: KnownUnit, *, gas: bool) -> bool:
    return got.kind == wanted.kind or (gas and got.kind == MASS)


def _of_name(channel: Channel, words: list[str], stated: str | None) -> ColumnGuess:
    """Make a column of numbers that are no known quantity: of a gas sensor, of a converter, or unknown."""
    numbers, remark, sure = channel.finite, "", True
    path = [word for name in channel.path for word in name_tokens(name)]
    known = None if stated is None else find_unit(stated)
    unit = stated if known is None else known.name
    if unit is None and names_counts(path) and all(each == int(each) for each in numbers):
        unit = "counts"
        remark = "looks like the counts of a converter"
    elif unit is None and names_sensor(words):
        unit = _sensor_unit(numbers)
        remark = f"nothing states its unit, {unit} is a guess"
    elif unit is None:
        unit, sure = "1", False
        remark = "nothing states what it is"
    scale, limits = _range(unit, numbers)
    role: Role = "sensor"
    key = _key(words, unit)
    feature = Feature(name=channel.path[-1], key=key, unit=unit, role=role, scale=scale, range=limits)
    return ColumnGuess(feature, channel.address, None, remark, sure, max(numbers))


def _sensor_unit(numbers: Sequence[float]) -> str:
    if all(each == int(each) for each in numbers) and min(numbers) >= 0 and max(numbers) <= 4095:
        return "counts"
    return "V" if max(numbers) <= 5.5 else "Ohm"


def _range(unit: str, numbers: Sequence[float]) -> tuple[Scale, tuple[float, float]]:
    """Guess scale and range of a column that is no known quantity."""
    if unit in _SENSOR_RANGES:
        scale, low, high = _SENSOR_RANGES[unit]
        return scale, _extended((low, high), numbers, log=scale == "log")
    least, most = min(numbers), max(numbers)
    if least > 0 and most > _WIDE * least:
        return "log", (_rounded(least / 100, up=False), _rounded(most * 100, up=True))
    span = max(most - least, abs(most), abs(least), 1.0)
    low = 0.0 if least >= 0 else _rounded(least - 10 * span, up=False)
    return "linear", (low, _rounded(most + 10 * span, up=True))


def _extended(limits: tuple[float, float], numbers: Sequence[float], *, log: bool) -> tuple[float, float]:
    """Return a range that contains what came, too, with some room."""
    low, high = limits
    least, most = min(numbers, default=low), max(numbers, default=high)
    if least < low:
        low = _rounded(least / 10, up=False) if log and least > 0 else 0.0 if log else _rounded(least * 2, up=False)
        low = low if low < least or low == 0 else _rounded(least - abs(least) - 1, up=False)
    if most > high:
        high = _rounded(most * 10 if log else abs(most) * 2, up=True)
    return low, high


def _rounded(value: float, *, up: bool) -> float:
    """Round outwards to one significant digit."""
    if value == 0:
        return 0.0
    step = 10.0 ** math.floor(math.log10(abs(value)))
    return float(f"{(math.ceil(value / step) if up else math.floor(value / step)) * step:.6g}")


def _key(words: Sequence[str], unit: str) -> str:
    """Make a key of words and the unit at their end."""
    slug = re.sub(r"[^a-z0-9]+", "_", "_".join(words)).strip("_") or "value"
    suffix = {"%": "pct", "1": ""}.get(unit, re.sub(r"[^a-z0-9]+", "", unit.lower()))
    if suffix and not slug.endswith(f"_{suffix}"):
        slug = f"{slug}_{suffix}"
    if not slug[0].isalpha():
        slug = f"value_{slug}"
    return slug if _KEY.fullmatch(slug) and slug not in _NOT_KEYS else f"{slug}_value"
