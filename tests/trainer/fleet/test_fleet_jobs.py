"""Each station's work is done in a process of its own: what fails there is named, and the rest is done."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest

pytest.importorskip("joblib", reason="NOT TESTED WITHOUT THE EXTRA 'fleet': joblib is not installed")

from tests.trainer.fleet import small_jobs
from trainer.errors import FleetError
from trainer.fleet.fleet_job import FleetJob, JobOutcome
from trainer.fleet.fleet_jobs import run_jobs
from trainer.fleet.outcome_table import outcome_table

JOBS = small_jobs.__name__
ROOT = Path(__file__).parents[3]


def job(folder: Path, name: str, *, again: bool = False) -> FleetJob:
    source = folder / f"{name}.csv"
    if not source.exists():
        source.write_text("1\n2\n3\n")
    arguments = {"file": str(source), "output": str(folder / f"{name}.out"), "log": str(folder / "log")}
    record = str(folder / "done" / f"{name}.json")
    return FleetJob(name, f"{JOBS}:count_rows", arguments, (str(source),), record, 512, "1", again)


def failing(folder: Path, how: str, **arguments: object) -> FleetJob:
    record = str(folder / "done" / f"{how}.json")
    return FleetJob(how, f"{JOBS}:misbehave", {"how": how, **arguments}, (), record, 512, "1")


def outcomes(jobs: list[FleetJob], count: int = 2, dask: str | None = None) -> dict[str, JobOutcome]:
    return {each.name: each for each in run_jobs(jobs, count, dask=dask)}


def work_done(folder: Path) -> list[str]:
    return sorted((folder / "log").read_text().split())


def test_failures_are_named_and_the_rest_is_done(tmp_path: Path) -> None:
    ways = ["input", "killed", "exit", "code"]
    jobs = [*(failing(tmp_path, how) for how in ways), failing(tmp_path, "memory", bytes=800_000_000)]
    found = outcomes([*jobs, *(job(tmp_path, name) for name in ("a", "b"))])
    assert {name for name, each in found.items() if each.outcome == "failed"} == {*ways, "memory"}
    assert found["input"].error == "a.csv: got nothing, expected rows\nb.csv: got nothing, expected rows"
    assert "killed" in found["killed"].error
    assert "exit code 3" in found["exit"].error
    assert "ZeroDivisionError: division by zero" in found["code"].error
    assert found["memory"].error.startswith("needs more than the 512 MB that one job may take; fix: ")
    assert (found["a"].outcome, found["a"].result) == ("done", {"rows": 3, "asked_by": os.getpid()})
    assert 10 < found["a"].peak_mb < 300
    assert work_done(tmp_path) == ["a.out", "b.out"]
    lines = list(outcome_table(sorted(found.values(), key=lambda each: each.name)))
    assert "2 of 7 stations done" in lines
    assert "input: b.csv: got nothing, expected rows" in lines


def test_what_is_done_is_done_again_only_if_something_has_changed(tmp_path: Path) -> None:
    names = ["changed", "damaged", "forced", "gone", "same"]
    assert {each.outcome for each in outcomes([job(tmp_path, name) for name in names]).values()} == {"done"}
    (tmp_path / "changed.csv").write_text("1\n")
    (tmp_path / "done" / "damaged.json").write_text("{")
    (tmp_path / "gone.out").unlink()
    (tmp_path / "log").unlink()
    found = outcomes([job(tmp_path, name, again=name == "forced") for name in names])
    assert {name: each.outcome for name, each in found.items()} == {
        "changed": "done", "damaged": "done", "forced": "done", "gone": "done", "same": "kept",
    }  # fmt: skip
    assert found["same"].result == {"rows": 3, "asked_by": os.getpid()}
    assert work_done(tmp_path) == ["changed.out", "damaged.out", "forced.out", "gone.out"]


def test_a_missing_input_is_a_failure_of_its_station_alone(tmp_path: Path) -> None:
    jobs = [job(tmp_path, "a"), job(tmp_path, "b")]
    (tmp_path / "a.csv").unlink()
    found = outcomes(jobs)
    assert found["a"].error == f"{tmp_path}/a.csv: No such file or directory; expected a file that can be read"
    assert found["b"].outcome == "done"


def test_work_ends_with_the_process_that_asked_for_it_and_removes_what_it_has_begun(tmp_path: Path) -> None:
    script = (
        "import signal\nfrom trainer.fleet.fleet_job import FleetJob\nfrom trainer.fleet.fleet_jobs import run_jobs\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # which a shell in the background has turned off
        f"arguments = {{'how': 'begin', 'folder': '{tmp_path}'}}\n"
        f"job = FleetJob('s', '{JOBS}:misbehave', arguments, (), '{tmp_path}/r', 512, '1')\n"
        "list(run_jobs([job, job, job], 2))\n"
    )
    for sign in (signal.SIGINT, signal.SIGKILL):
        parent = subprocess.Popen(
            [sys.executable, "-c", script], stderr=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(ROOT)}
        )
        try:
            wait(lambda: len(list(tmp_path.glob("begun-*"))) == 2)
            parent.send_signal(sign)
            parent.communicate()
            wait(lambda: not list(tmp_path.glob("begun-*")))
        finally:
            parent.kill()


def wait(condition: Callable[[], bool], patience: float = 60.0) -> None:
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


# ---- a Dask cluster --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """Address of a scheduler with two workers, each in a process of its own."""
    distributed = pytest.importorskip(
        "distributed", reason="NOT TESTED WITHOUT THE EXTRA 'fleet': DASK IS NOT INSTALLED, --dask IS NOT TESTED"
    )
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as running:
        yield running.scheduler_address


def test_the_workers_of_a_cluster_do_the_same(cluster: str, tmp_path: Path) -> None:
    names = [f"st-{number}" for number in range(5)]
    asked = (failing(tmp_path, "killed"), *(job(tmp_path, name) for name in names))
    jobs = [replace(each, version=version("davylamp")) for each in asked]
    found = outcomes(jobs, dask=cluster)
    assert {name for name, each in found.items() if each.outcome == "failed"} == {"killed"}
    assert work_done(tmp_path) == [f"{name}.out" for name in names]
    workers = {found[name].result["asked_by"] for name in names}
    assert len(workers) == 2
    assert os.getpid() not in workers
    again = outcomes(jobs, dask=cluster)
    assert {again[name].outcome for name in names} == {"kept"}


def test_a_station_whose_workers_are_killed_again_and_again_is_a_failure_and_the_rest_is_done(tmp_path: Path) -> None:
    distributed = pytest.importorskip(
        "distributed", reason="NOT TESTED WITHOUT THE EXTRA 'fleet': DASK IS NOT INSTALLED"
    )
    names = [f"st-{number}" for number in range(4)]
    asked = (failing(tmp_path, "worker"), *(job(tmp_path, name) for name in names))
    jobs = [replace(each, version=version("davylamp")) for each in asked]
    with (
        pytest.importorskip("dask").config.set({"distributed.scheduler.allowed-failures": 0}),
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as running,
    ):
        found = outcomes(jobs, dask=running.scheduler_address)
    assert {name: each.outcome for name, each in found.items()} == {"worker": "failed", **dict.fromkeys(names, "done")}
    assert found["worker"].error.startswith(f"the cluster at {running.scheduler_address} has lost it (")
    assert found["worker"].error.endswith("; fix: run the same command again, which does only what is not done")


def test_a_cluster_of_one_thread_does_the_work_as_well_and_when_it_goes_away_every_job_has_a_reason(
    tmp_path: Path,
) -> None:
    distributed = pytest.importorskip(
        "distributed", reason="NOT TESTED WITHOUT THE EXTRA 'fleet': DASK IS NOT INSTALLED"
    )
    asked = [
        job(tmp_path, "a"),
        failing(tmp_path, "sleep", pid=str(tmp_path / "pid")),
        job(tmp_path, "b"),
        job(tmp_path, "c"),
    ]
    first, *others = (replace(each, version=version("davylamp")) for each in asked)
    with distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as running:
        assert outcomes([first], dask=running.scheduler_address)["a"].result["asked_by"] != os.getpid()

        def leave() -> None:
            wait((tmp_path / "pid").is_file)
            running.close()

        leaving = threading.Thread(target=leave)
        leaving.start()
        found = outcomes(others, count=1, dask=running.scheduler_address)
        leaving.join()
    assert {name: each.outcome for name, each in found.items()} == dict.fromkeys(("sleep", "b", "c"), "failed")
    assert all("has lost it (the connection to the scheduler is lost)" in each.error for each in found.values())


def test_workers_that_do_not_see_the_files_are_refused_before_anything_starts(cluster: str, tmp_path: Path) -> None:
    with (tmp_path / "hidden.csv").open("w") as file:
        unseen = replace(
            job(tmp_path, "a"), version=version("davylamp"), inputs=(f"/proc/self/fd/{os.dup2(file.fileno(), 900)}",)
        )
        with pytest.raises(
            FleetError, match="does not see /proc/self/fd/900 as it is here; fix: share it there"
        ) as refused:
            outcomes([unseen], dask=cluster)
        os.close(900)
    assert len(str(refused.value).splitlines()) == 2
    assert not (tmp_path / "log").exists()
    assert not list((tmp_path / "done").iterdir())


def test_workers_of_another_version_are_refused_before_anything_starts(cluster: str, tmp_path: Path) -> None:
    with pytest.raises(FleetError, match="expected 1, as here") as refused:
        outcomes([job(tmp_path, "a")], dask=cluster)
    assert len(str(refused.value).splitlines()) == 2
    assert not (tmp_path / "log").exists()


def test_a_scheduler_that_does_not_answer_is_named(
    tmp_path: Path, free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("distributed", reason="NOT TESTED WITHOUT THE EXTRA 'fleet': DASK IS NOT INSTALLED")
    monkeypatch.setattr("trainer.fleet.fleet_jobs._PATIENCE", 1)
    with pytest.raises(FleetError, match=f"--dask tcp://127.0.0.1:{free_port}: got no answer"):
        outcomes([job(tmp_path, "a")], dask=f"tcp://127.0.0.1:{free_port}")
