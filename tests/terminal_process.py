"""A command in a process of its own whose terminal the test holds."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).parents[1]
_ESCAPES = re.compile(r"\x1b(\[[0-9;?]*[A-Za-z]|[()][A-Z0-9]|.)")


class TerminalProcess:
    """``davylamp ...`` on a pseudo-terminal; what it has drawn so far is in ``text``, without escapes.

    ``script`` is Python in place of ``-m davylamp``, and ``command`` another command in place of all words.
    """

    def __init__(
        self,
        *words: str,
        columns: int = 140,
        script: str = "",
        environment: dict[str, str] | None = None,
        command: Sequence[str] = (),
        folder: Path = ROOT,
    ) -> None:
        self._side, inside = pty.openpty()
        fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
        self.before = termios.tcgetattr(inside)
        self._inside = inside
        self.raw = ""
        start = ["-c", script] if script else ["-m", "davylamp"]
        variables = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "FORCE_COLOR")}
        self.process = subprocess.Popen(
            [*command] or [sys.executable, *start, *words],
            stdin=inside,
            stdout=inside,
            stderr=inside,
            cwd=folder,
            env={**variables, "TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8", **(environment or {})},
            preexec_fn=_take_terminal,  # noqa: PLW1509  # two system calls, which no thread can hold up
        )

    def __enter__(self) -> TerminalProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self._side)
        os.close(self._inside)

    @property
    def text(self) -> str:
        return _ESCAPES.sub("", self.raw)

    @property
    def settings(self) -> object:
        return termios.tcgetattr(self._inside)

    def press(self, keys: str) -> None:
        """Press keys; Ctrl-C is ``\\x03``."""
        os.write(self._side, keys.encode())

    def wait(self, words: str, timeout: float = 30.0) -> str:
        """Wait until these words are drawn after the last that were waited for; returns what was drawn by then."""
        deadline = time.monotonic() + timeout
        while True:
            before, found, after = self.text.partition(words)
            if found:
                self.raw = after
                return before + found
            assert time.monotonic() < deadline, f"{words!r} was not drawn, but {self.text[-2000:]!r}"
            self._receive()

    def end(self, timeout: float = 30.0) -> int:
        """Wait for the end; returns the exit code, as a shell does."""
        deadline = time.monotonic() + timeout
        while self.process.poll() is None:
            assert time.monotonic() < deadline, f"it still runs, and has drawn {self.text[-2000:]!r}"
            self._receive()
        while self._receive():
            pass
        # Python ends by the signal itself when it came in the middle of an exec().
        return 130 if self.process.returncode == -signal.SIGINT else self.process.returncode

    def _receive(self) -> bool:
        if not select.select([self._side], [], [], 0.1)[0]:
            return False
        self.raw += os.read(self._side, 65536).decode(errors="replace")
        return True


def _take_terminal() -> None:
    """Make the terminal the process's own, so that Ctrl-C becomes a signal."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # which a shell ignores for what it runs in the background
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
