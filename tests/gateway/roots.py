"""The Debian roots that the containers are made from, kept as tarballs."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.gateway.container import hierarchies

_MIRROR = os.environ.get("DEBIAN_MIRROR", "http://deb.debian.org/debian")
# What Raspberry Pi OS has of it, and a broker, so that nothing needs a network later.
_PACKAGES = (
    "systemd", "systemd-sysv", "dbus", "libpam-systemd", "python3", "python3-venv", "openssh-server", "sudo",
    "mosquitto", "ca-certificates", "procps",
)  # fmt: skip
_USER = (
    'chroot "$1" useradd --create-home --shell /bin/bash pi',
    'echo "pi ALL=(ALL) NOPASSWD: ALL" > "$1/etc/sudoers.d/pi"',
    'mkdir -p "$1/var/log/journal"',
    'rm -f "$1"/etc/ssh/ssh_host_*_key "$1"/etc/ssh/ssh_host_*_key.pub; chroot "$1" ssh-keygen -A',
)
_TOOLS = {
    "systemd-nspawn": "systemd-container", "mmdebstrap": "mmdebstrap", "nsenter": "util-linux", "unshare": "util-linux",
    "setpriv": "util-linux",
    "mkfs.ext4": "e2fsprogs", "ssh": "openssh-client", "ssh-keygen": "openssh-client",
}  # fmt: skip


@dataclass(frozen=True)
class Debian:
    """A release of Debian, which Raspberry Pi OS follows."""

    suite: str
    number: int

    def __str__(self) -> str:
        return f"Debian {self.number}"

    def tarball(self, folder: Path) -> Path:
        """Return the path of its root, made unless it is there already."""
        digest = hashlib.sha256(repr((_PACKAGES, _USER, _MIRROR)).encode()).hexdigest()[:8]
        path = folder / f"{self.suite}-{digest}.tar"
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            fresh = folder / f".{self.suite}-{os.getpid()}.tar"
            try:
                done = subprocess.run(
                    ["mmdebstrap", "--variant=apt", f"--include={','.join(_PACKAGES)}",
                     *(f"--customize-hook={hook}" for hook in _USER), self.suite, str(fresh), _MIRROR],
                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                )  # fmt: skip
                if done.returncode:
                    raise OSError(f"mmdebstrap {self.suite} from {_MIRROR}: {done.stdout[-1500:]}")
                fresh.rename(path)
            finally:
                fresh.unlink(missing_ok=True)
        return path


DEBIANS = {debian.suite: debian for debian in (Debian("bookworm", 12), Debian("trixie", 13))}


def missing() -> list[str]:
    """Return a sentence for everything without which no container can be booted here."""
    found = [
        f"{tool}: not found; fix: sudo apt install {package}" for tool, package in _TOOLS.items() if not _has(tool)
    ]
    if os.geteuid() != 0:
        found.append("this user is not root; fix: sudo make test-gateway")
    if not Path("/dev/loop-control").exists():
        found.append(
            "/dev/loop-control: not found, and the containers' disks are loop devices; fix: sudo modprobe loop"
        )
    if not hierarchies():
        found.append("/sys/fs/cgroup: got no unified hierarchy, expected one for the container's systemd")
    elif not os.access(hierarchies()[0], os.W_OK):
        found.append(f"{hierarchies()[0]}: cannot be written; fix: run outside of a container, or in a privileged one")
    return found


def _has(tool: str) -> bool:
    return shutil.which(tool, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") is not None
