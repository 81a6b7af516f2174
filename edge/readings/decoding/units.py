"""Converts numbers from the unit in which they come to the unit of their column."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction

from config.errors import ConfigError
from config.settings.station import Station
from config.settings.unit_settings import UnitSettings
from config.yaml.messages import did_you_mean
from edge.readings.decoding.unit_table import (
    CONDUCTANCE,
    COUNTS,
    FRACTION,
    MASS,
    RESISTANCE,
    VOLTAGE,
    KnownUnit,
    find_unit,
    nearest_units,
    units_of,
)

Convert = Callable[[float], float]
"""Converts one finite number; its result is nan where there is no value, as behind a divider that is open."""

METHANE_G_MOL, WATER_G_MOL = 16.0425, 18.01528
"""Molar masses [g/mol]."""

_GAS_CONSTANT = 8.314462618  # J/(mol K)
_FACTOR = "fix: give {factor: ...} instead, by which each number is multiplied"
_DIVIDER = "fix: give {counts: 4095, load_ohm: 10000, supply: 5.0}, with the values of your board"
_HINTS = {
    COUNTS: _DIVIDER,
    VOLTAGE: "fix: give {unit: V, load_ohm: 10000, supply: 5.0}, with the values of your board",
}


def converters(units: Mapping[str, str | UnitSettings], station: Station) -> dict[str, Convert]:
    """Return what converts the numbers of each channel to its column's unit.

    Parameters
    ----------
    units
        Message key -> unit in which the channel comes, as in gateway.yaml.
    station
        Its columns.

    Returns
    -------
    dict
        By message key, without the channels that come in their column's unit already.

    Raises
    ------
    config.errors.ConfigError
        A key or a unit is unknown, or a unit cannot be converted to its column's.
    """
    found: dict[str, Convert] = {}
    problems = []
    for key, unit in units.items():
        if key not in station.keys:
            problems.append(f'units: got "{key}"; {did_you_mean(key, station.keys)}')
            continue
        try:
            convert = converter(unit, station, key)
        except ValueError as error:
            problems.append(f"units.{key}: {error}")
            continue
        if convert is not None:
            found[key] = convert
    if problems:
        raise ConfigError(problems)
    return found


def converter(unit: str | UnitSettings, station: Station, key: str) -> Convert | None:
    """Return what converts one channel's numbers to its column's unit; ``None`` if that is their unit already.

    It costs some 10 us, and calling its result less than one: keep the result.

    Raises
    ------
    ValueError
        The unit is unknown, or cannot be converted; the sentence names what the column takes.

    Examples
    --------
    >>> from config.templates.templates import METHANE
    >>> from config.yaml.load import load_station
    >>> station = load_station(METHANE)
    >>> converter("degF", station, "temperature_c")(86.0), converter("ppm", station, "ch4_ppb")(2.1)
    (30.0, 2100.0)
    """
    settings = UnitSettings(unit=unit) if isinstance(unit, str) else unit
    column = station.features[station.keys.index(key)].unit
    scale = _line(_decimal(settings.factor), _decimal(settings.offset))
    if settings.counts is None and settings.load_ohm is None:
        source = column if settings.unit is None else settings.unit
        return _chain(
            _line(_decimal(settings.factor), _decimal(settings.offset)),
            _between(source, column, settings, station, key),
        )
    if settings.counts is not None:
        reference = settings.reference or settings.supply
        assert reference is not None  # the settings were checked
        to_volts: Convert | None = _line(_decimal(reference) / _decimal(settings.counts), Fraction(0))
    else:
        if settings.unit is not None and ((known := find_unit(settings.unit)) is None or known.kind != VOLTAGE):
            raise ValueError(f'got "{settings.unit}" beside load_ohm, expected a voltage: V, mV or uV')
        in_volts = _known_line(settings.unit or "V", "V")
        to_volts = _chain(scale, in_volts)
    if settings.load_ohm is None:
        return _chain(to_volts, _between("V", column, settings, station, key))
    return _chain(_chain(to_volts, _divider(settings)), _between("Ohm", column, settings, station, key))


def unit_text(unit: str | UnitSettings) -> str:
    """Return a unit as one text, by which two can be distinguished.

    Examples
    --------
    >>> unit_text("degF"), unit_text(UnitSettings(counts=4095, load_ohm=10000, supply=5))
    ('degF', 'counts=4095 load_ohm=10000 supply=5')
    """
    if isinstance(unit, str):
        return unit
    default = UnitSettings()
    named = [(name, getattr(unit, name)) for name in unit.__struct_fields__]
    return " ".join(
        f"{name}={value:.12g}" if isinstance(value, float | int) else f"{name}={value}"
        for name, value in named
        if value != getattr(default, name)
    )


def takes_mass(station: Station, key: str) -> bool:
    """Return whether the molar mass of a column is known: methane's of a gas, water's of the moisture."""
    water = station.ratio is not None and key == station.ratio.of
    return water or station.features[station.keys.index(key)].role == "gas"


def _between(source: str, target: str, settings: UnitSettings, station: Station, key: str) -> Convert | None:
    """Return the conversion between two units; raises ValueError if there is none."""
    if source == target:
        return None
    got, wanted = find_unit(source), find_unit(target)
    takes = f'the column\'s unit is "{target}"'
    if wanted is None:
        raise ValueError(f'got "{source}", but {takes}, which is not converted; {_FACTOR}')
    taken = units_of(wanted.kind)
    if wanted.kind == FRACTION and takes_mass(station, key):
        taken += units_of(MASS)
    takes += f", which takes {', '.join(unit.name for unit in taken)}"
    if got is None:
        near = " or ".join(f'"{name}"' for name in nearest_units(source, taken))
        raise ValueError(
            f'got "{source}", {f"did you mean {near}?" if near else "an unknown unit;"} {takes}; {_FACTOR}'
        )
    if got.kind == wanted.kind:
        return _known_line(source, target)
    if {got.kind, wanted.kind} == {FRACTION, MASS}:
        return _by_molar_mass(got, wanted, settings, station, key)
    if {got.kind, wanted.kind} == {CONDUCTANCE, RESISTANCE}:
        return _reciprocal(float(got.scale * wanted.scale))
    hint = _HINTS.get(got.kind) if wanted.kind == RESISTANCE else _DIVIDER if got.kind == COUNTS else None
    if wanted.name == "1":
        hint = "fix: give {factor: ...} instead, or write the column's unit into the station file"
    raise ValueError(f'got "{source}", {got.kind}, but {takes}' + (f"; {hint}" if hint else ""))


def _by_molar_mass(got: KnownUnit, wanted: KnownUnit, settings: UnitSettings, station: Station, key: str) -> Convert:
    """Convert between a mole fraction and a mass concentration of an ideal gas."""
    mass = settings.molar_mass
    if mass is None:
        if not takes_mass(station, key):
            raise ValueError(f'got "{got.name}" for "{wanted.name}", expected molar_mass [g/mol] beside it')
        mass = METHANE_G_MOL if station.features[station.keys.index(key)].role == "gas" else WATER_G_MOL
    density = settings.pressure_hpa * 100 / (_GAS_CONSTANT * (settings.temperature_c + 273.15)) * mass / 1000  # kg/m3
    ratio = float(got.scale / wanted.scale)
    scale = ratio / density if got.kind == MASS else ratio * density
    return lambda number: number * scale


def _known_line(source: str, target: str) -> Convert | None:
    """Return the conversion between two units of one kind; fractions keep it exact up to its last step."""
    got, wanted = find_unit(source), find_unit(target)
    assert got is not None
    assert wanted is not None
    return _line(got.scale / wanted.scale, (got.shift - wanted.shift) / wanted.scale)


def _line(factor: Fraction, offset: Fraction) -> Convert | None:
    """Return ``factor * number + offset`` in as few roundings as there can be; ``None`` if that is the number."""
    scale, shift = float(factor), float(offset)
    if offset == 0:
        if factor == 1:
            return None
        if factor.numerator == 1:
            divisor = float(factor.denominator)
            return lambda number: number / divisor
        return lambda number: number * scale
    before = offset / factor
    if before.denominator == 1:  # degF: (number - 32) * 5 / 9, so that 86 degF are exactly 30 Cel
        zero, numerator, denominator = float(before), float(factor.numerator), float(factor.denominator)
        return lambda number: (number + zero) * numerator / denominator
    return lambda number: number * scale + shift


def _decimal(number: float) -> Fraction:
    """Return the number that was written: 0.1 is one tenth."""
    return Fraction(repr(float(number)))


def _divider(settings: UnitSettings) -> Convert:
    """Return what makes a resistance [Ohm] of a voltage [V] in a divider; nan where the sensor is open."""
    load, supply = settings.load_ohm, settings.supply
    assert load is not None
    assert supply is not None
    if settings.across == "load":
        return lambda volts: load * (supply - volts) / volts if volts > 0 else math.nan
    return lambda volts: load * volts / (supply - volts) if volts < supply else math.nan


def _reciprocal(product: float) -> Convert:
    return lambda number: 1 / divisor if (divisor := number * product) else math.nan


def _chain(first: Convert | None, second: Convert | None) -> Convert | None:
    if first is None or second is None:
        return first or second
    return lambda number: second(first(number))
