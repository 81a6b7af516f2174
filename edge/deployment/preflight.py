"""Preflight: what a machine lacks, found before anything is changed; a sentence with the fix for each."""

from __future__ import annotations

import platform
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from config.service import own_name
from edge.deployment.machine import Machine
from edge.deployment.probe import FOLDER
from edge.deployment.service_layout import STORE
from edge.deployment.target import Target, version_numbers

PYTHON = Path("/usr/bin/python3")
"""The system's Python: one below /home would be out of the service's sight."""

_MODULES = ("ctypes", "encodings.idna", "json", "sqlite3", "ssl", "venv", "zoneinfo")  # python3-minimal lacks most
_OLDEST_SYSTEMD = 251  # systemctl show --timestamp=unix
_MEMORY_MB = 220.0  # the agent's peak of 99 MiB, beside a small Debian
_SPARE_MB = 150.0  # of memory that is free, below which it may swap
_STATE_MB = 50.0  # the journal begins small
_RELEASED = 1_764_547_200  # [s since 1970] 2025-12-01: a clock before it has never been set


class Preflight:
    """Looks at a machine.

    Parameters
    ----------
    machine
        The machine.
    now
        Its clock [s since 1970]; default: this process's.

    Attributes
    ----------
    target
        What wheels have to fit.
    warnings
        Sentences about what is not right, but does not keep the service from running.
    """

    def __init__(self, machine: Machine, now: float | None = None) -> None:
        self._machine = machine
        self._now = time.time() if now is None else now
        self.warnings: list[str] = []
        self.target = self._find_target()

    def problems(self) -> list[str]:
        """Return a sentence for everything that keeps the service from being installed."""
        return [
            *self.target.problems(),
            *self._root(),
            *self._systemd(),
            *self._modules(),
            *self._memory(),
            *self._clock(),
        ]

    def lacks_room(self, size: int) -> list[str]:
        """Return a sentence for each disk that has too little room for an environment of this size [bytes]."""
        found = []
        for folder, wanted, what in (
            (STORE, size / 1e6, "the environment"),
            ("/var/lib", _STATE_MB, "the journal"),
            (FOLDER, 1.0, "temporary files"),
        ):
            free = self._free_mb(folder)
            if free is not None and free < wanted:
                found.append(
                    f"{folder}: got {free:.0f} MB of room, expected {wanted:.0f} for {what}; "
                    "fix: sudo apt clean, sudo journalctl --vacuum-size=50M, or a larger card"
                )
        return found

    def _find_target(self) -> Target:
        run = self._machine.run
        # The userland's: a 32-bit one runs under a 64-bit kernel. Only Debian's relatives have dpkg.
        architecture = run(["dpkg", "--print-architecture"], check=False).stdout.strip() or _architecture()
        glibc = run(["getconf", "GNU_LIBC_VERSION"], check=False).stdout.split()
        version = run([PYTHON, "-c", 'import sys; print("%d.%d" % sys.version_info[:2])'], check=False).stdout
        return Target(architecture, version_numbers(version), version_numbers(glibc[-1] if glibc else ""))

    def _root(self) -> Iterator[str]:
        if not self._machine.is_root:
            yield f"user: got {own_name()}, expected root; fix: sudo davylamp install-service ..."

    def _systemd(self) -> Iterator[str]:
        if not self._machine.path("/run/systemd/system").is_dir():
            yield "systemd: it does not run here, and it starts the service; fix: install where systemd is the init"
            return
        lines = self._machine.systemctl("--version", check=False).split()
        version = version_numbers(lines[1]) if len(lines) > 1 else ()
        if version and version[0] < _OLDEST_SYSTEMD:
            yield (
                f"systemd: got {version[0]}, expected {_OLDEST_SYSTEMD} or newer; "
                "fix: install Raspberry Pi OS bookworm (Debian 12) or newer"
            )

    def _modules(self) -> Iterator[str]:
        code = (
            f"import importlib\nfor n in {_MODULES}:\n try: importlib.import_module(n)\n except ImportError: print(n)"
        )
        missing = self._machine.run([PYTHON, "-c", code], check=False).stdout.split()
        if missing and self.target.python:
            yield f"python3: it lacks {', '.join(missing)}; fix: sudo apt install python3-venv"

    def _memory(self) -> Iterator[str]:
        facts = self._memory_mb()
        total, free = facts.get("MemTotal"), facts.get("MemAvailable")
        if total is not None and total < _MEMORY_MB:
            yield f"memory: got {total:.0f} MB, expected {_MEMORY_MB:.0f} or more; fix: a gateway with more of it"
        elif free is not None and free < _SPARE_MB:
            self.warnings.append(
                f"memory: {free:.0f} MB are free, and the agent takes about 100; fix: stop what is not needed"
            )

    def _clock(self) -> Iterator[str]:
        if self._now < _RELEASED:
            day = time.strftime("%Y-%m-%d", time.gmtime(self._now))
            least = time.strftime("%Y-%m-%d", time.gmtime(_RELEASED))
            yield f"clock: got {day}, expected {least} or later; fix: sudo timedatectl set-ntp true, or date -s ..."
            return
        done = self._machine.run(["timedatectl", "show", "-p", "NTPSynchronized", "--value"], check=False)
        if done.stdout.strip() == "no":
            self.warnings.append(
                "clock: it is not synchronised, so that the times of scores may be off; "
                "fix: sudo apt install systemd-timesyncd, sudo timedatectl set-ntp true"
            )

    def _memory_mb(self) -> dict[str, float]:
        try:
            lines = self._machine.path("/proc/meminfo").read_text().splitlines()
        except OSError:
            return {}
        return {name: int(rest.split()[0]) / 1000 for name, _, rest in (line.partition(":") for line in lines) if rest}

    def _free_mb(self, folder: str) -> float | None:
        path = self._machine.path(folder)
        while not path.exists():
            path = path.parent
        try:
            return shutil.disk_usage(path).free / 1e6
        except OSError:
            return None


def _architecture() -> str:
    """Return the architecture of this Python, as Debian names it."""
    names = {"aarch64": "arm64", "x86_64": "amd64"} if sys.maxsize > 1 << 32 else {}
    return names.get(platform.machine(), platform.machine())
