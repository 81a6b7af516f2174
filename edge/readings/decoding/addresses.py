"""Finds a member of a message by its address: a path such as ``data.ch4``, ``values[0]`` or ``SENSOR."CH4.ppb"``."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from config.address_syntax import Choice, Step, address_steps
from config.errors import ConfigError

_DEEPEST: Final = 16  # levels down to which members are listed
_VALUES: Final = ("value", "val", "v")
_UNITS: Final = ("unit", "units", "u", "uom", "unit_of_measurement")
_BARE = re.compile(r"[^\s.\[\]\"'=$](?:[^.\[\]\"'=\r\n]*[^\s.\[\]\"'=])?")


class Address:
    """The place of one value in a message.

    Parameters
    ----------
    text
        Names separated by dots. A name with dots, brackets or blanks at its ends stands in quotes:
        ``SENSOR."CH4.ppb"``. ``values[0]`` and ``values.0`` are the first member of an array, ``values[-1]`` the last;
        ``readings[type=CH4].value`` belongs to the member of the list ``readings`` whose ``type`` is CH4. A member
        whose whole name is ``text`` is found first. A text that is JSON is entered like an object.

    Raises
    ------
    ValueError
        The text is no address; the sentence says why.

    Examples
    --------
    >>> Address("values[1].v").find({"values": [{"v": 5}, {"v": 7}]})
    7
    >>> Address("sensordatavalues[value_type=P1].value").find({"sensordatavalues": [{"value_type": "P1", "value": 3}]})
    3
    >>> Address("gas.ch4").find({"gas.ch4": 1}), Address("gas.ch4").find({"gas": {"ch4": 2}})
    (1, 2)
    """

    __slots__ = ("_steps", "has_unit", "name", "plain", "text", "whole")

    def __init__(self, text: str) -> None:
        self.text = text
        self._steps = address_steps(text)
        step = self._steps[0]
        #: Name of a member of the message itself; ``None`` if the value lies deeper.
        self.name: str | None = step if len(self._steps) == 1 and isinstance(step, str) else None
        #: Whether other programs, which follow the path step by step, have found the same so far.
        self.plain = True
        #: Whether the message itself has to be a list.
        self.whole = not isinstance(step, str)
        last = self._steps[-1]
        #: Whether a unit may stand beside the value, as in ``{"value": 85, "unit": "°F"}``.
        self.has_unit = isinstance(last, str) and last.casefold() in _VALUES and len(self._steps) > 1

    def find(self, message: Any) -> Any:
        """Return what is there, ``None`` if nothing is."""
        return self.look(message, None)

    def look(self, message: Any, otherwise: Any) -> Any:
        """Return what is there, ``otherwise`` if nothing is."""
        if type(message) is dict and self.text in message:
            self.plain = self.plain and self.name is not None
            return message[self.text]
        value = message
        for step in self._steps:
            inside, value = value, _follow(value, step)
            if value is _NOTHING:
                return otherwise
            if type(inside) is not (dict if type(step) is str else list):  # JSON in a text, or a number for a name
                self.plain = False
        return value

    def unit_beside(self, message: Any) -> str | None:
        """Return the unit that stands beside the value, ``None`` if there is none.

        Examples
        --------
        >>> Address("air.value").unit_beside({"air": {"value": 85.1, "unit": "°F"}})
        '°F'
        """
        if type(message) is dict and self.text in message:
            return None
        value = message
        for step in self._steps[:-1]:
            value = _follow(value, step)
        if type(value) is str and value.lstrip()[:1] == "{":
            value = _unpacked(value)
        if type(value) is not dict:
            return None
        return next((unit for name in _UNITS if type(unit := value.get(name)) is str), None)


def make_addresses(texts: Mapping[str, str], channels: Collection[str] = ()) -> dict[str, Address]:
    """Make the address of each key.

    Parameters
    ----------
    texts
        Key -> address.
    channels
        Keys of values: one number cannot be two of them.

    Raises
    ------
    ConfigError
        Some are no addresses, or two channels have the same; one sentence for each, beginning with ``keys.KEY``.
    """
    found, problems = {}, []
    for key, text in texts.items():
        try:
            found[key] = Address(text)
        except ValueError as error:
            problems.append(f"keys.{key}: {error}")
    readers: dict[str, str] = {}
    for key in channels:
        other = readers.setdefault(texts[key], key)
        if other is not key:
            fix = "fix: the place of each under keys, or the one that the station does not send under absent"
            problems.append(f'keys.{key}: got "{texts[key]}", at which {other} is read, too; {fix}')
    if problems:
        raise ConfigError(problems)
    return found


class MessageMember(NamedTuple):
    """A value of a message and its address."""

    address: str
    value: Any


def members(message: Any, most: int = 200) -> list[MessageMember]:
    """List the values of a message that are neither objects nor arrays, with addresses that find them.

    Parameters
    ----------
    message
        The document.
    most
        Number of members at most.

    Examples
    --------
    >>> [each.address for each in members({"a": {"b.c": 1}, "v": [2, {"x": 3}]})]
    ['a."b.c"', 'v[0]', 'v[1].x']
    """
    found: list[MessageMember] = []
    for member in _members(message, "", 0):
        if len(found) >= most:
            break
        found.append(member)
    return found


def quote_step(name: str) -> str:
    """Write the name of a member as a step of an address, in quotes if it needs them.

    Examples
    --------
    >>> quote_step("ch4"), quote_step("CH4.ppb")
    ('ch4', '"CH4.ppb"')
    """
    if _BARE.fullmatch(name):
        return name
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


class _Nothing:
    __slots__ = ()


_NOTHING = _Nothing()


def _follow(value: Any, step: Step) -> Any:
    if type(value) is str and value.lstrip()[:1] in ("{", "["):
        value = _unpacked(value)
    if type(step) is str:
        if type(value) is dict:
            return value.get(step, _NOTHING)
        if type(value) is list and step.isdecimal() and step.isascii():
            return _item(value, int(step[:9]))
        return _NOTHING
    if type(step) is int:
        if type(value) is dict:
            return value.get(str(step), _NOTHING)
        return _item(value, step) if type(value) is list else _NOTHING
    assert isinstance(step, Choice)
    if type(value) is list:
        for item in value:
            if type(item) is dict and _same(item.get(step.where), step.equals):
                return item
    return _NOTHING


def _unpacked(text: str) -> Any:
    """Parse JSON that was written into a text of a message, as cloud services and flows do; else return the text."""
    try:
        return msgspec.json.decode(text)
    except (ValueError, RecursionError):
        return text


def _same(value: Any, text: str) -> bool:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return False
    return str(value) == text


def _item(values: list[Any], index: int) -> Any:
    return values[index] if -len(values) <= index < len(values) else _NOTHING


def _members(value: Any, path: str, depth: int) -> Iterator[MessageMember]:
    if depth > _DEEPEST:
        return
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _members(inner, f"{path}.{quote_step(name)}" if path else quote_step(name), depth + 1)
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from _members(inner, f"{path}[{i}]", depth + 1)
    elif path:
        yield MessageMember(path, value)
