"""Reads text that is nearly JSON, for payloads that a strict parser refuses."""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final

_DEEPEST: Final = 64  # levels; what lies deeper is skipped
_STARTS: Final = 8  # places at which the beginning of an object is tried
_MOST: Final = 10_000  # documents of one text
_LONGEST_NUMBER: Final = 400  # digits

_BLANK = re.compile(r"[\s,\0\ufeff]*")
_STRING = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"' + r"|'([^'\\]*(?:\\.[^'\\]*)*)'", re.DOTALL)
_BARE_KEY = re.compile(r"[^\s\"'{}\[\],:]+")
_BARE_VALUE = re.compile(r"[^\"'{}\[\],\r\n]+")
_COLON = re.compile(r"\s*:\s*")
_INTEGER = re.compile(r"-?\d+", re.ASCII)
_FLOAT = re.compile(r"-?\d+\.?\d*(?:[eE][+-]?\d+)?", re.ASCII)
_OPEN = re.compile(r"[\[{]")
_WORDS: Final[dict[str, Any]] = {"true": True, "True": True, "false": False, "False": False, "null": None, "None": None}
_SKIPPED: Final = "..."  # stands for what lies too deep


def lenient_json(text: str) -> list[Any]:
    """Read the objects and arrays in a text, whatever stands around them.

    Beyond JSON, it accepts tokens such as NaN and undefined (they become their text), numbers that no float can hold
    (likewise), commas too many, single quotes, names without quotes, and any depth. A text that ends inside of an
    object is refused: its last number may have been cut off.

    Raises
    ------
    ValueError
        There is no object or array, or one of them does not end.

    Examples
    --------
    >>> lenient_json('data: {"a": NaN, "b": [1, 2,], } #')
    [{'a': 'NaN', 'b': [1, 2]}]
    """
    found: list[Any] = []
    fault: ValueError | None = None
    at = tries = 0
    while tries < _STARTS and len(found) < _MOST:
        opening = _OPEN.search(text, at)
        if opening is None:
            break
        try:
            value, at = _Parser(text).value_at(opening.start())
            found.append(value)
        except ValueError as error:
            if found:
                raise
            fault = fault or error
            at = opening.end()
            tries += 1
    if not found:
        raise fault or ValueError("expected an object")
    return found


class _Parser:
    """Reads one object or array, without recursion."""

    def __init__(self, text: str) -> None:
        self._text = text

    def value_at(self, at: int) -> tuple[Any, int]:
        """Return the object or array that begins at ``at``, and where it ends."""
        text = self._text
        stack: list[Any] = []
        skipped = 0  # levels of what lies too deep
        key: str | None = None
        while True:
            blank = _BLANK.match(text, at)
            assert blank is not None
            at = blank.end()
            if at >= len(text):
                raise ValueError("it ends too early")
            mark = text[at]
            if mark in "]}":
                at += 1
                if skipped:
                    skipped -= 1
                    continue
                done = stack.pop()
                if (type(done) is list) != (mark == "]"):
                    raise ValueError(f"unexpected {mark} (character {at})")
                if not stack:
                    return done, at
                continue
            inside = stack[-1] if stack else None
            if type(inside) is dict and not skipped:
                key, at = self._key(at)
                if at >= len(text):
                    raise ValueError("it ends too early")
                mark = text[at]
                if mark in ",}":  # a name without a value
                    inside[key] = None
                    continue
            if mark in "[{":
                at += 1
                if skipped or len(stack) >= _DEEPEST:
                    if not skipped:
                        _put(inside, key, _SKIPPED)
                    skipped += 1
                    continue
                value: Any = [] if mark == "[" else {}
                if stack:
                    _put(inside, key, value)
                stack.append(value)
                continue
            if skipped:
                at = self._skip(at)
                continue
            value, at = self._scalar(at)
            _put(inside, key, value)

    def _key(self, at: int) -> tuple[str, int]:
        found = _STRING.match(self._text, at)
        name = None if found is None else _unescaped(found)
        if found is None:
            found = _BARE_KEY.match(self._text, at)
            name = found[0] if found else None
        colon = None if found is None else _COLON.match(self._text, found.end())
        if name is None or colon is None:
            raise ValueError(f"expected a name and a colon (character {at})")
        return name, colon.end()

    def _scalar(self, at: int) -> tuple[Any, int]:
        found = _STRING.match(self._text, at)
        if found is not None:
            return _unescaped(found), found.end()
        found = _BARE_VALUE.match(self._text, at)
        if found is None:
            raise ValueError(f"expected a value (character {at})")
        return _bare(found[0].strip(" \t\0")), found.end()

    def _skip(self, at: int) -> int:
        found = _STRING.match(self._text, at) or _BARE_VALUE.match(self._text, at)
        if found is None:
            raise ValueError(f"expected a value (character {at})")
        return found.end()


def _put(inside: Any, key: str | None, value: Any) -> None:
    if type(inside) is dict:
        inside[key] = value
    elif type(inside) is list:
        inside.append(value)


def _bare(token: str) -> Any:
    if token in _WORDS:
        return _WORDS[token]
    if len(token) <= _LONGEST_NUMBER:
        if _INTEGER.fullmatch(token):
            return int(token)
        if _FLOAT.fullmatch(token):
            value = float(token)
            return value if math.isfinite(value) else token
    return token


def _unescaped(found: re.Match[str]) -> str:
    raw = found[1] if found[1] is not None else found[2]
    if "\\" not in raw:
        return raw
    try:
        text = json.loads(
            f'"{raw}"' if found[1] is not None else '"' + raw.replace("\\'", "'").replace('"', '\\"') + '"',
            strict=False,
        )
    except ValueError:
        return raw
    return str(text).encode("utf-8", "replace").decode()
