"""Syntax of an address: the path of a value in a message, as ``keys`` and ``station_from`` of gateway.yaml give it."""

from __future__ import annotations

import re
from typing import NamedTuple


class Choice(NamedTuple):
    """A step to the first member of a list whose member ``where`` equals a text."""

    where: str
    equals: str


Step = str | int | Choice
"""Name of a member, number of an item, or choice of an item."""

_QUOTED = r'"(?:[^"\\]|\\.)*"|' + r"'(?:[^'\\]|\\.)*'"
_QUOTES = """a name that has such signs itself stands in double quotes, within single ones: '"CH4 [ppb]"'"""
_NAME = re.compile(rf"{_QUOTED}|[^.\[\]\"']+")
_BRACKET = re.compile(rf"\[\s*(?:(-?\d{{1,6}})|({_QUOTED})|([^\[\]=\"']+?)\s*={{1,2}}\s*({_QUOTED}|[^\[\]]*?))\s*\]")


def address_steps(text: str) -> tuple[Step, ...]:
    """Take an address apart.

    Raises
    ------
    ValueError
        It cannot be an address; the sentence says why.

    Examples
    --------
    >>> address_steps('SENSOR."CH4.ppb"'), address_steps("values[0].v"), address_steps("r[type=CH4].value")
    (('SENSOR', 'CH4.ppb'), ('values', 0, 'v'), ('r', Choice(where='type', equals='CH4'), 'value'))
    """
    fault = _fault(text)
    if fault is not None:
        raise ValueError(fault)
    steps: list[Step] = []
    at = 0
    while at < len(text):
        if text[at] == "[":
            bracket = _BRACKET.match(text, at)
            if bracket is None:
                raise ValueError(
                    f'got "{text}", expected a number or NAME=TEXT in brackets: values[0], r[type=CH4].v; {_QUOTES}'
                )
            number, quoted, where, equals = bracket.groups()
            if number is not None:
                steps.append(int(number))
            else:
                steps.append(_unquoted(quoted) if quoted is not None else Choice(where.strip(), _unquoted(equals)))
            at = bracket.end()
        else:
            at += bool(steps)  # the dot
            name = _NAME.match(text, at)
            if name is None:
                raise ValueError(_sentence(text, at))
            steps.append(_unquoted(name[0]))
            at = name.end()
        if at < len(text) and text[at] not in ".[":
            raise ValueError(_sentence(text, at))
    return tuple(steps)


def address_fault(text: str) -> str | None:
    """Say what is wrong with an address; ``None``: nothing."""
    try:
        address_steps(text)
    except ValueError as error:
        return str(error)
    return None


def _fault(text: str) -> str | None:
    if not text or text != text.strip():
        return f'got "{text}", expected a path without blanks around it; {_QUOTES}'
    if text.startswith("$"):
        return f'got "{text}", expected a path without $: data.ch4 or values[0]; {_QUOTES}'
    if len(text) > 500:
        return "got a path of more than 500 characters, expected a shorter one"
    if text.startswith(".") or text.endswith("."):
        return f'got "{text}", expected a name before and behind every dot'
    return None


def _sentence(text: str, at: int) -> str:
    if text[at : at + 1] == "." or (text[at - 1 : at] == "." and at == len(text)):
        return f'got "{text}", expected a name between two dots'
    return f'got "{text}", expected names separated by dots (column {at + 1}); {_QUOTES}'


def _unquoted(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    return text
