"""CPU time and memory of a process, as the kernel counts them."""

from __future__ import annotations

import os
from pathlib import Path


def cpu_seconds(pid: int) -> float:
    """CPU time of a process's living threads [s], to the nanosecond."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def peak_mib(pid: int) -> float:
    """Peak resident memory of a process [MiB]."""
    return _status_mib(pid, "VmHWM")


def resident_mib(pid: int) -> float:
    """Resident memory of a process [MiB]."""
    return _status_mib(pid, "VmRSS")


def _status_mib(pid: int, key: str) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith(key))
    return int(line.split()[1]) / 1024


def pin(pid: int, core: int) -> None:
    """Keep a process on one core, on machines with two or more."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        for task in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setaffinity(int(task.name), {cores[core]})
