"""Decodes a message's payload into readings, or into errors that give the reason."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from config.errors import ConfigError
from config.settings.station import Station
from config.yaml.messages import did_you_mean
from edge.clock import parse_time
from edge.errors import ReadingError
from edge.readings.reading import Reading

SIZE_LIMIT = 256 * 1024
"""Longest payload that is decoded [B]."""

_BOM = b"\xef\xbb\xbf"
_SEQ_LIMIT = 2**63  # the range of a 64-bit column
_YEAR_1, _YEAR_10000 = -62_135_596_800.0, 253_402_300_799.0  # the range of RFC 3339 [s]
_LONGEST_NUMBER = 400  # digits; a longer integer is no float anyway, and takes quadratic time to read
_TOO_DEEP = "the payload is nested too deep, expected an object or an array of objects"
_ECHO = 40  # characters of a refused value that an error repeats


class Decoder:
    """Decodes the payloads of one station.

    A payload is a JSON object with the station's keys, ``ts`` (RFC 3339, or Unix seconds) and ``seq`` (an integer),
    or an array of such objects. Unknown keys are ignored, a byte order mark is stripped.

    Parameters
    ----------
    station_name
        Name of the station, for the readings.
    station
        Its columns.
    keys
        Dotted path under which a key (also ``ts`` or ``seq``) is found instead: ``{"ch4_ppb": "data.ch4"}``.
    absent
        Keys that this station never sends: their values are nan, and not counted as missing.

    Raises
    ------
    config.errors.ConfigError
        ``keys`` or ``absent`` name a key that the station does not have.
    """

    def __init__(
        self, station_name: str, station: Station, keys: Mapping[str, str] | None = None, absent: Collection[str] = ()
    ) -> None:
        keys = {} if keys is None else keys
        _check_names("keys", keys, (*station.keys, "ts", "seq"))
        _check_names("absent", absent, station.keys)
        self._name = station_name
        self._size = station.size
        self._wanted = tuple((i, key) for i, key in enumerate(station.keys) if key not in absent)
        self._paths = {key: keys.get(key, key) for key in (*station.keys, "ts", "seq")}
        self._nested = any("." in path for path in self._paths.values())
        self._missing = tuple(feature.missing for feature in station.features)

    def decode(self, payload: bytes, received: float) -> list[Reading | ReadingError]:
        """Decode one payload.

        Never raises: a reading that cannot be used is replaced by the error that would have been raised, so that it
        does not cost the others of its array. A reading whose ``ts`` or ``seq`` cannot be read is refused whole,
        because a reading at an unknown time would be scored against the wrong past.

        Parameters
        ----------
        payload
            The message's bytes.
        received
            Time at which the gateway received it, Unix time [s].

        Returns
        -------
        list
            In the payload's order, at least one entry: a :class:`Reading`, or a
            :class:`~edge.errors.ReadingError` whose ``at`` is the dotted path (``[2].temperature_c`` in an array).
        """
        try:
            document = _parse(payload)
        except ReadingError as error:
            return [error]
        if not isinstance(document, list):
            return [self._read(document, "", received)]
        if not document:
            return [ReadingError("got an empty array, expected readings")]
        return [self._read(item, f"[{i}]", received) for i, item in enumerate(document)]

    def _read(self, message: Any, inside: str, received: float) -> Reading | ReadingError:
        """Read one object of the payload; ``inside`` is its own path."""
        if type(message) is not dict:
            if isinstance(message, ReadingError):
                return message
            return ReadingError(f"got {_echo(message)}, expected an object with the station's keys", inside or None)
        paths = self._paths
        found = {key: _walk(message, path) for key, path in paths.items()} if self._nested else None
        values = [math.nan] * self._size
        try:
            missing = []
            for i, key in self._wanted:
                value = found[key] if found is not None else message.get(paths[key])
                if type(value) is not float:
                    value = self._number(value, key, inside)
                if value != value or value in self._missing[i]:  # noqa: PLR0124  # the quick test for nan
                    missing.append(key)
                else:
                    values[i] = value
            if missing and 2 * len(missing) > len(self._wanted):
                return self._too_few(missing, inside)
            ts = found["ts"] if found is not None else message.get(paths["ts"])
            seq = found["seq"] if found is not None else message.get(paths["seq"])
            return Reading(
                station=self._name,
                values=tuple(values),
                ts=None if ts is None else self._time(ts, inside),
                seq=None if seq is None else self._count(seq, inside),
                received=received,
            )
        except ReadingError as error:
            return error

    def _number(self, value: Any, key: str, inside: str) -> float:
        if value is None:
            return math.nan
        if type(value) is int:
            try:
                return float(value)
            except OverflowError:
                pass
        raise ReadingError(f"got {_echo(value)}, expected a number or null", self._at(key, inside))

    def _time(self, value: Any, inside: str) -> float:
        if type(value) not in (str, int, float):
            raise ReadingError(f"got {_echo(value)}, expected a time: RFC 3339 or Unix seconds", self._at("ts", inside))
        try:
            time = parse_time(value)
        except ValueError as error:
            raise ReadingError(str(error), self._at("ts", inside)) from error
        if not _YEAR_1 <= time <= _YEAR_10000:
            raise ReadingError(f"got {_echo(value)}, expected a time in the years 1 to 9999", self._at("ts", inside))
        return time

    def _count(self, value: Any, inside: str) -> int:
        if type(value) is not int or not -_SEQ_LIMIT <= value < _SEQ_LIMIT:
            raise ReadingError(f"got {_echo(value)}, expected an integer of 64 bits or null", self._at("seq", inside))
        return value

    def _at(self, key: str, inside: str) -> str:
        return f"{inside}.{self._paths[key]}" if inside else self._paths[key]

    def _too_few(self, missing: list[str], inside: str) -> ReadingError:
        return ReadingError(
            f"{len(missing)} of {len(self._wanted)} keys are missing or null ({', '.join(missing)}), expected at least"
            " half of them; fix: name their places under keys, or what the station never sends under absent",
            inside or None,
        )


def _check_names(what: str, names: Collection[str], known: Sequence[str]) -> None:
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise ConfigError([f'{what}: got "{name}"; {did_you_mean(name, known)}' for name in unknown])


def _parse(payload: bytes) -> Any:
    """Parse JSON text; numbers that JSON or a float cannot hold are refused in place."""
    if len(payload) > SIZE_LIMIT:
        raise ReadingError(f"the payload is {len(payload)} bytes long, expected at most {SIZE_LIMIT}")
    text = payload.removeprefix(_BOM)
    if not text.strip():
        raise ReadingError("the payload is empty, expected JSON")
    try:
        return msgspec.json.decode(text)
    except RecursionError:
        raise ReadingError(_TOO_DEEP) from None
    except ValueError as error:  # msgspec.DecodeError, UnicodeDecodeError
        return _salvage(text, error)


def _salvage(text: bytes, error: ValueError) -> Any:
    """Parse again what the fast parser refused: a NaN in one reading of an array must not cost the others.

    Readings with such a token come back as their :class:`ReadingError`.
    """
    try:
        characters = text.decode()
    except UnicodeDecodeError as broken:
        raise ReadingError(f"the payload is not UTF-8 (byte {broken.start}: 0x{text[broken.start]:02x})") from error
    try:
        document = json.loads(characters, parse_constant=_Token, parse_float=_float, parse_int=_integer)
        items = document if isinstance(document, list) else [document]
        tokens = [next(_tokens(item), None) for item in items]
    except RecursionError:
        raise ReadingError(_TOO_DEEP) from None
    except ValueError:
        tokens = []
    if not any(tokens):
        raise ReadingError(f"the payload is not JSON: {str(error).removeprefix('JSON is malformed: ')}") from error
    for i, found in enumerate(tokens):
        if found:
            at = (f"[{i}]{found[0]}" if isinstance(document, list) else found[0]).removeprefix(".")
            items[i] = ReadingError(
                f"got {found[1][:_ECHO]}, which is no finite number, expected one or null", at or None
            )
    return items if isinstance(document, list) else items[0]


class _Token(str):
    """A token in the place of a number: NaN, Infinity, 1e999."""

    __slots__ = ()


def _float(text: str) -> float | _Token:
    value = float(text)
    return value if math.isfinite(value) else _Token(text)


def _integer(text: str) -> int | _Token:
    return int(text) if len(text) <= _LONGEST_NUMBER else _Token(text)


def _tokens(value: Any, path: str = "") -> Iterator[tuple[str, _Token]]:
    """Find every token inside a value, with its dotted path."""
    if isinstance(value, _Token):
        yield path, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _tokens(inner, f"{path}.{_printable(key)}")
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from _tokens(inner, f"{path}[{i}]")


def _walk(message: dict[str, Any], path: str) -> Any:
    """Look up a dotted path; ``None`` if nothing is there."""
    value: Any = message
    for step in path.split("."):
        if type(value) is not dict:
            return None
        value = value.get(step)
    return value


def _echo(value: Any) -> str:
    """Describe a value, short enough for a log line."""
    if isinstance(value, str):
        return f'"{_printable(value)}" (a string)'
    if isinstance(value, bool):
        return f"{str(value).lower()} (a boolean)"
    if isinstance(value, (dict, list)):
        return "an object" if isinstance(value, dict) else "an array"
    return "null" if value is None else _printable(str(value))


def _printable(text: str) -> str:
    """Shorten a text, and escape line breaks and what UTF-8 cannot encode."""
    short = text if len(text) <= _ECHO else text[:_ECHO] + "..."
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in short)
