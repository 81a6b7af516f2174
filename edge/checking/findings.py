"""Prints findings, a line each, and counts the errors among them; reads such lines again."""

from __future__ import annotations

import json
from typing import TextIO

_LEVELS = ("ok", "warning", "error")
_LEVEL = 8  # characters of a line for its level


class Findings:
    """The findings of a check.

    Parameters
    ----------
    out
        Stream to print to.

    Attributes
    ----------
    errors : int
        Number of findings that are errors.
    """

    def __init__(self, out: TextIO) -> None:
        self.errors = 0
        self._out = out

    def ok(self, text: object) -> None:
        """Print what is as it should be."""
        self._print("ok", text)

    def warning(self, text: object) -> None:
        """Print what the agent can live with, and somebody should look at."""
        self._print("warning", text)

    def error(self, text: object) -> None:
        """Print what keeps the agent from its work."""
        self.errors += 1
        self._print("error", text)

    def _print(self, level: str, text: object) -> None:
        for line in str(text).splitlines():
            print(f"{level:{_LEVEL}}{line}", file=self._out, flush=True)


def findings_json(text: str, *, passed: bool) -> str:
    r"""Write printed findings as one JSON document: ``{"passed", "findings": [{"level", "text"}]}``.

    A line without a level, such as one of Python's own, counts as an error.

    Examples
    --------
    >>> print(findings_json("warning no reading\n", passed=True))
    {"passed": true, "findings": [{"level": "warning", "text": "no reading"}]}
    """
    findings = []
    for line in text.splitlines():
        level = line[:_LEVEL].strip()
        known = level in _LEVELS
        findings.append({"level": level if known else "error", "text": line[_LEVEL:] if known else line})
    return json.dumps({"passed": passed, "findings": findings}, ensure_ascii=False)
