"""Runs independent measurements in parallel processes."""

from __future__ import annotations

import multiprocessing
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import TypeVar

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from trainer.errors import TrainingError

Result = TypeVar("Result")


def run_tasks(tasks: Sequence[Callable[[], Result]], processes: int) -> Iterator[tuple[int, Result]]:
    """Yield every task's number and result, in the order in which they finish.

    Parameters
    ----------
    tasks
        Tasks to run; they are pickled if there is more than one process.
    processes
        How many tasks run at a time.

    Raises
    ------
    TrainingError
        A process was killed, as the system does when memory runs out.
    """
    if processes == 1:
        for number, task in enumerate(tasks):
            yield number, _alone(task)
        return
    # Not forked, because torch already has threads.
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        try:
            with _without_interrupts():  # one that came meanwhile is raised behind it
                futures = {pool.submit(_alone, task): number for number, task in enumerate(tasks)}
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BrokenProcessPool:
            raise TrainingError(
                f"one of {processes} processes that measure was killed, probably because memory ran out; "
                "fix: end other programs, or give it a single processor: taskset -c 0 davylamp ..."
            ) from None
        except BaseException:  # nobody waits for the rest: Ctrl-C, or an error of one task
            pool.shutdown(wait=False, cancel_futures=True)
            for process in multiprocessing.active_children():
                process.terminate()
            raise


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Hold a Ctrl-C back: processes that are started meanwhile never receive it, and leave it to this one."""
    came: list[int] = []
    in_main = threading.current_thread() is threading.main_thread()
    # Blocked for the processes, which inherit that; noted for this one, where another thread may receive it.
    handler = signal.signal(signal.SIGINT, lambda number, _: came.append(number)) if in_main else None
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        if in_main:
            signal.signal(signal.SIGINT, handler)
    if came:
        raise KeyboardInterrupt


def _alone(task: Callable[[], Result]) -> Result:
    # Arrays this small are no faster on more threads, and much slower when other processes need the processor.
    with threadpool_limits(1):
        return task()
