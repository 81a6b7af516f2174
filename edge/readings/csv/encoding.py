"""Finds the encoding of a text, and gives the text as UTF-8."""

from __future__ import annotations

from collections.abc import Callable

from edge.errors import TableError
from edge.readings.decoding.odd_bytes import ODD_BYTES

_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32"), (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig"),
)  # fmt: skip
_OTHERS = ("cp1252", "mac_roman", "cp850", "cp437", "cp1250", "cp1251", "gb18030", "shift_jis", "big5", "euc_kr")
"""Encodings of loggers and spreadsheets, tried in this order on a file that is not UTF-8."""
_HEAD = 1 << 16  # bytes that decide


def to_utf8(data: bytes, path: str, fits: Callable[[str], bool]) -> bytes:
    """Decode a file's bytes and encode them as UTF-8 without a byte order mark.

    A byte order mark gives the encoding; UTF-16 is found without one, too. Anything else is UTF-8, in which a byte
    that is none counts as Windows-1252, so that a damaged place costs no more than itself. If the station's columns
    are not found then, other encodings of loggers and spreadsheets are tried.

    Parameters
    ----------
    data
        The bytes.
    path
        The file's name, for messages.
    fits
        Whether a text, the beginning of the file, has the header that is looked for.

    Raises
    ------
    TableError
        A byte order mark announces another encoding than that of the bytes.
    """
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), None) or _without_mark(data)
    if encoding is not None:
        return _marked(data, encoding, path)
    try:
        data.decode()
    except UnicodeDecodeError:
        pass
    else:
        return data
    lenient = data.decode("utf-8", "surrogateescape")
    head = lenient[:_HEAD].translate(ODD_BYTES)
    if not fits(head):
        for name in _OTHERS:
            if fits(data[:_HEAD].decode(name, "replace")):
                return data.decode(name, "replace").encode()
    return lenient.translate(ODD_BYTES).encode()


def _without_mark(data: bytes) -> str | None:
    """Recognise UTF-16 without a byte order mark: every other byte of what is mostly ASCII is NUL."""
    head = data[:_HEAD]
    pairs = len(head) // 2
    if pairs < 8:
        return None
    even, odd = head[::2].count(0), head[1::2].count(0)
    if min(even, odd) > pairs / 8 or max(even, odd) < pairs / 2:
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def _marked(data: bytes, encoding: str, path: str) -> bytes:
    try:
        return data.decode(encoding).encode()
    except UnicodeDecodeError as error:
        width = 4 if encoding == "utf-32" else 2
        if encoding != "utf-8-sig" and len(data) % width and b"\n" in data:
            return data[: -(len(data) % width)].decode(encoding, "replace").encode()  # cut off within a character
        if encoding == "utf-8-sig":
            return data[3:].decode("utf-8", "surrogateescape").translate(ODD_BYTES).encode()
        line = data.count(b"\n", 0, error.start) + 1
        name = encoding.upper().removesuffix("-LE").removesuffix("-BE")
        raise TableError(
            f"{path}: line {line}: got bytes that are not {name}; save the file as CSV in UTF-8"
        ) from error
    except UnicodeEncodeError:  # lone surrogates
        return data.decode(encoding, "replace").encode("utf-8", "replace")
