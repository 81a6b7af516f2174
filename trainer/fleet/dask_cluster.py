"""Connects to a Dask cluster, and finds out whether its workers can do our work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from distributed import Client

from trainer.errors import FleetError


@contextmanager
def connect_cluster(address: str, *, version: str, patience: float) -> Iterator[Any]:
    """Be connected to a cluster inside a ``with`` block.

    Parameters
    ----------
    address
        Address of its scheduler, ``tcp://host:8786``.
    version
        Version of davylamp that the workers must have.
    patience
        How long to wait for an answer [s].

    Yields
    ------
    distributed.Client
        The connection.

    Raises
    ------
    FleetError
        The scheduler does not answer, it has no workers, or they lack davylamp or have another version of it.
    """
    try:
        client = cast("Any", Client)(address, timeout=patience, set_as_default=True)
    except (OSError, ValueError) as error:
        fix = "fix: check the address, and that `dask scheduler` and `dask worker` run"
        raise FleetError(f"--dask {address}: got no answer ({str(error).splitlines()[0]}); {fix}") from error
    with client:
        _check_workers(client, address, version)
        yield client


def cluster_backend() -> Any:
    """Return joblib's backend for the cluster that is connected.

    Joblib does everything itself where it counts one job at a time, so a cluster of one thread would get nothing to do.
    """
    from joblib._dask import DaskDistributedBackend

    class ClusterBackend(DaskDistributedBackend):  # type: ignore[misc]  # joblib has no types
        def effective_n_jobs(self, n_jobs: int) -> int:
            return max(2, int(super().effective_n_jobs(n_jobs)))

    return ClusterBackend()


def _check_workers(client: Any, address: str, version: str) -> None:
    def ask() -> str:  # inside, so that it is sent whole: a worker may lack our code
        from importlib import import_module, metadata

        import_module("trainer.fleet.job_process")
        return metadata.version("davylamp")

    found = client.run(ask, on_error="return")
    if not found:
        raise FleetError(f"--dask {address}: the scheduler has no worker; fix: start some: dask worker {address}")
    faults = []
    for worker, got in sorted(found.items()):
        if isinstance(got, Exception):
            faults.append(f"{worker}: cannot import davylamp ({got}); fix: install davylamp[fleet] {version} there")
        elif got != version:
            faults.append(f"{worker}: got davylamp {got}, expected {version}, as here")
    if faults:
        raise FleetError("\n".join(faults))
