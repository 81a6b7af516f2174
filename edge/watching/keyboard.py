"""Reads single keys from a terminal."""

from __future__ import annotations

import os
import select
import termios
import tty
from types import TracebackType

_NAMED = {
    "\x1b[A": "up",
    "\x1b[B": "down",
    "\x1bOA": "up",
    "\x1bOB": "down",
    "\x1b": "escape",
    "\r": "enter",
    "\n": "enter",
}


class Keyboard:
    """The keys of a terminal, at once and without echo; use it as a context manager, which puts the terminal back.

    Ctrl-C stays a signal.

    Parameters
    ----------
    descriptor
        File descriptor of the terminal, or ``None`` for no keys at all.
    """

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor
        self._before: list[object] = []

    def __enter__(self) -> Keyboard:
        if self._descriptor is not None:
            self._before = termios.tcgetattr(self._descriptor)
            tty.setcbreak(self._descriptor, termios.TCSADRAIN)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._descriptor is not None:
            termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._before)  # type: ignore[arg-type]  # its own list

    def read(self) -> list[str]:
        """Return the keys that were pressed since the last call, without waiting."""
        text = ""
        while self._descriptor is not None and select.select([self._descriptor], [], [], 0)[0]:
            data = os.read(self._descriptor, 1024)
            if not data:  # the terminal has gone
                self._descriptor = None
            text += data.decode(errors="replace")
        return split_keys(text)


def split_keys(text: str) -> list[str]:
    r"""Split what a terminal sends into keys: a character, or ``up``, ``down``, ``enter``, ``escape``.

    Examples
    --------
    >>> split_keys("a\x1b[Bj\r\x1b")
    ['a', 'down', 'j', 'enter', 'escape']
    """
    keys = []
    while text:
        length = 3 if text[:3] in _NAMED else 1
        keys.append(_NAMED.get(text[:length], text[:length]))
        text = text[length:]
    return keys
