"""Measurements run in processes of their own; one that is killed ends them all with a reason."""

from __future__ import annotations

import os
import signal
from functools import partial

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
