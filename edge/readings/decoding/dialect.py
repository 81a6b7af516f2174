"""Decides what a cell or a member of a message means: a number, a missing value, or neither."""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Iterable
from typing import Any, Final

from config.settings.station import Station

# fmt: off
MISSING_WORDS: Final = frozenset((
    "", "nan", "+nan", "-nan", "nan(ind)", "-nan(ind)", "nanq", "nans", "nat", "inf", "+inf", "-inf",
    "infinity", "+infinity", "-infinity", "1.#qnan", "-1.#qnan", "1.#ind", "-1.#ind", "1.#inf", "-1.#inf",
    "null", "nil", "none", "void", "undef", "undefined", "<null>", "<na>", "(null)", "\\n", "na", "n/a", "n.a.", "n.a",
    "#n/a", "#na", "#n/a n/a", "#value!", "#div/0!", "#num!", "#ref!", "#null!", "#name?",
    "#nv", "#wert!", "#bezug!", "#zahl!", "#n/d", "#valeur!", "#nombre!", "#nom?", "#valor!", "#\u00a1valor!",
    "#\u00a1div/0!", "#valore!", "#rif!", "#nome?", "#n/b", "#waarde!", "#getal!",
    "unavailable", "unknown", "not available", "not_available", "missing", "invalid", "no data", "no_data", "no-data",
    "nodata", "no reading", "no value", "err", "error", "#err", "#error", "err!", "error!", "fail", "failed", "failure",
    "fault", "bad", "offline", "disconnected", "timeout", "ovf", "ovl", "ol", "overflow",
    "-", "--", "---", "----", "-----", "\u2013", "\u2014", "\u2212", "?", "??", "???", ".", "..", "...",
    "*", "**", "***", "****", "*****", "/", "//", "///",
))
# fmt: on
"""Texts of a missing value, in lower case; the case of a text does not count, nor the blanks around it."""

BLANKS: Final = " \t\r\n\v\f\0\u00a0\ufeff\u200b"
"""What may stand around a number or a word: blanks, and the NULs of a buffer."""

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_DECIMAL_COMMA = re.compile(r"[+-]?(?:\d*,\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}", re.ASCII)
_DOUBTFUL = re.compile(r"\s*([+-]?[1-9]\d{0,2}),(\d{3})(?![\d.,])", re.ASCII)
_LONGEST = 10_000  # characters of a number


def parse_number(text: str) -> float | None:
    """Read a text as a number.

    A decimal comma counts where it can be nothing else: ``21,5`` is 21.5, but ``2,335`` may be two thousand as well.
    Nor is a number with a unit behind it one, or ``1_000``, ``0x1F`` and digits of other scripts.

    Returns
    -------
    float or None
        A finite number; nan for one of :data:`MISSING_WORDS`, or a number that no float can hold; ``None`` for
        every other text.

    Examples
    --------
    >>> parse_number(" 3611.59 "), parse_number("1e3"), parse_number("21,5"), parse_number("N/A")
    (3611.59, 1000.0, 21.5, nan)
    >>> parse_number("2,335"), parse_number("29.4 °C")
    (None, None)
    """
    bare = text.strip(BLANKS)
    if len(bare) > _LONGEST:
        return None
    if _NUMBER.fullmatch(bare):
        return _finite(float(bare))
    if bare.casefold() in MISSING_WORDS:
        return math.nan
    plain = bare.replace("\u2212", "-")
    if _NUMBER.fullmatch(plain):
        return _finite(float(plain))
    if _DECIMAL_COMMA.fullmatch(plain) and not _THOUSANDS.fullmatch(plain):
        return _finite(float(plain.replace(",", ".")))
    return None


def comma_doubt(text: object) -> str:
    """Say what a number may be whose comma can be read in two ways; empty for everything else.

    Examples
    --------
    >>> comma_doubt("2,335 ppm"), comma_doubt("21,5")
    (', which may be 2.335 or 2335', '')
    """
    found = _DOUBTFUL.match(text) if isinstance(text, str) else None
    return "" if found is None else f", which may be {found[1]}.{found[2]} or {found[1]}{found[2]}"


class Dialect:
    """The missing values of one station, beside the words that every station has.

    Parameters
    ----------
    station
        Its columns with their sentinels, and its own words.
    extra
        Further numbers and texts that stand for no reading, of every column.

    Attributes
    ----------
    numbers
        The numbers of each column that stand for no reading [F].
    """

    def __init__(self, station: Station, extra: Iterable[float | str] = ()) -> None:
        everywhere = [*station.missing, *extra]
        marks = [[*feature.sentinels, *everywhere] for feature in station.features]
        # Columns share equal sets, which take 400 bytes each, at each of many stations.
        numbers = [frozenset(_numbers(each)) for each in marks]
        words = [frozenset(_words(each)) for each in marks]
        self.numbers = tuple(map({each: each for each in numbers}.__getitem__, numbers))
        self._words = tuple(map({each: each for each in words}.__getitem__, words))

    def value(self, column: int, raw: Any) -> float:
        """Read the value of a column: a finite number, or nan for a missing value.

        Raises
        ------
        ValueError
            It is neither.
        """
        if raw is None:
            return math.nan
        if type(raw) is str:
            if raw.strip(BLANKS).casefold() in self._words[column]:
                return math.nan
            found = parse_number(raw)
            if found is None:
                raise ValueError(raw)
            value: float = found
        elif isinstance(raw, float) or type(raw) is int:  # one with a unit is a float, too
            try:
                value = _finite(float(raw))
            except OverflowError:
                return math.nan
        else:
            raise ValueError(raw)
        return math.nan if value in self.numbers[column] else value

    def word(self, column: int, text: str) -> bool:
        """Return whether a text is one of the column's own words, or one of :data:`MISSING_WORDS`."""
        bare = text.strip(BLANKS).casefold()
        return bare in MISSING_WORDS or bare in self._words[column]


def _numbers(marks: Iterable[float | str]) -> Iterable[float]:
    for mark in marks:
        value = parse_number(mark) if isinstance(mark, str) else float(mark)
        if value is not None and math.isfinite(value):
            yield value
            # A board computes in single precision: its -999.9 comes as -999.9000244140625.
            if abs(value) < 3e38:
                yield float(struct.unpack("f", struct.pack("f", value))[0])


def _words(marks: Iterable[float | str]) -> Iterable[str]:
    return (mark.strip(BLANKS).casefold() for mark in marks if isinstance(mark, str))


def _finite(value: float) -> float:
    return value if math.isfinite(value) else math.nan
