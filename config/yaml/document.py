"""Parses YAML text into plain data, collecting every problem that does not depend on what the file is for.

YAML 1.2's core schema, not PyYAML's 1.1: ``off``, ``no`` and ``2026-01-01`` are texts, ``1e-3`` is a number, ``010`` is
ten. Numbers that are not finite stay texts, so that no setting can be infinite or NaN.
"""

from __future__ import annotations

import math
import re
from typing import Any

import yaml

_TEXT = "tag:yaml.org,2002:str"
_CONTAINERS = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")
_WORDS = {"": None, "~": None, "null": None, "Null": None, "NULL": None,
          "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}  # fmt: skip
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_TOO_DEEP = "nested too deeply; expected a few levels"


def parse_document(text: str) -> tuple[Any, list[tuple[str, str]]]:
    """Parse one YAML document.

    Parameters
    ----------
    text
        The whole file.

    Returns
    -------
    tuple
        The data (dict, list, str, int, float, bool, None) and the problems as (dotted path, sentence). With a syntax
        error the data is ``None``.
    """
    problems: list[tuple[str, str]] = []
    try:
        # BaseLoader builds nothing and runs nothing.
        node = yaml.compose(text, Loader=yaml.BaseLoader)
        return (None if node is None else _Reader(problems).value(node, "")), problems
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = "" if mark is None else f"line {mark.line + 1}, column {mark.column + 1}: "
        what = ", ".join(filter(None, (error.context, error.problem)))
        what = re.sub("(alias|anchor|handle) '[^']*'", r"\1", what)  # may be part of a password
        fix = "check the indentation, and quote texts with : # * & % [ ] { or }"
        return None, [("", f"{where}not YAML: {what}; {fix}")]
    except yaml.YAMLError as error:
        return None, [("", f"not YAML: {str(error).splitlines()[0]}; expected plain text")]
    except RecursionError:
        return None, [("", _TOO_DEEP)]


def join_path(path: str, key: str) -> str:
    """Append a key, or ``[index]``, to a dotted path."""
    return path + key if not path or key.startswith("[") else f"{path}.{key}"


class _Reader:
    """Turns nodes into data; an alias that contains itself is a problem, not an endless recursion."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        self._problems = problems
        self._open: set[int] = set()
        self._done: dict[int, Any] = {}

    def value(self, node: yaml.Node, path: str) -> Any:
        if node.tag != _TEXT and node.tag not in _CONTAINERS:
            self._problems.append((path, f"line {node.start_mark.line + 1}: tags (!) are not understood; remove it"))
            return None
        if isinstance(node, yaml.ScalarNode):
            if any("\ud800" <= unit <= "\udfff" for unit in node.value):  # an escape can smuggle one in
                self._problems.append((path, f"line {node.start_mark.line + 1}: half a character (a surrogate)"))
            return node.value if node.style else _scalar(node.value)
        if id(node) in self._open:
            self._problems.append((path, f"line {node.start_mark.line + 1}: an alias (*) inside its own anchor (&)"))
            return None
        if id(node) not in self._done:
            self._open.add(id(node))
            assert isinstance(node, yaml.SequenceNode | yaml.MappingNode)
            self._done[id(node)] = (
                [self.value(item, join_path(path, f"[{i}]")) for i, item in enumerate(node.value)]
                if isinstance(node, yaml.SequenceNode)
                else self._mapping(node, path)
            )
            self._open.discard(id(node))
        return self._done[id(node)]

    def _mapping(self, node: yaml.MappingNode, path: str) -> dict[str, Any]:
        lines: dict[str, int] = {}
        result: dict[str, Any] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                self._problems.append((path, f"line {line}: got a list or a mapping as a key, expected a text"))
            elif key.value in lines:
                where = f"lines {lines[key.value]} and {line}" if line != lines[key.value] else f"line {line}"
                self._problems.append((join_path(path, key.value), f"given twice ({where}); keep one of them"))
            else:
                lines[key.value] = line
                result[key.value] = self.value(value, join_path(path, key.value))
        return result


def _scalar(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if NUMBER.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    return text
