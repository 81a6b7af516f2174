"""Spreads the work on many stations over processes of this machine, or over a Dask cluster, by joblib."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence

from joblib import Parallel, delayed, parallel_config

from trainer.errors import FleetError
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
    left = {job.name: job for job in jobs}
    try:
        with _backend(count, dask, jobs) as many:
            # The processes are started by threads: they wait for them, and compute nothing.
            parallel = Parallel(n_jobs=many, return_as="generator_unordered", batch_size=1, pre_dispatch=_ahead(count))
            for outcome in parallel(delayed(run_job)(job) for job in jobs):
                left.pop(outcome.name)
                yield outcome
    except (FleetError, ModuleNotFoundError):
        raise
    except Exception as error:  # the cluster's: a job reports its own errors
        if dask is None:
            raise
        fix = f"fix: run the same command again, which does the other {len(left)} only"
        for name in left:
            yield JobOutcome(name, "failed", error=f"the cluster at {dask} has lost it ({_first_line(error)}); {fix}")
    finally:
        end_jobs()  # after Ctrl-C: what still runs ends as well


def _ahead(count: int | None) -> str | int:
    return "all" if count is None else count


@contextlib.contextmanager
def _backend(count: int | None, dask: str | None, jobs: Sequence[FleetJob]) -> Iterator[int]:
    """Choose where jobs are done; gives how many at a time, as joblib counts them."""
    if dask is None:
        with parallel_config(backend="threading"):
            yield count or os.cpu_count() or 1
        return
    from trainer.fleet.dask_cluster import cluster_backend, connect_cluster

    with (
        connect_cluster(dask, version=jobs[0].version if jobs else "", patience=_PATIENCE),
        parallel_config(backend=cluster_backend()),
    ):
        yield count or -1


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
