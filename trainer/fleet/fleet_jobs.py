"""Spreads the work on many stations over processes of this machine, or over a Dask cluster, by joblib."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence

from joblib import Parallel, delayed, parallel_config

from trainer.fleet.fleet_job import FleetJob, JobOutcome
from trainer.fleet.job_process import end_jobs, run_job

_PATIENCE = 15  # [s] for a scheduler to answer


def run_jobs(jobs: Sequence[FleetJob], count: int | None = None, *, dask: str | None = None) -> Iterator[JobOutcome]:
    """Yield what came of each job, in the order in which they end; none stops another.

    Parameters
    ----------
    jobs
        The jobs.
    count
        How many are done at a time; ``None``: one per processor, or per thread of the cluster's workers.
    dask
        Address of the scheduler of an existing cluster, whose workers see the same files; ``None``: this machine.

    Raises
    ------
    FleetError
        The scheduler does not answer, or workers cannot do the work.
    ModuleNotFoundError
        dask is not installed.
    """
    try:
        with _backend(count, dask, jobs) as many:
            # The processes are started by threads: they wait for them, and compute nothing.
            parallel = Parallel(n_jobs=many, return_as="generator_unordered", batch_size=1, pre_dispatch=_ahead(count))
            yield from parallel(delayed(run_job)(job) for job in jobs)
    finally:
        end_jobs()  # after Ctrl-C: what still runs ends as well


def _ahead(count: int | None) -> str | int:
    return "all" if count is None else count


@contextlib.contextmanager
def _backend(count: int | None, dask: str | None, jobs: Sequence[FleetJob]) -> Iterator[int]:
    """Choose where jobs are done; gives how many at a time, as joblib counts them."""
    if dask is None:
        with parallel_config(backend="threading"):
            yield count or len(os.sched_getaffinity(0))
        return
    from trainer.fleet.cluster_backend import ClusterBackend
    from trainer.fleet.dask_cluster import connect_cluster

    with (
        connect_cluster(dask, jobs, patience=_PATIENCE) as client,
        parallel_config(backend=ClusterBackend(client, dask)),
    ):
        yield count or -1
