"""What the bytes of a text mean that are no UTF-8."""

from __future__ import annotations

# Windows-1252 leaves five bytes undefined; as in browsers, they stay what they are.
_WINDOWS = {0xDC00 + byte: bytes([byte]).decode("cp1252", "replace") for byte in range(0x80, 0x100)}
ODD_BYTES = {code: chr(code - 0xDC00) if text == "\ufffd" else text for code, text in _WINDOWS.items()}
"""Character of each byte that ``surrogateescape`` has kept, read as Windows-1252; for ``str.translate``."""


def lenient_utf8(data: bytes) -> str:
    r"""Decode UTF-8 in which a byte that is none counts as Windows-1252, as boards send degrees.

    Examples
    --------
    >>> lenient_utf8(b"Temp \xb0C"), lenient_utf8(b"Temp \xc2\xb0C")
    ('Temp °C', 'Temp °C')
    """
    return data.decode("utf-8", "surrogateescape").translate(ODD_BYTES)


def unmarked_utf16(data: bytes) -> str | None:
    """Return the name of the encoding of UTF-16 without a byte order mark; ``None`` if it is another one.

    Examples
    --------
    >>> unmarked_utf16('{"a": 1}'.encode("utf-16-le")), unmarked_utf16(b'{"a": 1}')
    ('utf-16-le', None)
    """
    if len(data) < 4 or len(data) % 2:
        return None
    if data[1] == data[3] == 0 and data[0] and data[2]:
        return "utf-16-le"
    return "utf-16-be" if data[0] == data[2] == 0 and data[1] and data[3] else None
