"""Writes one line per event, key=value or JSON, and never a flood of them."""

from __future__ import annotations

import json
import logging
import math
import sys
from collections.abc import Mapping
from typing import Literal

from edge.clock import Clock, SystemClock, rfc3339

ONCE_A_MINUTE = 60.0
"""Interval at which an event that goes on is logged [s]."""

_MOST_PACED = 20  # events that are paced by themselves

_NAMES = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


logging.getLogger("davylamp").addHandler(logging.NullHandler())  # commands that do not start logging print their errors


class Log:
    """Writes events as ``what happened key=value key="two words"``.

    Parameters
    ----------
    name
        Name of the logger below ``davylamp``.
    clock
        Paces events that are logged at most once in an interval.

    Attributes
    ----------
    clock : Clock
        That clock.
    """

    def __init__(self, name: str, clock: Clock | None = None) -> None:
        self._logger = logging.getLogger(f"davylamp.{name}")
        self.clock = clock or SystemClock()
        self._logged: dict[tuple[str, str], tuple[float, int]] = {}

    def debug(self, event: str, **fields: object) -> None:
        """Log what is only of interest when searching for a fault."""
        self._log(logging.DEBUG, event, fields)

    def info(self, event: str, **fields: object) -> None:
        """Log what happened."""
        self._log(logging.INFO, event, fields)

    def warning(self, event: str, *, every: float = 0.0, of: str = "", **fields: object) -> None:
        """Log what somebody should look at; with ``every`` [s] at once, and then no more often than that.

        The first twenty values of ``of`` are paced by themselves: one topic must not hide what is wrong on another.
        """
        self._write(logging.WARNING, event, every, fields, of)

    def error(self, event: str, *, every: float = 0.0, of: str = "", **fields: object) -> None:
        """Log what keeps davylamp from working; ``every`` and ``of`` as in :meth:`warning`."""
        self._write(logging.ERROR, event, every, fields, of)

    def exception(self, event: str, **fields: object) -> None:
        """Log a mistake in davylamp with its traceback, at most once a minute."""
        self._write(logging.ERROR, event, ONCE_A_MINUTE, fields, trace=True)

    def _write(
        self, level: int, event: str, every: float, fields: dict[str, object], of: str = "", *, trace: bool = False
    ) -> None:
        if every:
            now = self.clock.monotonic()
            key = (event, of)
            if key not in self._logged and len(self._logged) >= _MOST_PACED:
                key = (event, "")
            logged, held_back = self._logged.get(key, (-every, 0))
            if now - logged < every:
                self._logged[key] = (logged, held_back + 1)
                return
            self._logged[key] = (now, 0)
            if held_back:
                fields["repeated"] = held_back
        self._log(level, event, fields, trace=trace)

    def _log(self, level: int, event: str, fields: Mapping[str, object], *, trace: bool = False) -> None:
        if self._logger.isEnabledFor(level):
            what = {"event": event, "fields": fields}
            self._logger.log(level, _line(event, fields), exc_info=trace, extra=what)


def start_logging(level: str, form: Literal["text", "json"] = "text") -> None:
    """Write everything from ``level`` (debug, info, warning, error) upwards to standard error.

    With ``form: json`` each line is a JSON object, a traceback included: ``ts``, ``level``, ``logger`` and ``event``
    are in all of them, and the event's own keys come behind. Warnings of Python and of libraries are lines like these.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonFormatter() if form == "json" else _Formatter())
    root = logging.getLogger("davylamp")
    root.handlers[:] = [handler]
    root.setLevel(_NAMES[level])
    root.propagate = False
    logging.captureWarnings(capture=True)
    logging.getLogger("py.warnings").handlers[:] = [handler]
    logging.lastResort = handler


class _Formatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = f"{rfc3339(record.created)} {record.levelname.lower()} {record.getMessage()}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "ts": rfc3339(record.created),
            "level": record.levelname.lower(),
            "logger": record.name.removeprefix("davylamp."),
            "event": getattr(record, "event", None) or record.getMessage(),
        }
        for key, value in getattr(record, "fields", {}).items():
            line[f"{key}_" if key in line else key] = _plain(value)
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line)


def _plain(value: object) -> object:
    """Return what JSON has a word for, and anything else as its text, as in a line of text."""
    if isinstance(value, bool | int | None) or (isinstance(value, float) and math.isfinite(value)):
        return value
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else str(value)


def _line(event: str, fields: Mapping[str, object]) -> str:
    return " ".join([event, *(f"{key}={_value(value)}" for key, value in fields.items())])


def _value(value: object) -> str:
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if text and text.isprintable() and not set(text) & set(' "=') else json.dumps(text)
