"""Connects to a Dask cluster, and finds out whether its workers can do our work."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

from distributed import Client

from trainer.errors import FleetError
from trainer.fleet.fleet_job import FleetJob

_ADDRESS = re.compile(r"((tcp|tls|ucx|wss?)://)?[^/\s]+:[0-9]{1,5}/?")
_LOOK = 10.0  # [s] between two looks at whether there are workers
_ALONE = 3  # looks without any, after which somebody should know


@contextlib.contextmanager
def connect_cluster(address: str, jobs: Sequence[FleetJob], *, patience: float) -> Iterator[Any]:
    """Be connected to a cluster inside a ``with`` block, whose workers can do the jobs.

    Parameters
    ----------
    address
        Address of its scheduler, ``tcp://host:8786``.
    jobs
        The jobs: workers must have their version, and see their files.
    patience
        How long to wait for an answer [s].

    Yields
    ------
    distributed.Client
        The connection.

    Raises
    ------
    FleetError
        The scheduler does not answer, it has no workers, or they lack davylamp, have another version of it, or do not
        see the files.
    """
    if not _ADDRESS.fullmatch(address):
        raise FleetError(f"--dask: got {address!r}, expected the address of a scheduler, e.g. tcp://192.168.1.5:8786")
    try:
        client = cast("Any", Client)(address, timeout=patience, set_as_default=False)
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        raise FleetError(_no_answer(address, error)) from error
    for name in ("distributed", "distributed.client"):  # what is lost is an outcome with its reason, not a traceback
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with client:
        _check_workers(client, address, jobs)
        with _watch_workers(client, address):
            yield client


def _no_answer(address: str, error: Exception) -> str:
    fix = "fix: check the address, and that `dask scheduler` and `dask worker` run"
    return f"--dask {address}: got no answer ({_first_line(error)}); {fix}"


def _check_workers(client: Any, address: str, jobs: Sequence[FleetJob]) -> None:
    """Refuse workers that could not do the work, before any of it starts."""
    ends = {file for job in jobs for file in (*job.inputs[:1], *job.inputs[-1:])}
    here = sorted(file for file in ends if Path(file).exists())
    version = jobs[0].version if jobs else ""

    def ask(paths: list[str]) -> tuple[str, list[str]]:  # inside, so that it is sent whole: a worker may lack our code
        from importlib import import_module, metadata
        from pathlib import Path

        import_module("trainer.fleet.job_process")
        return metadata.version("davylamp"), [path for path in paths if not Path(path).exists()]

    with _probes({Path(job.record).parent for job in jobs}) as probes:
        try:
            found = client.run(ask, [*probes, *here], on_error="return")
        except OSError as error:  # it has gone meanwhile
            raise FleetError(_no_answer(address, error)) from error
    if not found:
        raise FleetError(f"--dask {address}: the scheduler has no worker; fix: start some: dask worker {address}")
    faults = []
    for worker, got in sorted(found.items()):
        if isinstance(got, BaseException):
            faults.append(f"{worker}: cannot import davylamp ({got}); fix: install davylamp[fleet] {version} there")
        elif got[0] != version:
            faults.append(f"{worker}: got davylamp {got[0]}, expected {version}, as here")
        elif got[1]:
            unseen = Path(got[1][0])
            what = f"the folder {unseen.parent}" if str(unseen) in probes else str(unseen)
            faults.append(f"{worker}: does not see {what} as it is here; fix: share it there under the same path (NFS)")
    if faults:
        raise FleetError("\n".join(faults))


@contextlib.contextmanager
def _probes(folders: set[Path]) -> Iterator[list[str]]:
    """Put an empty file into each folder that the workers write to: who sees it writes to the same folder."""
    with contextlib.ExitStack() as stack:
        probes = []
        for folder in sorted(folders):
            folder.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=".davylamp-", dir=folder)
            os.close(handle)
            stack.callback(Path(name).unlink, missing_ok=True)
            probes.append(name)
        yield probes


@contextlib.contextmanager
def _watch_workers(client: Any, address: str) -> Iterator[None]:
    """Say on standard error if the cluster has no worker left: the jobs wait then, perhaps for ever."""
    ended = threading.Event()

    def look() -> None:
        alone = 0
        while not ended.wait(_LOOK):
            try:
                alone = 0 if client.ncores() else alone + 1
            except Exception:  # the connection is lost, which the jobs report
                return
            if alone == _ALONE:
                what = (
                    f"--dask {address}: the scheduler has had no worker for {_ALONE * _LOOK:.0f} s, and stations wait"
                )
                print(f"{what}; fix: dask worker {address}, or Ctrl-C", file=sys.stderr, flush=True)  # noqa: T201

    threading.Thread(target=look, daemon=True).start()
    try:
        yield
    finally:
        ended.set()


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
