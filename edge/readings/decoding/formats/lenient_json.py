"""Reads text that is nearly JSON, for payloads that a strict parser refuses."""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final

_DEEPEST: Final = 64  # levels; what lies deeper is skipped
_STARTS: Final = 8  # places at which the beginning of an object is tried
_MOST: Final = 5000  # objects of one text; one more is still read, to show that there are more
_LONGEST_NUMBER: Final = 400  # digits

_BLANK = re.compile(r"[\s,\0\ufeff]*")
_SPACE = re.compile(r"\s*")
_STRING = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"' + r"|'([^'\\]*(?:\\.[^'\\]*)*)'", re.DOTALL)
_BARE_KEY = re.compile(r"[^\s\"'{}\[\],:]+")
_BARE_VALUE = re.compile(r"[^\"'{}\[\],\r\n]+")
_COLON = re.compile(r"\s*:\s*")
_INTEGER = re.compile(r"-?\d+", re.ASCII)
_FLOAT = re.compile(r"-?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?", re.ASCII)
_OPEN = re.compile(r"[\[{]")
_WORDS: Final[dict[str, Any]] = {"true": True, "True": True, "false": False, "False": False, "null": None, "None": None}
_TOO_EARLY: Final = "it ends too early"
_SKIPPED: Final = "..."  # stands for what lies too deep


class TornJsonError(ValueError):
    """A text ends inside of an object.

    Parameters
    ----------
    message
        One sentence.
    complete
        The objects and arrays before it; of an array that is cut off, the objects that are complete.
    """

    def __init__(self, message: str, complete: list[Any]) -> None:
        super().__init__(message)
        self.complete = complete


def lenient_json(text: str) -> list[Any]:
    """Read the objects and arrays in a text, whatever stands around them.

    Beyond JSON, it accepts tokens such as NaN and undefined (they become their text), numbers that no float can hold
    (likewise), commas too many, single quotes, names without quotes, and any depth. An object inside of which the
    text ends is refused: its last number may have been cut off.

    Raises
    ------
    TornJsonError
        The text ends inside of an object, and others are complete.
    ValueError
        There is no object or array, or one of them does not end.

    Examples
    --------
    >>> lenient_json('data: {"a": NaN, "b": [1, 2,], } #')
    [{'a': 'NaN', 'b': [1, 2]}]
    """
    found: list[Any] = []
    at = tries = 0
    while len(found) <= _MOST and (opening := _OPEN.search(text, at)) is not None:
        parser = _Parser(text)
        try:
            value, at = parser.value_at(opening.start())
        except ValueError as error:
            if isinstance(error, _EndError) and (complete := found + parser.complete):
                raise TornJsonError(str(error), complete) from None
            tries += 1
            # A bracket in front of the message, in which nothing could be read, is no part of it.
            if found or parser.begun or tries >= _STARTS:
                raise
            at = opening.end()
        else:
            found.append(value)
    if not found:
        raise ValueError("expected an object")
    if any(type(each) is dict for each in found):  # [12:30:05] {"a": 1}
        return [each for each in found if type(each) is dict or any(type(inner) is dict for inner in each)]
    return found


class _EndError(ValueError):
    """The text ends inside of an object or array."""


class _Parser:
    """Reads one object or array, without recursion."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._stack: list[Any] = []  # objects and arrays that have begun
        self._done: Any = None
        self._skipped = 0  # levels of what lies too deep
        #: Whether something could be read.
        self.begun = False

    @property
    def complete(self) -> list[Any]:
        """The array that has begun with the objects in it that have ended; nothing if there are none."""
        outer = self._stack[0] if self._stack else None
        if type(outer) is not list:
            return []
        ended = outer[:-1] if len(self._stack) > 1 else outer
        objects = [each for each in ended if type(each) is dict]
        return [objects] if objects else []

    def value_at(self, at: int) -> tuple[Any, int]:
        """Return the object or array that begins at ``at``, and where it ends."""
        while self._done is None:
            at = self._next(at)
            mark = self._text[at]
            if mark in "]}":
                self._close(mark, at)
                at += 1
                continue
            key = None
            if self._stack and type(self._stack[-1]) is dict and not self._skipped:
                key, at = self._key(at)
                mark = self._text[self._next(at, commas=False)]
                if mark in ",}":  # a name without a value
                    self._put(key, None)
                    continue
            if mark in "[{":
                self._open(mark, key)
                at += 1
            elif self._skipped:
                _, at = self._scalar(at)
            else:
                value, at = self._scalar(at)
                self._put(key, value)
        return self._done, at

    def _next(self, at: int, *, commas: bool = True) -> int:
        """Return where the next token begins."""
        blank = (_BLANK if commas else _SPACE).match(self._text, at)
        at = at if blank is None else blank.end()
        if at >= len(self._text):
            raise _EndError(_TOO_EARLY)
        return at

    def _open(self, mark: str, key: str | None) -> None:
        if self._skipped or len(self._stack) >= _DEEPEST:
            if not self._skipped:
                self._put(key, _SKIPPED)
            self._skipped += 1
            return
        value: Any = [] if mark == "[" else {}
        self._put(key, value)
        self._stack.append(value)

    def _close(self, mark: str, at: int) -> None:
        if self._skipped:
            self._skipped -= 1
            return
        done = self._stack.pop()
        if (type(done) is list) != (mark == "]"):
            raise ValueError(f"unexpected {mark} (character {at})")
        if not self._stack:
            self._done = done

    def _put(self, key: str | None, value: Any) -> None:
        inside = self._stack[-1] if self._stack else None
        self.begun = self.begun or inside is not None
        if type(inside) is dict and key is not None:
            inside[key] = value
        elif type(inside) is list:
            inside.append(value)

    def _key(self, at: int) -> tuple[str, int]:
        found = _STRING.match(self._text, at)
        name = None if found is None else _unescaped(found)
        if found is None:
            found = _BARE_KEY.match(self._text, at)
            name = found[0] if found else None
        colon = None if found is None else _COLON.match(self._text, found.end())
        if name is None or colon is None:
            rest = self._text[at if found is None else found.end() :]
            if not rest.strip() or (found is None and rest[0] in "\"'"):
                raise _EndError(_TOO_EARLY)
            raise ValueError(f"expected a name and a colon (character {at})")
        return name, colon.end()

    def _scalar(self, at: int) -> tuple[Any, int]:
        at = self._next(at, commas=False)
        found = _STRING.match(self._text, at)
        if found is not None:
            return _unescaped(found), found.end()
        found = _BARE_VALUE.match(self._text, at)
        if found is None:
            if self._text[at] in "\"'":
                raise _EndError(_TOO_EARLY)
            raise ValueError(f"expected a value (character {at})")
        return _bare(found[0].strip(" \t\0")), found.end()


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
