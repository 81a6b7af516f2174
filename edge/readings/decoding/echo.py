"""Describes a refused value, short enough for a log line."""

from __future__ import annotations

from typing import Any

_MOST = 40  # characters of a refused value that an error repeats


def echo(value: Any) -> str:
    """Describe a value of a message.

    Examples
    --------
    >>> echo("12.3"), echo(True), echo({}), echo(None)
    ('"12.3" (a string)', 'true (a boolean)', 'an object', 'null')
    """
    if isinstance(value, str):
        return f'"{printable(value)}" (a string)'
    if isinstance(value, bool):
        return f"{str(value).lower()} (a boolean)"
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "an array"
    if isinstance(value, int) and abs(value) >= 10**_MOST:
        return "an integer of more than 40 digits"
    return "null" if value is None else printable(str(value))


def printable(text: str) -> str:
    """Shorten a text, and escape line breaks and what UTF-8 cannot encode."""
    short = text if len(text) <= _MOST else text[:_MOST] + "..."
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in short)
