"""The table of units: UCUM's codes, SenML's, and everyday spellings of what stations send."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from difflib import get_close_matches
from fractions import Fraction
from functools import cache
from typing import NamedTuple

_SYMBOLS = {"n": "1e-9", "μ": "1e-6", "u": "1e-6", "m": "1e-3", "c": "1e-2", "h": "1e2", "k": "1e3", "M": "1e6"}
_WORDS = {"nano": "n", "micro": "u", "milli": "m", "centi": "c", "hecto": "h", "kilo": "k", "mega": "M"}
_NOTE = re.compile(r"\{[^{}]*\}")  # UCUM's annotations say nothing about the size
_DEGREES = re.compile(r"degrees?", re.IGNORECASE)
_IGNORED = re.compile(r"[\s_^]+|(?<=.)\.$")


class KnownUnit(NamedTuple):
    """A unit of the table.

    Parameters
    ----------
    name
        The spelling in which we print it, and which ``units:`` accepts.
    kind
        Units of one kind can be converted to one another; ``"temperature"``, for example.
    scale, shift
        A number in this unit is ``scale * number + shift`` in the kind's basic unit.
    """

    name: str
    kind: str
    scale: Fraction
    shift: Fraction = Fraction(0)


_Spelled = tuple[str, KnownUnit]


def _unit(
    kind: str, scale: str | Fraction, *spellings: str, shift: str | Fraction = "0"
) -> list[tuple[str, KnownUnit]]:
    unit = KnownUnit(spellings[0], kind, Fraction(scale), Fraction(shift))
    return [(spelling, unit) for spelling in spellings]


def _prefixed(kind: str, prefixes: str, *symbols: str, word: str = "", scale: str = "1") -> Iterator[_Spelled]:
    """Yield every spelling of a unit with and without prefixes; the first symbol is the one printed."""
    words = (word, f"{word}s") if word else ()
    for prefix in ("", *prefixes):
        size = Fraction(_SYMBOLS.get(prefix, "1")) * Fraction(scale)
        long = [name for name, short in _WORDS.items() if short == prefix] if prefix else [""]
        for text in (prefix, "μ") if prefix == "u" else (prefix,):
            yield from _unit(kind, size, prefix + symbols[0], *(text + symbol for symbol in symbols))
        yield from _unit(kind, size, prefix + symbols[0], *(each + one for each in long for one in words))


FRACTION, MASS, TEMPERATURE = "a fraction", "a mass concentration", "a temperature"
RESISTANCE, CONDUCTANCE, VOLTAGE, PRESSURE = "a resistance", "a conductance", "a voltage", "a pressure"
COUNTS = "counts of a converter"

_PERCENT = ("%", "percent", "pct", "%RH", "RH%", "%rH", "%r.H.", "%vol", "vol%", "%v/v", "Vol.-%", "%(v/v)")
_PER_MILLION = ("ppm", "[ppm]", "ppmv", "ppm(v)", "umol/mol", "μmol/mol", "10*-6", "10-6", "1e-6", "partspermillion")
_PER_BILLION = ("ppb", "[ppb]", "ppbv", "ppb(v)", "nmol/mol", "10*-9", "10-9", "1e-9", "partsperbillion")
_CELSIUS = ("Cel", "C", "°C", "degC", "celsius", "degcelsius", "centigrade")
_FAHRENHEIT = ("degF", "F", "°F", "[degF]", "fahrenheit", "degfahrenheit")
_ZERO_CELSIUS = Fraction("273.15")
_ZERO_FAHRENHEIT = Fraction("459.67") * 5 / 9


def _masses() -> Iterator[_Spelled]:
    for gram, size in (("ng", "1e-12"), ("ug", "1e-9"), ("μg", "1e-9"), ("mg", "1e-6"), ("g", "1e-3"), ("kg", "1")):
        name = gram.replace("μ", "u")
        yield from _unit(MASS, size, f"{name}/m3", *(f"{gram}{cubic}" for cubic in ("/m3", ".m-3", "m-3", "/cbm")))
        yield from _unit(MASS, 1000 * Fraction(size), f"{name}/L", f"{gram}/L", f"{gram}/l", f"{gram}/dm3")


@cache
def _table() -> dict[str, KnownUnit]:
    """Return the units by spelling."""
    rows: list[Iterable[_Spelled]] = [
        _unit(FRACTION, "1", "1", "", "fraction", "ratio", "/", "mol/mol", "m3/m3", "v/v"),
        _unit(FRACTION, "1e-2", *_PERCENT),
        _unit(FRACTION, "1e-3", "‰", "permille", "permil", "[ppth]", "mmol/mol", "10*-3"),
        _unit(FRACTION, "1e-6", *_PER_MILLION),
        _unit(FRACTION, "1e-9", *_PER_BILLION),
        _unit(FRACTION, "1e-12", "ppt", "[pptr]", "pptv", "pmol/mol", "10*-12"),
        _masses(),
        _unit(TEMPERATURE, "1", *_CELSIUS, shift=_ZERO_CELSIUS),
        _unit(TEMPERATURE, Fraction(5, 9), *_FAHRENHEIT, shift=_ZERO_FAHRENHEIT),
        _unit(TEMPERATURE, "1", "K", "°K", "degK", "kelvin"),
        _unit(TEMPERATURE, "1e-3", "mK", "millikelvin"),
        _prefixed(RESISTANCE, "mkM", "Ohm", "Ω", "ohm", "Ohms", "ohms", "OHM", word="ohm"),
        _unit(RESISTANCE, "1e3", "kOhm", "kilohm", "kilohms"),
        _unit(RESISTANCE, "1e6", "MOhm", "megohm", "megohms"),
        _unit(RESISTANCE, "1e9", "GOhm", "GΩ", "gigaohm"),
        _prefixed(CONDUCTANCE, "num", "S", "mho", word="siemens"),
        _prefixed(VOLTAGE, "umk", "V", word="volt"),
        _prefixed("a current", "num", "A", word="ampere"),
        _prefixed(PRESSURE, "hkM", "Pa", word="pascal"),
        _prefixed(PRESSURE, "m", "bar", word="bar", scale="1e5"),
        _unit(PRESSURE, "1e2", "mbar", "mb", "mBar"),
        _unit(PRESSURE, "101325", "atm", "atmosphere"),
        _unit(PRESSURE, Fraction(101325, 760), "Torr", "torr"),
        _unit(PRESSURE, "133.322387415", "mmHg", "mm[Hg]", "m[Hg]e-3"),
        _unit(PRESSURE, "3386.389", "inHg", "[in_i'Hg]", "in[Hg]"),
        _unit(PRESSURE, "6894.757293168", "psi", "[psi]", "lbf/in2"),
        _unit("a speed", "1", "m/s", "m.s-1", "ms-1", "mps"),
        _unit("a speed", Fraction(10, 36), "km/h", "kmh", "kph", "km.h-1"),
        _unit("a speed", "0.44704", "mph", "[mi_i]/h", "mi/h"),
        _unit("a speed", Fraction(1852, 3600), "kn", "[kn_i]", "kt", "kts", "knot", "knots"),
        _prefixed("a length", "umck", "m", word="metre"),
        _unit("a length", "0.0254", "in", "[in_i]", "inch", '"'),
        _unit("a length", "0.3048", "ft", "[ft_i]", "feet"),
        _prefixed("a duration", "num", "s", "sec", word="second"),
        _unit("a duration", "60", "min", "minute", "minutes"),
        _unit("a duration", "3600", "h", "hr", "hour", "hours"),
        _prefixed("a frequency", "kM", "Hz", word="hertz"),
        _unit("an illuminance", "1", "lx", "lux"),
        _unit("an angle", "1", "deg", "°", "degree", "degrees"),
        _unit("an angle", "57.29577951308232", "rad", "radian", "radians"),
        _unit(COUNTS, "1", "counts", "count", "cts", "adc", "ADC", "raw", "LSB", "digits", "steps"),
    ]  # fmt: skip
    found: dict[str, KnownUnit] = {}
    for spellings in rows:
        for spelling, unit in spellings:
            found.setdefault(_tidy(spelling), unit)
    return found


@cache
def _folded() -> dict[str, list[KnownUnit]]:
    """Return the units by spelling without regard to case: more than one where the case matters (mOhm, MOhm)."""
    found: dict[str, list[KnownUnit]] = {}
    for spelling, unit in _table().items():
        own = found.setdefault(spelling.casefold(), [])
        if unit not in own:
            own.append(unit)
    return found


def find_unit(text: str) -> KnownUnit | None:
    """Find a unit by any of its spellings; ``None`` if there is none, or if its case leaves it open.

    Examples
    --------
    >>> find_unit("µg/m³").name, find_unit("kΩ").name, find_unit("Deg F").name, find_unit("furlong")
    ('ug/m3', 'kOhm', 'degF', None)
    """
    tidy = _tidy(text)
    unit = _table().get(tidy)
    if unit is None:
        folded = _folded().get(tidy.casefold(), [])
        unit = folded[0] if len(folded) == 1 else None
    return unit


def nearest_units(text: str, among: Collection[KnownUnit]) -> list[str]:
    """Return the names of the units among some whose spelling is most like an unknown one, the likeliest first."""
    own = {spelling: unit for spelling, units in _folded().items() for unit in units if unit in among}
    return list(dict.fromkeys(own[near].name for near in get_close_matches(_tidy(text).casefold(), own, 3)))


def units_of(kind: str) -> list[KnownUnit]:
    """Return the units of one kind, in the table's order."""
    return list(dict.fromkeys(unit for unit in _table().values() if unit.kind == kind))


def _tidy(text: str) -> str:
    """Bring a spelling to one form: superscripts, the two omegas and the two mus, spaces, annotations."""
    plain = _IGNORED.sub("", _NOTE.sub("", unicodedata.normalize("NFKC", text)))
    plain = plain.replace("−", "-").replace("·", ".").replace("º", "°")
    plain = _DEGREES.sub("deg", plain)
    return plain.replace("molmol-1", "mol/mol").replace(".mol-1", "/mol")
