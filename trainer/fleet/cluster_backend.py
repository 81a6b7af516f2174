"""ClusterBackend: joblib's way to a Dask cluster, on which a job that is lost is one failure, and the rest goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from joblib.parallel import ParallelBackendBase

from trainer.errors import FleetError
from trainer.fleet.fleet_job import FleetJob, JobOutcome

_Returned = tuple[FleetJob, Any]
"""A job, and the future of its outcome or an error."""


class ClusterBackend(ParallelBackendBase):  # type: ignore[misc]  # joblib has no types
    """Sends jobs to the workers of a cluster.

    Joblib's own backend for Dask waits for ever for a job whose workers were killed again and again, and gives up
    everything when the connection is lost.

    Parameters
    ----------
    client
        The connection.
    address
        Address of the scheduler, for messages.
    """

    supports_retrieve_callback = True
    default_n_jobs = -1

    def __init__(self, client: Any, address: str) -> None:
        super().__init__(nesting_level=0)
        self._client = client
        self._address = address

    def effective_n_jobs(self, n_jobs: int) -> int:
        """Return how many jobs joblib hands out at a time; with one it would do them itself."""
        threads = sum(self._client.ncores().values())
        return max(2, threads if n_jobs is None or n_jobs < 0 else n_jobs)

    def submit(self, func: Any, callback: Callable[[_Returned], None] | None = None) -> Any:
        """Send a job to the cluster."""
        ((function, (job,), _),) = func.items  # they come one by one
        assert callback is not None
        if self._client.status != "running":
            return self._fail(job, FleetError("the connection to the scheduler is lost"), callback)
        try:
            future = self._client.submit(function, job, pure=False)
        except Exception as error:
            return self._fail(job, error, callback)
        future.add_done_callback(lambda done: callback((job, done)))
        return future

    @staticmethod
    def _fail(job: FleetJob, error: Exception, callback: Callable[[_Returned], None]) -> Exception:
        # Not a call: joblib sends the next job from there, and that one fails as well.
        threading.Thread(target=callback, args=((job, error),), daemon=True).start()
        return error

    apply_async = submit  # the name before joblib 1.5

    def retrieve_result_callback(self, out: _Returned) -> list[JobOutcome]:
        """Return the outcome of a job, also if the cluster has lost it."""
        job, done = out
        error = done
        if not isinstance(done, Exception):
            try:
                if done.status == "finished":
                    return [done.result()]
                error = done.exception() if done.status == "error" else "the connection to the scheduler is lost"
            except Exception as fault:
                error = fault
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        fix = "fix: run the same command again, which does only what is not done"
        sentence = f"the cluster at {self._address} has lost it ({reason}); {fix}"
        return [JobOutcome(job.name, "failed", error=sentence)]
