"""What each signal asks of the agent: no signal that can be caught kills it without a goodbye."""

from __future__ import annotations

import contextlib
import os
import signal
from types import FrameType, TracebackType

from edge.stop import Stop

_STOPPING = ("SIGQUIT", "SIGABRT", "SIGPWR", "SIGXCPU")
_IGNORED = ("SIGUSR1", "SIGUSR2", "SIGALRM", "SIGVTALRM", "SIGPROF", "SIGIO", "SIGSTKFLT")
# These also report a fault of the program, on which no code of ours may run. Blocked, they still kill when it is one,
# and wait when somebody has sent them.
_FAULTS = ("SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGTRAP", "SIGSYS")


def _numbers(*names: str) -> tuple[signal.Signals, ...]:
    return tuple(getattr(signal, name) for name in names if hasattr(signal, name))


class AgentSignals(Stop):
    """A :class:`~edge.stop.Stop` that takes every signal.

    SIGHUP asks for a reload, unless it reports that the terminal was closed, which asks for a stop. SIGUSR1, timers and
    their like ask for nothing. Every other one asks for a stop; those that report a fault do at the next :meth:`check`.

    Enter it before threads begin, because they inherit which signals are blocked.

    Attributes
    ----------
    by
        Name of the signal that asked for the stop; empty without one.
    """

    def __init__(self) -> None:
        super().__init__()
        self.by = ""
        self._reload = False
        self._ignored: list[str] = []
        self._terminal = _has_terminal()
        self._blocked: set[signal.Signals] = set()

    def __enter__(self) -> AgentSignals:
        if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
            self._terminal = False  # nohup: the terminal may go
        super().__enter__()
        real_time = range(signal.SIGRTMIN, signal.SIGRTMAX + 1) if hasattr(signal, "SIGRTMIN") else ()
        self._watch(signal.SIGHUP, *_numbers(*_STOPPING), *_numbers(*_IGNORED), *real_time)
        faults = set(_numbers(*_FAULTS))
        self._blocked = faults - {signal.Signals(each) for each in signal.pthread_sigmask(signal.SIG_BLOCK, faults)}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # What is pending would kill as soon as it is let through, at the very end of a clean stop.
        still = {signal.Signals(each) for each in signal.sigpending() if each in self._blocked}
        signal.pthread_sigmask(signal.SIG_UNBLOCK, self._blocked - still)
        super().__exit__(kind, error, trace)

    def check(self) -> bool:
        """Return whether there is anything to do; call it from the loop: it also looks for signals that are blocked."""
        if not self.requested and (waiting := signal.sigpending() & self._blocked):
            self.by = _name(min(waiting))
            self.request()
        return self.requested or self._reload or bool(self._ignored)

    def take_reload(self) -> bool:
        """Return whether a reload was asked for since the last call."""
        reload, self._reload = self._reload, False
        return reload

    def take_ignored(self) -> list[str]:
        """Return the names of the signals since the last call that ask for nothing."""
        ignored, self._ignored = self._ignored, []
        return ignored

    def _handle(self, number: int, frame: FrameType | None) -> None:
        name = _name(number)
        if number == signal.SIGHUP and not (self._terminal and not _has_terminal()):
            self._reload = True
        elif name in _IGNORED or number >= getattr(signal, "SIGRTMIN", 1 << 30):
            self._ignored = [*self._ignored[-9:], name]
        else:
            self.by = self.by or name
            super()._handle(number, frame)


def _name(number: int) -> str:
    with contextlib.suppress(ValueError):
        return signal.Signals(number).name
    return f"SIGRTMIN+{number - signal.SIGRTMIN}"


def _has_terminal() -> bool:
    """Return whether this process belongs to a terminal that is there."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True
