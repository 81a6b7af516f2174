"""Worker: does what takes long beside the agent's turn, one task at a time."""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Callable
from typing import Any, Protocol

_SWITCH = 0.0005  # [s] after which the agent's turn gets its way, ten times in each: with the usual 5 ms that is a gap

Task = Callable[[], Any]


class Worker(Protocol):
    """Does tasks, and returns what they have returned or raised, in order."""

    @property
    def busy(self) -> bool:
        """Whether a task is not done, or its result not taken."""

    def start(self, name: str, task: Task) -> None:
        """Have a task done."""

    def take(self) -> list[tuple[str, Any]]:
        """Return the names and results of tasks that are done; a result may be the exception that it ended with."""

    def close(self) -> None:
        """Wait for the task in work, and drop the others."""


class WorkerThread(Worker):
    """Does tasks in a thread, which begins with the first of them and ends behind the last.

    A thread that waits for ever would keep 100 kB for what happens once a month.
    """

    def __init__(self) -> None:
        self._tasks: queue.SimpleQueue[tuple[str, Task]] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
        self._waiting = 0
        self._thread: threading.Thread | None = None

    @property
    def busy(self) -> bool:
        """Whether a task is not done, or its result not taken."""
        return self._waiting > 0

    def start(self, name: str, task: Task) -> None:
        """Have a task done."""
        self._waiting += 1
        self._tasks.put((name, task))
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="models", daemon=True)
            self._thread.start()

    def take(self) -> list[tuple[str, Any]]:
        """Return the names and results of tasks that are done."""
        if not self._waiting:
            return []
        found = []
        while not self._done.empty():
            found.append(self._done.get())
        self._waiting -= len(found)
        if not self._waiting and self._thread is not None:
            self._tasks.put(("", _end))
            self._thread.join()
            self._thread = None
        return found

    def close(self) -> None:
        """Wait for the task in work, and drop the others."""
        if self._thread is not None:
            while not self._tasks.empty():
                self._tasks.get()
            self._tasks.put(("", _end))
            self._thread.join(10.0)
            self._thread = None
        self._waiting = 0

    def _work(self) -> None:
        while True:
            name, task = self._tasks.get()
            if task is _end:
                return
            usual = sys.getswitchinterval()
            sys.setswitchinterval(_SWITCH)
            try:
                result = task()
            except BaseException as error:  # whoever waits for it must not wait for ever
                result = error
            finally:
                sys.setswitchinterval(usual)
            self._done.put((name, result))


def _end() -> None:
    """Tell the thread that nothing follows."""
