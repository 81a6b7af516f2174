"""Keeps a second installation, a lost connection and a signal from leaving a change half done."""

from __future__ import annotations

import fcntl
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge.errors import DeploymentError


@contextmanager
def undisturbed(store: Path) -> Iterator[None]:
    """Hold the lock of a store, made if it is not there; a signal to end rolls back as an error does.

    What is made meanwhile can be read by the service's user, whatever the umask.

    Raises
    ------
    DeploymentError
        Another installation holds it, the disk is full, or a signal came.
    """
    lock, mask = store / ".lock", os.umask(0o022)
    try:
        with _held(lock, store), _signals():
            yield
    finally:
        os.umask(mask)


def say_undisturbed(line: str) -> None:
    """Print a line; when the connection to whoever reads it is lost, the work goes on without a reader."""
    if sys.stdout is None:
        return
    try:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
    except OSError:
        sys.stdout = None


@contextmanager
def _held(lock: Path, store: Path) -> Iterator[None]:
    try:
        store.mkdir(parents=True, exist_ok=True)
        file = lock.open("w")
    except OSError as error:
        raise DeploymentError(f"{lock}: {error.strerror}; fix: make room, or check the disk") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DeploymentError(
                "another installation is running; fix: wait until it is done, then run this again"
            ) from None
        yield


@contextmanager
def _signals() -> Iterator[None]:
    """Go on when the connection is lost; take a signal to end for an error."""

    def end(number: int, _: object) -> None:
        # Once: the way back takes a moment, and must not be interrupted by whoever is impatient.
        signal.signal(number, signal.SIG_IGN)
        raise DeploymentError(f"interrupted by {signal.Signals(number).name}")

    before = {signal.SIGHUP: signal.signal(signal.SIGHUP, signal.SIG_IGN)}
    before |= {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
