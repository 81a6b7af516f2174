"""Log: one line per happening, key=value, and never a flood."""

from __future__ import annotations

import json
import logging
import sys

from edge.clock import Clock, SystemClock, rfc3339

ONCE_A_MINUTE = 60.0
"""How often something that goes on and on is said [s]."""

_NAMES = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


logging.getLogger("davylamp").addHandler(logging.NullHandler())  # a command that does not log says so itself


class Log:
    """Writes happenings as ``what happened key=value key="two words"``.

    Parameters
    ----------
    name
        Logger below ``davylamp``.
    clock
        For what is said at most once in a while.
    """

    def __init__(self, name: str, clock: Clock | None = None) -> None:
        self._logger = logging.getLogger(f"davylamp.{name}")
        self._clock = clock or SystemClock()
        self._said: dict[str, tuple[float, int]] = {}

    def debug(self, event: str, **fields: object) -> None:
        """Say what only somebody who searches wants to know."""
        self._logger.debug(_line(event, fields))

    def info(self, event: str, **fields: object) -> None:
        """Say what happened."""
        self._logger.info(_line(event, fields))

    def warning(self, event: str, *, every: float = 0.0, **fields: object) -> None:
        """Say what somebody should look at; with ``every`` [s] at once, and then no more often than that."""
        self._say(logging.WARNING, event, every, fields)

    def error(self, event: str, *, every: float = 0.0, **fields: object) -> None:
        """Say what keeps davylamp from working; ``every`` as in :meth:`warning`."""
        self._say(logging.ERROR, event, every, fields)

    def exception(self, event: str, **fields: object) -> None:
        """Say, at most once a minute, what is a mistake in davylamp, with its traceback."""
        self._say(logging.ERROR, event, ONCE_A_MINUTE, fields, trace=True)

    def _say(self, level: int, event: str, every: float, fields: dict[str, object], *, trace: bool = False) -> None:
        if every:
            now = self._clock.monotonic()
            said, held_back = self._said.get(event, (-every, 0))
            if now - said < every:
                self._said[event] = (said, held_back + 1)
                return
            self._said[event] = (now, 0)
            if held_back:
                fields["repeated"] = held_back
        self._logger.log(level, _line(event, fields), exc_info=trace)


def start_logging(level: str) -> None:
    """Send everything from ``level`` (debug, info, warning, error) on to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter())
    root = logging.getLogger("davylamp")
    root.handlers[:] = [handler]
    root.setLevel(_NAMES[level])
    root.propagate = False


class _Formatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = f"{rfc3339(record.created)} {record.levelname.lower()} {record.getMessage()}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def _line(event: str, fields: dict[str, object]) -> str:
    return " ".join([event, *(f"{key}={_value(value)}" for key, value in fields.items())])


def _value(value: object) -> str:
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if text and text.isprintable() and not set(text) & set(' "=') else json.dumps(text)
