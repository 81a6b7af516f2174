"""Logs why there is no connection: at once, and then once a minute."""

from __future__ import annotations

from edge.log import ONCE_A_MINUTE, Log
from edge.mqtt.failures import Failure


class FailureLog:
    """A line about each reason for which there is no connection, and again once a minute.

    Parameters
    ----------
    log
        Where it is written; its clock paces the lines.
    broker
        Address of the broker.
    """

    def __init__(self, log: Log, broker: str) -> None:
        self._log = log
        self._broker = broker
        self._tries = 0
        self._event: str | None = None
        self._written = 0.0

    def clear(self) -> None:
        """Begin anew: a connection is stable."""
        self._tries, self._event = 0, None

    def add(self, failure: Failure, next_try: float) -> None:
        """Count a try that has failed, and log why.

        Parameters
        ----------
        failure
            Why.
        next_try
            When the next one is due, by the monotonic clock [s].
        """
        self._tries += 1
        self.remind(failure, next_try)

    def remind(self, failure: Failure | None, next_try: float) -> None:
        """Log it again if it is time; see :meth:`add`."""
        now = self._log.clock.monotonic()
        if failure is None or (failure.event == self._event and now - self._written < ONCE_A_MINUTE):
            return
        self._event, self._written = failure.event, now
        write = self._log.error if failure.slow else self._log.warning
        wait = max(0.0, next_try - now)
        write(failure.event, broker=self._broker, detail=failure.detail, tries=self._tries, next_try_s=wait)
