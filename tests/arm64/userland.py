"""The userland of a Raspberry Pi, run by user-mode emulation: Debian's Python for arm64 and the gateway's wheels.

Nothing is installed on this machine, and nothing of it runs as root: the files of a root are unpacked into build/arm64,
and `qemu-aarch64-static` runs the programs there as ordinary processes.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
CPUS = ("cortex-a53", "cortex-a76")
"""Processors of a Raspberry Pi 3 or Zero 2 W, and of a Raspberry Pi 5."""

_MIRROR = os.environ.get("DEBIAN_MIRROR", "http://deb.debian.org/debian")
_TOOLS = {"qemu-aarch64-static": "qemu-user-static", "mmdebstrap": "mmdebstrap", "mosquitto": "mosquitto"}
_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin:/sbin"
_PACKAGES = ("base-files", "python3", "libstdc++6")
_WHEELS = ("msgspec", "numpy", "onnxruntime", "paho-mqtt", "PyNaCl", "PyYAML")
_PLATFORMS = ("manylinux_2_28_aarch64", "manylinux_2_27_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64")
# With this machine's own /proc/cpuinfo, ONNX Runtime's search for the features of an ARM processor ends in a crash.
CPUINFO = """processor\t: 0
BogoMIPS\t: 108.00
Features\t: fp asimd evtstrm crc32 cpuid
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x0
CPU part\t: 0xd03
CPU revision\t: 4

"""


@dataclass(frozen=True)
class Userland:
    """A release of Debian for arm64 with its Python, in a folder."""

    suite: str
    python: str
    folder: Path

    def __str__(self) -> str:
        return f"Python {self.python} of {self.suite}"

    def prepare(self) -> None:
        """Unpack the root and the wheels, unless they are there (OSError: no network, or a tool that fails)."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self._root.is_dir():
            fresh = Path(f"{self._root}.fresh")
            shutil.rmtree(fresh, ignore_errors=True)
            _run("mmdebstrap", "--variant=extract", "--skip=check/qemu", "--arch=arm64",
                 f"--include={','.join(_PACKAGES)}", self.suite, str(fresh), _MIRROR)  # fmt: skip
            (fresh / "proc").mkdir(exist_ok=True)
            (fresh / "proc" / "cpuinfo").write_text(CPUINFO)
            if not (fresh / "lib").exists():  # a package's script makes the link, and none is run here
                (fresh / "lib").symlink_to("usr/lib")
            fresh.rename(self._root)
        if not self._site.is_dir():
            wheels, fresh = self._wheels, Path(f"{self._site}.fresh")
            shutil.rmtree(fresh, ignore_errors=True)
            _run(sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet",
                 "--only-binary=:all:", *(f"--platform={each}" for each in _PLATFORMS), "--implementation=cp",
                 f"--python-version={self.python}", f"--constraint={ROOT / 'constraints.txt'}", f"--dest={wheels}",
                 *_WHEELS)  # fmt: skip
            for wheel in wheels.glob("*.whl"):
                with zipfile.ZipFile(wheel) as archive:
                    archive.extractall(fresh)
            fresh.rename(self._site)

    def command(self, *words: str | Path) -> list[str]:
        """Return the command that runs Python with these arguments."""
        qemu = shutil.which("qemu-aarch64-static", path=_PATH) or "qemu-aarch64-static"
        python = self._root / "usr" / "bin" / f"python{self.python}"
        return [qemu, "-L", str(self._root), str(python), *map(str, words)]

    def variables(self, cpu: str) -> dict[str, str]:
        """Return the environment for that command."""
        variables = {"PYTHONPATH": f"{self._site}:{ROOT}", "PYTHONDONTWRITEBYTECODE": "1", "QEMU_CPU": cpu}
        return os.environ | variables

    @property
    def wheel_bytes(self) -> int:
        """Size of its wheels without davylamp's own [B]."""
        return sum(wheel.stat().st_size for wheel in self._wheels.glob("*.whl"))

    @property
    def _root(self) -> Path:
        return self.folder / f"{self.suite}-{_digest(repr((_PACKAGES, CPUINFO)))}"

    @property
    def _site(self) -> Path:
        return self.folder / f"site-{self.python}-{_digest((ROOT / 'constraints.txt').read_text())}"

    @property
    def _wheels(self) -> Path:
        return Path(f"{self._site}.wheels")


def userlands(folder: Path) -> list[Userland]:
    """Return those of Debian 12 and 13, which Raspberry Pi OS follows."""
    return [Userland("bookworm", "3.11", folder), Userland("trixie", "3.13", folder)]


def lacking() -> list[str]:
    """Return a sentence for everything without which nothing can be emulated here."""
    return [
        f"{tool}: not found; fix: sudo apt install {package}"
        for tool, package in _TOOLS.items()
        if shutil.which(tool, path=_PATH) is None
    ]


def broker_program() -> str:
    """Return the path of Mosquitto."""
    return shutil.which("mosquitto", path=_PATH) or "mosquitto"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _run(*command: str) -> None:
    done = subprocess.run(
        command, env=os.environ | {"PATH": _PATH}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise OSError(f"{' '.join(command[:4])} ...: {done.stdout[-1000:]}")
