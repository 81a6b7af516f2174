"""Prints findings, a line each, and counts the errors among them."""

from __future__ import annotations

from typing import TextIO


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
            print(f"{level:8}{line}", file=self._out, flush=True)
