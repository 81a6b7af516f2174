"""Tasks beside the agent's turn."""

from __future__ import annotations

import threading
import time

from edge.rollout.worker import WorkerThread


def test_tasks_are_done_in_order_and_their_errors_are_results() -> None:
    worker = WorkerThread()
    worker.start("a", lambda: 1)
    worker.start("b", lambda: 1 / 0)
    found: list[object] = []
    deadline = time.monotonic() + 10
    while worker.busy and time.monotonic() < deadline:
        found += worker.take()
    (first, second) = found
    assert first == ("a", 1)
    assert isinstance(second, tuple)
    assert isinstance(second[1], ZeroDivisionError)
    assert not [each for each in threading.enumerate() if each.name == "models"], "no thread is left"
    assert worker.take() == []


def test_what_has_not_begun_is_dropped_at_the_end() -> None:
    worker, gate, done = WorkerThread(), threading.Event(), []
    worker.start("a", gate.wait)
    worker.start("b", lambda: done.append(1))
    threading.Timer(0.05, gate.set).start()
    worker.close()
    assert (worker.busy, done) == (False, [])
