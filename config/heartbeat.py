"""Keeps the last line of a terminal moving while a long calculation has nothing new to say."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

BEAT = 1.0
"""Silence after which the line moves [s]."""

_WORKING = "working"
_CLEAR = "\r\x1b[K"


class Heartbeat:
    """Passes on what is written to a terminal; after a second of silence a count of seconds runs behind the last line.

    A bar that one long step holds up, and libraries that take their time to load, are alive for whoever watches.

    Parameters
    ----------
    stream
        The terminal.
    label
        What stands before the seconds until something is written.
    """

    def __init__(self, stream: TextIO, label: str) -> None:
        self._stream = stream
        self._line = label
        self._written = time.monotonic()
        self._beaten = False
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Begin to count."""
        self._thread.start()

    def stop(self) -> None:
        """End, and take the count away."""
        self._stop.set()
        self._thread.join()
        with self._lock:
            self._wipe()
            self._stream.flush()

    def write(self, text: str) -> int:
        """Pass on a text."""
        with self._lock:
            self._wipe()
            self._written = time.monotonic()
            line = text.rpartition("\n")[2].rpartition("\r")[2].strip()
            if line or "\n" in text:
                self._line = line or _WORKING
            return self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        """Be the terminal in everything else."""
        return getattr(self._stream, name)

    def _wipe(self) -> None:
        if self._beaten:
            self._stream.write(_CLEAR)
            self._beaten = False

    def _beat(self) -> None:
        while not self._stop.wait(BEAT / 2):
            with self._lock:
                silent = time.monotonic() - self._written
                if silent >= BEAT:
                    self._stream.write(f"{_CLEAR}{self._line}  {silent:.0f} s")
                    self._stream.flush()
                    self._beaten = True


@contextmanager
def heartbeat(stream: TextIO, label: str) -> Iterator[TextIO]:
    """Keep a terminal's last line moving; a stream that is no terminal is passed on as it is.

    Parameters
    ----------
    stream
        Where progress is shown.
    label
        What stands there until something is written.

    Yields
    ------
    TextIO
        The stream to show progress on.
    """
    if not stream.isatty():
        yield stream
        return
    beating = Heartbeat(stream, label)
    beating.start()
    try:
        yield cast("TextIO", beating)
    finally:
        beating.stop()
