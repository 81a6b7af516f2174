"""Target: the machine that an environment is made for, and whether there are wheels for it."""

from __future__ import annotations

from dataclasses import dataclass

_MACHINES = {"arm64": "aarch64", "amd64": "x86_64"}
"""Debian's names of the architectures that ONNX Runtime has wheels for, and those of the wheels."""

_OLDEST_PYTHON = (3, 11)
_OLDEST_GLIBC = (2, 28)  # manylinux_2_28, which ONNX Runtime and NumPy are built for
_OLDEST_TAG = 17  # manylinux_2_17, also known as manylinux2014


@dataclass(frozen=True)
class Target:
    """A machine's userland, as far as it decides which wheels fit.

    Parameters
    ----------
    architecture
        Architecture of the userland, as ``dpkg --print-architecture`` prints it. The kernel's may be another one: a
        32-bit userland runs under a 64-bit kernel.
    python
        Version of the system's Python, e.g. ``(3, 11)``; empty when there is none.
    glibc
        Version of the GNU C library, e.g. ``(2, 36)``; empty when it is another library.
    """

    architecture: str
    python: tuple[int, ...]
    glibc: tuple[int, ...]

    def problems(self) -> list[str]:
        """Return a sentence with the fix for everything that leaves the machine without wheels."""
        found = []
        if self.architecture not in _MACHINES:
            found.append(
                f"architecture: got {self.architecture or 'none'} by dpkg --print-architecture, "
                "expected arm64 (or amd64): ONNX Runtime has no other wheels; fix: install the 64-bit Raspberry Pi OS"
            )
        if not self.python:
            found.append("python3: not found; fix: sudo apt install python3-venv")
        elif self.python < _OLDEST_PYTHON:
            found.append(
                f"python3: got {_dotted(self.python)}, expected 3.11 or newer; "
                "fix: install Raspberry Pi OS bookworm (Debian 12) or newer"
            )
        if not self.glibc:
            found.append(
                "C library: got none by getconf GNU_LIBC_VERSION, expected glibc; fix: install Raspberry Pi OS"
            )
        elif self.glibc < _OLDEST_GLIBC:
            found.append(
                f"C library: got glibc {_dotted(self.glibc)}, expected {_dotted(_OLDEST_GLIBC)} or newer; "
                "fix: install Raspberry Pi OS bookworm (Debian 12) or newer"
            )
        return found

    @property
    def machine(self) -> str:
        """Architecture as wheels name it, e.g. ``aarch64``."""
        return _MACHINES[self.architecture]

    @property
    def tag(self) -> str:
        """Short name of what wheels are chosen by, e.g. ``cp311-glibc236-aarch64``."""
        return f"cp{_joined(self.python)}-glibc{_joined(self.glibc)}-{self.machine}"

    @property
    def platforms(self) -> list[str]:
        """Platform tags of the wheels that run here, the newest first."""
        newest = self.glibc[1]
        tags = [f"manylinux_2_{minor}_{self.machine}" for minor in range(newest, _OLDEST_TAG - 1, -1)]
        return [*tags, f"manylinux2014_{self.machine}"]

    def __str__(self) -> str:
        return f"{self.architecture}, Python {_dotted(self.python)}, glibc {_dotted(self.glibc)}"


def version_numbers(text: str) -> tuple[int, ...]:
    """Return the leading numbers of a version: ``(3, 11)`` for ``3.11``, empty when there are none.

    >>> version_numbers("glibc 2.36".split()[-1]), version_numbers("")
    ((2, 36), ())
    """
    numbers: list[int] = []
    for part in text.strip().split("."):
        if not part.isdecimal():
            break
        numbers.append(int(part))
    return tuple(numbers)


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def _joined(version: tuple[int, ...]) -> str:
    return "".join(map(str, version[:2]))
