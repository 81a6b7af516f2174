"""Recognises payloads of formats that are not read, so that their refusal can say what they are."""

from __future__ import annotations

import re
from typing import Final

from edge.readings.decoding.echo import echo

_COMPRESSED: Final = (
    (b"\x1f\x8b", "gzip"), (b"\x28\xb5\x2f\xfd", "zstd"), (b"BZh", "bzip2"), (b"PK\x03\x04", "zip"),
    (b"\xfd7zXZ\x00", "xz"), (b"\x04\x22\x4d\x18", "lz4"),
    (b"\x78\x01", "zlib"), (b"\x78\x5e", "zlib"), (b"\x78\x9c", "zlib"), (b"\x78\xda", "zlib"),
)  # fmt: skip
_MARKUP = re.compile(r"<[?!/A-Za-z]")
_BASE64_OBJECT = re.compile(r"(?:ey|ew|W3|Wy)[A-Za-z0-9+/_-]{10,}={0,2}")  # {" or [{ or [" at the beginning
_PAIRS = re.compile(r"[^\W\d][^=:\n{}\[\]]{0,40}[=:]\s*[+-]?\.?\d")
_CONTROLS = re.compile(r"[\x01-\x08\x0b\x0e-\x1f]")
_MOST_CONTROLS: Final = 0.05  # share of control characters from which on it is no text
_FRAME: Final = 3  # control characters that may stand around a text, as STX and ETX do
_ODD: Final = 0.1  # likewise of NULs and of bytes that are no UTF-8


def binary_payload(payload: bytes, text: str) -> str | None:
    """Say what a payload is that is no text at all; ``None`` if it may be one. Texts in Windows-1252 are texts."""
    for magic, name in _COMPRESSED:
        if payload.startswith(magic):
            return f"got {len(payload)} bytes that are compressed ({name}), expected JSON; fix: send it uncompressed"
    controls = len(_CONTROLS.findall(text))
    return _no_text(payload) if controls > max(_FRAME, _MOST_CONTROLS * len(text)) else None


def foreign_payload(payload: bytes, text: str) -> str | None:
    """Say what a payload is that is no JSON, and what to do; ``None`` if that cannot be said.

    Parameters
    ----------
    payload
        Its bytes.
    text
        Its text.

    Examples
    --------
    >>> foreign_payload(b"<r><ch4>2000</ch4></r>", "<r><ch4>2000</ch4></r>")
    'got XML or HTML, expected JSON; fix: let the station send JSON, or a flow translate it'
    >>> foreign_payload(b"Online", "Online")
    'got "Online" (a string), expected JSON'
    """
    if (binary := binary_payload(payload, text)) is not None:
        return binary
    odd = len(payload.decode("utf-8", "replace")) - len(payload.decode("utf-8", "ignore"))
    if odd + len(_CONTROLS.findall(text)) + text.count("\0") > _ODD * len(payload):
        return _no_text(payload)
    if _MARKUP.match(text):
        return "got XML or HTML, expected JSON; fix: let the station send JSON, or a flow translate it"
    if _BASE64_OBJECT.fullmatch(text):
        return "got JSON in Base64, expected JSON; fix: send it as it is, or let a flow decode it"
    if _PAIRS.match(text) and "{" not in text and "[" not in text:
        fix = "fix: let the station send JSON, or a line of InfluxDB's protocol: air ch4=2000,temp=15"
        return f"got {echo(text)}, names and values in no format that is known, expected JSON; {fix}"
    if "{" not in text and "[" not in text:
        return f"got {echo(text)}, expected JSON"
    return None


def _no_text(payload: bytes) -> str:
    return (
        f"got {len(payload)} bytes that are no text (MessagePack, CBOR, Protocol Buffers?), expected JSON; "
        "fix: let the station send JSON, or a flow translate it"
    )
