"""A Debian with a real systemd, booted in a container from a disk of its own whose power can be cut."""

from __future__ import annotations

import fcntl
import os
import signal
import struct
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.gateway.relay import Relay

_SHUT_DOWN = 0x8004587D  # EXT4_IOC_SHUTDOWN: from now on nothing reaches the disk
_WITHOUT_THE_LOG = struct.pack("I", 2)  # EXT4_GOING_FLAGS_NOLOGFLUSH: what is not on the disk yet is lost
_PATH = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "HOME": "/root"}
_BOOT = 60  # [s]


def hierarchies() -> list[Path]:
    """Return the cgroup hierarchies in which a container needs a place: the unified one, and systemd's own."""
    top = Path("/sys/fs/cgroup")
    if (top / "cgroup.controllers").exists():
        return [top]
    return [path for path in (top / "unified", top / "systemd") if (path / "cgroup.procs").exists()]


@dataclass(frozen=True)
class Finished:
    """A command that has ended, with everything that it printed."""

    code: int
    text: str


class Container:
    """A machine that boots, runs commands, loses its power, and starts again from what was on its disk.

    Parameters
    ----------
    name
        Name of the container, its cgroups and its files.
    folder
        Where its disk and its log lie.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.root = folder / "root"
        self.log = folder / "console.log"
        self._image = folder / "disk.img"
        self._cgroups = [top / f"davylamp-{name}" for top in hierarchies()]
        self._process: subprocess.Popen[bytes] | None = None
        self._relays: dict[int, Relay] = {}
        self._leader = 0

    # ---- its disk ----------------------------------------------------------------------------------------------------
    def make_disk(self, tarball: Path, megabytes: int, prepare: Callable[[Path], None]) -> None:
        """Make a disk of this size from the tarball of a root; ``prepare`` may change it."""
        self.root.mkdir(parents=True, exist_ok=True)
        self._image.unlink(missing_ok=True)
        with self._image.open("wb") as file:
            file.truncate(megabytes << 20)
        _do("mkfs.ext4", "-q", "-F", "-m", "0", "-E", "lazy_itable_init=0,lazy_journal_init=0", str(self._image))
        self._mount()
        try:
            _do("tar", "-xf", str(tarball), "-C", str(self.root))
            prepare(self.root)
        finally:
            _do("umount", str(self.root))

    def free(self) -> int:
        """Return the room on the disk [bytes]."""
        there = os.statvfs(self.root)
        return there.f_bavail * there.f_frsize

    def _mount(self) -> None:
        _do("mount", "-o", "loop,noatime", str(self._image), str(self.root))

    @property
    def is_on(self) -> bool:
        return self._process is not None

    # ---- on and off --------------------------------------------------------------------------------------------------
    def boot(self) -> float:
        """Boot, and return how long it took until systemd had nothing left to start [s]."""
        assert self._process is None, "it is on"
        begun = time.monotonic()
        self._mount()
        for cgroup in self._cgroups:
            cgroup.mkdir(exist_ok=True)
        command = [
            "setpriv", "--pdeathsig=KILL",  # it ends with us
            "systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--private-network", "--console=pipe",
            f"--directory={self.root}", f"--machine=davylamp-{self.name}", "--boot",
        ]  # fmt: skip
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                _placed(command, self._cgroups), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, env=_PATH | {"SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
            )  # fmt: skip
        while True:
            state = self.run("systemctl", "is-system-running").text.strip() if self._find_leader() else "no process yet"
            if state in {"running", "degraded"}:
                return time.monotonic() - begun
            if self._process.poll() is not None or time.monotonic() > begun + _BOOT:
                raise TimeoutError(f"{self.name} did not boot within {_BOOT} s ({state}):\n{self._last_words()}")
            time.sleep(0.1)

    def cut_power(self) -> None:
        """Let nothing more reach the disk, neither finished nor half done, and end all that runs."""
        handle = os.open(self.root, os.O_RDONLY)
        try:
            fcntl.ioctl(handle, _SHUT_DOWN, _WITHOUT_THE_LOG)
        finally:
            os.close(handle)
        self._end()

    def power_off(self) -> None:
        """Shut down in order, as far as that works; then everything is off."""
        if self._process is not None:
            self.run("systemctl", "poweroff", "--no-wall")
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(30)
            self._end()

    def remove(self) -> None:
        """End everything and remove the disk."""
        self.power_off()
        for relay in self._relays.values():
            relay.close()
        self._image.unlink(missing_ok=True)

    def _end(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + 20
        while self._kill() and time.monotonic() < deadline:
            time.sleep(0.02)
        self._process.wait(10)
        self._process = None
        self._leader = 0
        for cgroup in self._cgroups:
            for path in sorted(cgroup.rglob("*"), key=lambda each: -len(each.parts)):
                if path.is_dir():
                    with suppress(OSError):
                        path.rmdir()
            with suppress(OSError):
                cgroup.rmdir()
        while subprocess.run(["umount", str(self.root)], capture_output=True, check=False).returncode:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.root} cannot be unmounted")
            time.sleep(0.05)

    def _kill(self) -> bool:
        """Kill everything in the container; return whether there was anything."""
        pids = {int(pid) for path in self._cgroups[0].rglob("cgroup.procs") for pid in _read(path).split()}
        pids -= {0}
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return bool(pids)

    def _find_leader(self) -> int:
        """Return the container's first process, 0 before there is one."""
        if not self._leader:
            words = _read(self._cgroups[0] / "payload/init.scope/cgroup.procs").split()
            self._leader = int(words[0]) if words else 0
        return self._leader

    def _last_words(self) -> str:
        return self.log.read_text(errors="replace")[-2000:]

    # ---- what runs in it ---------------------------------------------------------------------------------------------
    def run(self, *words: str, timeout: float = 120.0) -> Finished:
        """Run a command in it as root."""
        done = subprocess.run(
            self._entered(words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, errors="replace", timeout=timeout, env=_PATH, check=False,
        )  # fmt: skip
        return Finished(done.returncode, done.stdout)

    def start(self, *words: str, log: Path) -> subprocess.Popen[bytes]:
        """Start a command in it as root."""
        with log.open("ab") as file:
            return subprocess.Popen(
                self._entered(words), stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT,
                env=_PATH,
            )  # fmt: skip

    def shell(self, script: str, timeout: float = 120.0) -> str:
        """Run a script in it, and return what it printed; it has to succeed."""
        done = self.run("sh", "-euc", script, timeout=timeout)
        assert done.code == 0, f"{self.name}: {script}: exit code {done.code}:\n{done.text}"
        return done.text

    def property_of(self, unit: str, name: str) -> str:
        """Return a property of a unit."""
        return self.shell(f"systemctl show --value -p {name} {unit}").strip()

    def port(self, target: int) -> int:
        """Return a port on this machine that leads to one in it."""
        if target not in self._relays:
            self._relays[target] = Relay(self._find_leader, target)
        return self._relays[target].port

    def _entered(self, words: tuple[str, ...]) -> list[str]:
        # A cgroup beside the container's own: what we run there ends with the container.
        visitors = [cgroup / "visitors" for cgroup in self._cgroups]
        for path in visitors:
            path.mkdir(exist_ok=True)
        inside = ["nsenter", f"--target={self._find_leader()}", "--mount", "--uts", "--ipc", "--net", "--pid", "--"]
        return _placed([*inside, *words], visitors)


def _placed(words: list[str], cgroups: list[Path]) -> list[str]:
    """Return a command that moves itself into these cgroups before it begins."""
    script = " && ".join([*(f"echo $$ > {cgroup}/cgroup.procs" for cgroup in cgroups), 'exec "$@"'])
    return ["sh", "-c", script, "sh", *words]


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def _do(*words: str) -> None:
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"{' '.join(words)}: {done.stderr.strip()}")
