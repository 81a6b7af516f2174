"""Images built by buildah and run by podman, with containers of their own below build/packages.

No image is taken from a registry: the base, Debian 13 with its Python, is made of Debian's packages by mmdebstrap, and
bears the name that the Dockerfiles ask for.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from edge.deployment.own_wheel import own_wheel
from tests.packages.tools import FOLDER, ROOT, attempted, found, ran, say, tool

BASE = "docker.io/library/python:3.13-slim-trixie"
PLATFORMS = {"amd64": "x86_64", "arm64": "aarch64"}

_PROGRAMS = {
    "buildah": "buildah", "podman": "podman", "runc": "runc", "mmdebstrap": "mmdebstrap",
    "qemu-aarch64-static": "qemu-user-static", "mosquitto": "mosquitto",
}  # fmt: skip
_WHEELS = FOLDER / "wheels"
_MIRROR = os.environ.get("DEBIAN_MIRROR", "http://deb.debian.org/debian")
_FEWER = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("doc", "man", "locale")]
_ROOTS = {
    "amd64": ["--variant=minbase", *_FEWER, "--include=python3,python3-pip,ca-certificates"],
    # Nothing of it is run while it is made, so that no emulation has to be installed.
    "arm64": ["--variant=extract", "--skip=check/qemu", "--include=base-files,base-passwd,python3,libstdc++6,dash"],
}
_PIP = "[global]\nno-index = true\nfind-links = /wheels\n"  # in the base: wheels that were downloaded before
_LIMITS = ("--ulimit", "nofile=1000:1000", "--ulimit", "nproc=1000:1000")


def lacking() -> list[str]:
    """Return a sentence for everything without which no image can be built and run here."""
    missing = [
        f"{program}: not found; fix: sudo apt install {package}"
        for program, package in _PROGRAMS.items()
        if found(program) is None
    ]
    return [*missing, *(["this user is not root; fix: sudo make test-packages"] if os.geteuid() else [])]


class ImageStore:
    """Images and containers in a folder."""

    def __init__(self) -> None:
        driver = "overlay" if "overlay" in Path("/proc/filesystems").read_text() else "vfs"
        places = ("--root", str(FOLDER / "containers"), "--runroot", str(FOLDER / "containers.run"))
        self._where = (*places, "--storage-driver", driver)

    def buildah(self, *words: str | Path) -> str:
        """Run buildah; return what it printed."""
        return ran("buildah", *self._where, *words).strip()

    def podman(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        """Run podman; lines about the systemd that a container lacks are left out of what it printed."""
        done = attempted("podman", *self._where, "--runtime", "runc", "--cgroup-manager", "cgroupfs", *words)
        lines = [line for line in done.stdout.splitlines(keepends=True) if "systemd connection" not in line]
        done.stdout = "".join(lines)
        return done

    def run(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a container in this machine's network, with limits that every machine allows."""
        return self.podman("run", "--pull", "never", "--network", "host", *_LIMITS, *words)

    def make_base(self) -> None:
        """Make the base for both architectures, unless it is there."""
        for architecture, options in _ROOTS.items():
            if attempted("buildah", *self._where, "inspect", "--type", "image", _base(architecture)).returncode == 0:
                continue
            say(f"Debian 13 with its Python for {architecture} ...")
            root = FOLDER / f"root-{architecture}"
            shutil.rmtree(root, ignore_errors=True)
            ran(
                "mmdebstrap",
                "--quiet",
                "--format=directory",
                f"--arch={architecture}",
                *options,
                "trixie",
                root,
                _MIRROR,
            )
            if architecture == "arm64":  # what packages' scripts make, and none was run
                shutil.copy(root / "usr/share/base-passwd/passwd.master", root / "etc/passwd")
                shutil.copy(root / "usr/share/base-passwd/group.master", root / "etc/group")
                if not (root / "lib").exists():
                    (root / "lib").symlink_to("usr/lib")
            (root / "etc" / "pip.conf").write_text(_PIP)
            container = self.buildah("from", "--arch", architecture, "scratch")
            self.buildah("add", "--quiet", container, root, "/")
            path = "PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"
            self.buildah(
                "config", "--arch", architecture, "--os", "linux", "--env", path, "--cmd", "python3", container
            )
            self.buildah("commit", "--quiet", container, _base(architecture))
            if architecture == "amd64":
                # buildah 1.28 knows one platform a build, so the builder of the other one has to bear its name.
                self.buildah("config", "--arch", "arm64", container)
                self.buildah("commit", "--quiet", container, _builder("arm64"))
            self.buildah("rm", container)
            shutil.rmtree(root)

    def build(self, name: str, architecture: str, dockerfile: Path, context: Path, *options: str) -> None:
        """Build an image as docker would, with wheels that were downloaded before."""
        self.make_base()
        _download_wheels()
        self.buildah(
            "bud", "--isolation", "chroot", "--format", "docker", "--network", "host", "--pull-never", "--no-cache",
            "--platform", f"linux/{architecture}", "--build-arg", f"BUILDPLATFORM=linux/{architecture}",
            "--build-arg", f"BUILDER={_builder(architecture)}", "--build-arg", f"PYTHON={_base(architecture)}",
            *options, "--volume", f"{_WHEELS}:/wheels:ro", "--file", dockerfile, "--tag", name, context,
        )  # fmt: skip

    def settings(self, name: str) -> dict[str, Any]:
        """Return what an image says about how it is run."""
        described = json.loads(self.buildah("inspect", "--type", "image", name))
        settings: dict[str, Any] = described["Docker"]["config"] | {"Architecture": described["Docker"]["architecture"]}
        return settings

    def unpack(self, name: str, architecture: str, folder: Path) -> Path:
        """Copy the files of an image to a folder, and return it."""
        shutil.rmtree(folder, ignore_errors=True)
        container = self.buildah("from", "--pull-never", "--arch", architecture, name)
        try:
            ran("cp", "--archive", self.buildah("mount", container), folder)
        finally:
            self.buildah("rm", container)
        return folder


def _base(architecture: str) -> str:
    """Name of the base; that for this machine's architecture is the one which the Dockerfiles name."""
    return BASE if architecture == "amd64" else f"localhost/python-{architecture}"


def _builder(architecture: str) -> str:
    """Name of the base in which everything runs during the build."""
    return BASE if architecture == "amd64" else f"localhost/builder-{architecture}"


def _download_wheels() -> None:
    """Download davylamp's packages for both architectures, unless they are there."""
    ready = _WHEELS / ".ready"
    constraints = ROOT / "constraints.txt"
    if ready.is_file() and ready.read_text() == constraints.read_text():
        return
    shutil.rmtree(_WHEELS, ignore_errors=True)
    for machine in PLATFORMS.values():
        platforms = [f"--platform=manylinux_2_{minor}_{machine}" for minor in (28, 27, 17)]
        ran(
            tool("python"), "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--only-binary=:all:",
            "--implementation=cp", "--python-version=3.13", "--abi=cp313", "--abi=abi3", "--abi=none", *platforms,
            f"--constraint={constraints}", f"--dest={_WHEELS}", *own_wheel().requirements,
        )  # fmt: skip
    ready.write_text(constraints.read_text())
