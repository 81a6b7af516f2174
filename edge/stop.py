"""Lets SIGTERM and SIGINT end a loop within a second, wherever it is waiting."""

from __future__ import annotations

import contextlib
import signal
import socket
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import TypeVar

T = TypeVar("T")


class _StopRequested(BaseException):
    """Raised by the signal handler, only inside :meth:`Stop.interruptible`."""


class Stop:
    """A request to stop: a flag, a file descriptor for ``select``, and a way out of a blocking call.

    Use it as a context manager in the main thread; then SIGTERM and SIGINT set it. A signal that arrives just before
    ``select`` is not lost: the interpreter writes it to :meth:`fileno` (``signal.set_wakeup_fd``), which stays
    readable until :meth:`drain`.

    Attributes
    ----------
    requested : bool
        Whether a stop is requested.
    """

    def __init__(self) -> None:
        self.requested = False
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self._interrupting = False
        self._before: dict[int, object] = {}
        self._wakeup_before = -1

    def __enter__(self) -> Stop:
        self._wakeup_before = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        self._watch(signal.SIGTERM, signal.SIGINT)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # what signal.signal returned
        signal.set_wakeup_fd(self._wakeup_before)
        self._reader.close()
        self._writer.close()

    def fileno(self) -> int:
        """Return a descriptor that becomes readable once a stop is requested."""
        return self._reader.fileno()

    def drain(self) -> None:
        """Empty the descriptor, so that ``select`` blocks again; :attr:`requested` stays."""
        with contextlib.suppress(BlockingIOError):
            while self._reader.recv(64):
                pass

    def request(self) -> None:
        """Request a stop, without a signal."""
        self.requested = True
        with contextlib.suppress(BlockingIOError):
            self._writer.send(b"\0")

    def interruptible(self, call: Callable[[], T]) -> T | None:
        """Run a blocking call that a signal ends at once (Python repeats interrupted system calls otherwise).

        Returns
        -------
        T or None
            What the call returned; ``None`` if it was interrupted.
        """
        try:
            self._interrupting = True
            if self.requested:
                return None
            result = call()
            self._interrupting = False
        except _StopRequested:
            return None
        else:
            return result
        finally:
            self._interrupting = False

    def _watch(self, *numbers: int) -> None:
        """Have signals handled here until the end."""
        for number in numbers:
            self._before[number] = signal.signal(number, self._handle)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.requested = True
        if self._interrupting:
            self._interrupting = False
            raise _StopRequested
