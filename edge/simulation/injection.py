"""Leaks and faults put into readings on purpose, so that it is known what there is to find."""

from __future__ import annotations

import math
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, Literal, Self, cast

import msgspec
import numpy as np

from config.errors import ConfigError
from edge.arrays import Floats, Indices
from edge.simulation.board import CHANNELS, SENSORS, Board

Kind = Literal["leak", "stuck", "drift", "dropout", "duplicate"]

_FIELDS: dict[str, tuple[str, ...]] = {
    "leak": ("START", "ROWS", "PPB"),
    "stuck": ("START", "ROWS", "KEY", "PERCENT"),
    "drift": ("START", "ROWS", "KEY", "PERCENT"),
    "dropout": ("START", "ROWS", "KEY"),
    "duplicate": ("START", "ROWS"),
}
_LAST_IS_OPTIONAL = ("stuck", "dropout")


class Injection(msgspec.Struct, frozen=True):
    """One leak or fault.

    Parameters
    ----------
    kind
        ``leak``: a methane plume, to which the sensors respond. ``stuck``: a channel repeats its last value, or first
        jumps away from it, as to a converter's limit. ``drift``: a channel drifts away. ``dropout``: a channel, or
        without a key the whole reading, is missing. ``duplicate``: readings are sent twice.
    start
        First row.
    rows
        Number of rows; no other row is changed.
    key
        The channel, for ``stuck``, ``drift`` and ``dropout``.
    size
        Leak: height of the plume [ppb]. Drift: relative change reached on the last row [-]. Stuck channel: relative
        jump [-].
    """

    kind: Kind
    start: int
    rows: int
    key: str | None = None
    size: float = 0.0

    @property
    def end(self) -> int:
        """The row after the last one."""
        return self.start + self.rows

    def __str__(self) -> str:
        """Describe what happens, and on which rows."""
        what = {
            "leak": f"leak of {self.size:g} ppb",
            "stuck": f"{self.key} stuck{f' at {1 + self.size:.0%} of its value' if self.size else ''}",
            "drift": f"{self.key} drifting by {self.size:+.0%}",
            "dropout": f"{self.key or 'whole readings'} missing",
            "duplicate": "readings sent twice",
        }[self.kind]
        return f"{what}, rows {self.start}-{self.end - 1}"

    @classmethod
    def parse(cls, text: str, keys: Sequence[str] = CHANNELS) -> Self:
        """Parse the command line's form: ``leak@300:60:4000``, ``drift@500:200:rmq4_ohm:20%``, ``dropout@800:5``.

        Raises
        ------
        ConfigError
            The text has another form, or names a channel that is not among ``keys``.

        Examples
        --------
        >>> str(Injection.parse("stuck@500:200:rmq4_ohm"))
        'rmq4_ohm stuck, rows 500-699'
        """
        kind, _, rest = text.partition("@")
        if kind not in _FIELDS:
            known = ", ".join(map(_form, _FIELDS))
            raise ConfigError([f"inject {text!r}: got kind {kind!r}, expected one of {known}"])
        fields, parts = _FIELDS[kind], rest.split(":")
        if not len(fields) - (kind in _LAST_IS_OPTIONAL) <= len(parts) <= len(fields):
            raise ConfigError([f"inject {text!r}: got {len(parts)} fields after '@', expected {_form(kind)}"])
        values: dict[str, Any] = {}
        for field, part in zip(fields, parts, strict=False):
            try:
                values[_ATTRIBUTES[field]] = _parse_field(field, part, keys)
            except ValueError as error:
                raise ConfigError([f"inject {text!r}: {field}: got {part!r}, expected {error}"]) from None
        return cls(kind=cast("Kind", kind), **values)


_ATTRIBUTES = {"START": "start", "ROWS": "rows", "KEY": "key", "PPB": "size", "PERCENT": "size"}


def _form(kind: str) -> str:
    """Show how an injection of this kind is written."""
    *fields, last = _FIELDS[kind]
    return f"{kind}@{':'.join(fields)}" + (f"[:{last}]" if kind in _LAST_IS_OPTIONAL else f":{last}")


def _parse_field(field: str, text: str, keys: Sequence[str]) -> int | float | str:
    """Parse one field; the text of a ValueError is what was expected."""
    if field in ("START", "ROWS"):
        least = 1 if field == "ROWS" else 0
        if not text.isdecimal() or int(text) < least:
            raise ValueError(f"a whole number of at least {least}")
        return int(text)
    if field == "KEY":
        if text not in keys:
            near = get_close_matches(text, keys, n=1)
            raise ValueError(f"one of {', '.join(keys)}{f'; did you mean {near[0]}?' if near else ''}")
        return text
    try:
        value = float(text.removesuffix("%"))
    except ValueError:
        value = math.nan
    if field == "PERCENT":
        if not (text.endswith("%") and value and -100 < value <= 1000):
            raise ValueError("a change in percent such as 20% or -15%")
        return value / 100
    if not 0 < value < math.inf:
        raise ValueError("a height above the background in ppb, such as 4000")
    return value


def inject(
    values: Floats,
    injections: Sequence[Injection],
    *,
    keys: Sequence[str] = CHANNELS,
    seed: int = 0,
    board: int = 1,
) -> Floats:
    """Put leaks and faults into a copy of readings.

    Parameters
    ----------
    values
        Readings [N, F].
    injections
        Leaks and faults; their rows beyond the end are cut off.
    keys
        Message keys of the columns.
    seed
        Seed of the plumes' rise and flicker.
    board
        Board whose sensors respond to a leak.

    Returns
    -------
    float64 [N, F]
        Missing values are nan; a reading that is missing altogether is a row of nan.

    Raises
    ------
    ValueError
        A channel that an injection needs is not among ``keys``.
    """
    values = np.array(values, dtype=np.float64)
    # Leaks first: a stuck sensor stays stuck in a plume.
    for number, injection in sorted(enumerate(injections), key=lambda item: item[1].kind != "leak"):
        rows = slice(injection.start, injection.end)
        count = len(values[rows])
        if count == 0 or injection.kind == "duplicate":
            continue
        if injection.kind == "leak":
            plume = _plume(injection, np.random.default_rng((seed, number)))[:count]
            _leak(values[rows], plume, keys, Board(board))
        elif injection.key is None:
            values[rows] = np.nan
        else:
            column = values[:, _index(injection.key, keys)]
            if injection.kind == "stuck":
                column[rows] = column[max(injection.start - 1, 0)] * (1.0 + injection.size)
            elif injection.kind == "drift":
                column[rows] *= 1.0 + injection.size * (np.arange(count) + 1.0) / injection.rows
            else:
                column[rows] = np.nan
    return values


def sending_order(rows: int, injections: Sequence[Injection]) -> Indices:
    """Indices of the rows to send, in order: a duplicated row occurs twice, a missing one not at all."""
    times = np.ones(rows, dtype=np.int64)
    for injection in injections:
        if injection.kind == "duplicate":
            times[injection.start : injection.end] += 1
    for injection in injections:
        if injection.kind == "dropout" and injection.key is None:
            times[injection.start : injection.end] = 0
    return np.repeat(np.arange(rows), times)


def _index(key: str, keys: Sequence[str]) -> int:
    if key not in keys:
        raise ValueError(f"injection: got channel {key!r}, expected one of {', '.join(keys)}")
    return list(keys).index(key)


def _plume(injection: Injection, rng: np.random.Generator) -> Floats:
    """Methane above the background [ppb]: a rise of 1 to 3 rows, then an exponential tail that ends with the leak."""
    rise = min(int(rng.integers(1, 4)), injection.rows)
    t = np.arange(injection.rows) + 1.0
    tail = np.exp(-3.0 * np.maximum(t - rise, 0.0) / max(injection.rows - rise + 1, 1))
    # The tail would end at exp(-3); stretched, it ends at the background.
    tail = (tail - np.exp(-3.0)) / (1.0 - np.exp(-3.0))
    flicker = np.exp(rng.normal(0.0, 0.03, injection.rows))
    flicker[rise - 1] = 1.0  # the peak has exactly the requested height
    return np.asarray(injection.size * np.minimum(t / rise, 1.0) * tail * flicker)


def _leak(values: Floats, plume: Floats, keys: Sequence[str], board: Board) -> None:
    """Add a plume in place; every sensor among the columns responds by its power law."""
    methane = values[:, _index("ch4_ppb", keys)]
    ratio = (methane + plume) / methane
    methane += plume
    for sensor in SENSORS:
        if sensor in keys:
            values[:, _index(sensor, keys)] *= ratio ** board.response[sensor].b
