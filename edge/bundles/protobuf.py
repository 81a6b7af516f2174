"""Reads the wire format of protocol buffers, in which ONNX graphs are stored, without a library for it.

A message is a sequence of fields, and a field is a number, a wire type and a value: a varint, eight bytes, four bytes,
or a length and so many bytes. What the bytes are (a text, a message, packed numbers) only the schema knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set

VARINT, WIDE, BYTES, NARROW = 0, 1, 2, 5
"""Wire types: a varint, eight bytes, a length and so many bytes, four bytes."""

_VARINT_SIZE = 10  # longest varint of 64 bits [B]
_SIGN = 1 << 63


class Fields:
    """The fields of one message, by number; each must be known, since what is not read cannot be judged.

    Parameters
    ----------
    data
        The message.
    what
        What it is, for messages.
    known
        Number and wire type of every field that it may have, see :func:`only`.

    Raises
    ------
    ValueError
        It has another field, one of another wire type, or is cut off.
    """

    def __init__(self, data: memoryview, what: str, known: Set[tuple[int, int]]) -> None:
        self._what = what
        self._values: dict[int, list[int | memoryview]] = {}
        for number, kind, value in _walk(data, what):
            if (number, kind) not in known:
                raise ValueError(f"{what} with the field {number} (wire type {kind}), which no graph of davylamp has")
            self._values.setdefault(number, []).append(value)

    def __contains__(self, number: int) -> bool:
        """Return whether the field is there."""
        return number in self._values

    def messages(self, number: int) -> list[memoryview]:
        """Return the values of a field that may be repeated."""
        return [value for value in self._values.get(number, ()) if isinstance(value, memoryview)]

    def message(self, number: int) -> memoryview:
        """Return the bytes of a field that may be there once (ValueError otherwise); without it none."""
        value = self._single(number)
        return value if isinstance(value, memoryview) else memoryview(b"")

    def texts(self, number: int) -> list[str]:
        """Return the texts of a field that may be repeated (UnicodeDecodeError, a ValueError, if one is none)."""
        return [str(value, "utf-8") for value in self.messages(number)]

    def text(self, number: int) -> str:
        """Return the text of a field that may be there once; without it an empty one (ValueError as above)."""
        return str(self.message(number), "utf-8")

    def number(self, number: int) -> int:
        """Return the signed number of a field that may be there once; without it 0 (ValueError as above)."""
        value = self._single(number)
        return _signed(value) if isinstance(value, int) else 0

    def numbers(self, number: int) -> tuple[int, ...]:
        """Return the signed numbers of a field that may be repeated, packed or one by one (ValueError if cut off)."""
        found = []
        for value in self._values.get(number, ()):
            if isinstance(value, int):
                found.append(_signed(value))
                continue
            at = 0
            while at < len(value):
                each, at = _varint(value, at, self._what)
                found.append(_signed(each))
        return tuple(found)

    def _single(self, number: int) -> int | memoryview | None:
        values = self._values.get(number, [])
        if len(values) > 1:
            raise ValueError(f"{self._what} with the field {number} {len(values)} times, expected it once")
        return values[0] if values else None


def only(numbers: Iterable[int], kind: int) -> frozenset[tuple[int, int]]:
    """Return fields of one wire type, as :class:`Fields` expects them."""
    return frozenset((number, kind) for number in numbers)


def _walk(data: memoryview, what: str) -> Iterator[tuple[int, int, int | memoryview]]:
    """Yield number, wire type and value of each field."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at, what)
        number, kind = key >> 3, key & 7
        if kind == VARINT:
            value, at = _varint(data, at, what)
            yield number, kind, value
            continue
        size = {WIDE: 8, NARROW: 4}.get(kind)
        if kind == BYTES:
            size, at = _varint(data, at, what)
        if size is None:
            raise ValueError(f"{what} with a field of the wire type {kind}, which there is not")
        if size > len(data) - at:
            raise ValueError(f"{what} that is cut off")
        yield number, kind, data[at : at + size]
        at += size


def _varint(data: memoryview, at: int, what: str) -> tuple[int, int]:
    """Return the varint at a place, and the place behind it."""
    value = 0
    for shift, byte in enumerate(data[at : at + _VARINT_SIZE]):
        value |= (byte & 0x7F) << 7 * shift
        if byte < 0x80:
            return value & ((1 << 64) - 1), at + shift + 1
    raise ValueError(f"{what} with a number that is cut off")


def _signed(value: int) -> int:
    return value - (1 << 64) if value & _SIGN else value
