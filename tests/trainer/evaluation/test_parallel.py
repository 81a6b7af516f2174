"""Measurements run in processes of their own; one that is killed ends them all with a reason."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Any

import pytest

from trainer.errors import TrainingError
from trainer.evaluation.parallel import run_tasks


def end(number: int) -> int:
    if number == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def test_a_process_that_is_killed_is_reported_with_what_to_do() -> None:
    with pytest.raises(TrainingError, match=r"one of 2 processes that measure was killed.*fix: "):
        list(run_tasks([partial(end, number) for number in range(4)], 2))


def test_an_interrupt_while_processes_are_started_waits_for_none_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    submit = ProcessPoolExecutor.submit

    def interrupted(pool: ProcessPoolExecutor, *arguments: Any) -> Any:
        future = submit(pool, *arguments)
        os.kill(os.getpid(), signal.SIGINT)
        return future

    monkeypatch.setattr(ProcessPoolExecutor, "submit", interrupted)
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        list(run_tasks([partial(time.sleep, 60.0)] * 2, 2))
    assert time.monotonic() - begun < 30
