"""Environments: a Python environment per set of wheels, made beside those that are in use."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from edge.deployment.links import remove_tree, replace_file, sync_folder
from edge.deployment.machine import Machine
from edge.deployment.releases import Releases
from edge.deployment.service_layout import ServiceLayout
from edge.errors import DeploymentError

_MARKER = ".complete"  # written last, when everything else is on the disk
_SECONDS = 900.0  # a Raspberry Pi 3 with a slow card takes its time

WARM_UP = """
import importlib, pkgutil, config, edge
from config.extras import EXTRAS
for package in (config, edge):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not module.name.endswith("__main__"):
            try:
                importlib.import_module(module.name)
            except ModuleNotFoundError as error:
                if (error.name or "").partition(".")[0] not in EXTRAS:
                    raise
import davylamp, msgspec, nacl.signing, numpy, onnxruntime, paho.mqtt.client, sqlite3, yaml
"""
"""Program that imports all that a gateway runs; the page, say, does without its extra, which is not installed there.

What it imports gets byte code, and nothing else does: it takes 38 MB for everything.
"""


@dataclass(frozen=True)
class Wheels:
    """The wheels that an environment is made from.

    Parameters
    ----------
    folder
        Where they lie.
    ours
        davylamp's own.
    pip
        pip's, which is run by its path and not installed.
    others
        Those that davylamp needs.
    """

    folder: Path
    ours: Path
    pip: Path
    others: tuple[Path, ...]

    @classmethod
    def find(cls, folder: Path) -> Wheels:
        """Look at a wheelhouse.

        Raises
        ------
        DeploymentError
            It is not a folder, or lacks a wheel, or has two of davylamp.
        """
        if not folder.is_dir():
            raise DeploymentError(f"{folder}: there is no such folder; fix: check the path of --wheelhouse")
        folder = folder.resolve()
        by_name: dict[str, list[Path]] = {}
        for path in sorted(folder.glob("*.whl")):
            by_name.setdefault(path.name.split("-", 1)[0].lower().replace("-", "_"), []).append(path)
        found = {}
        for name in ("davylamp", "pip"):
            paths = by_name.pop(name, [])
            if len(paths) != 1:
                names = ", ".join(path.name for path in paths) or "none"
                raise DeploymentError(
                    f"{folder}: got {names}, expected one wheel of {name}; fix: "
                    + (f"remove the others: {folder}" if paths else "let davylamp deploy make the wheelhouse")
                )
            found[name] = paths[0]
        others = tuple(path for paths in by_name.values() for path in paths)
        return cls(folder, found["davylamp"], found["pip"], others)

    @property
    def version(self) -> str:
        """Version of davylamp."""
        return self.ours.name.split("-")[1]

    def installed_bytes(self) -> int:
        """Return how much room the environment takes on the disk [bytes], about.

        Raises
        ------
        DeploymentError
            A wheel is damaged.
        """
        size = 0
        for path in (self.ours, *self.others):
            try:
                with zipfile.ZipFile(path) as archive:
                    for member in archive.infolist():
                        size += -(-member.file_size // 4096) * 4096
            except (zipfile.BadZipFile, OSError) as error:
                raise DeploymentError(f"{path}: the wheel is damaged ({error}); fix: send it again") from error
        return int(size * 1.1) + 20_000_000


class Environments:
    """Makes environments, and removes those that are no longer used.

    Parameters
    ----------
    machine
        Where.
    python
        The Python that they are made with.
    version
        Its version, e.g. ``(3, 11)``: with another one, e.g. after an upgrade of the system, they are made again.
    """

    def __init__(self, machine: Machine, python: Path, version: tuple[int, ...]) -> None:
        self._machine = machine
        self._python = python
        self._made_by = f"{python} {'.'.join(map(str, version[:2]))}"
        self._folder = ServiceLayout(machine).environments

    def place(self, wheels: Wheels) -> Path:
        """Return the folder of the environment with exactly these wheels, made or not.

        One that a release uses and that has lost files is not touched: another name is found for its successor.
        """
        digest = hashlib.sha256(self._made_by.encode())
        for path in sorted((wheels.ours, *wheels.others)):
            digest.update(path.name.encode() + b"\0")
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        name = f"{wheels.version}-{digest.hexdigest()[:12]}"
        places = [self._folder / f"{name}{end}" for end in ("", "-2", "-3")]
        used = {release.environment.resolve() for release in Releases(self._machine).all()}
        fresh = [place for place in places if place.resolve() not in used]
        return next((place for place in places if self.is_complete(place)), fresh[0])

    def is_complete(self, place: Path) -> bool:
        """Whether an environment was made to its end, by the Python that is here."""
        try:
            marker = json.loads((place / _MARKER).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return False
        whole = marker.get("python") == self._made_by and (place / "bin/davylamp").exists()
        return whole and all(map(_is_whole, place.glob("lib/python*/site-packages/*.dist-info/RECORD")))

    def make(self, wheels: Wheels) -> Path:
        """Make the environment with these wheels, unless it is there, and return its folder.

        Raises
        ------
        DeploymentError
            It cannot be made, e.g. the disk is full; nothing is left of it then.
        """
        place = self.place(wheels)
        if self.is_complete(place):
            return place
        scratch = self._folder / ".scratch"
        try:
            remove_tree(place)
            remove_tree(scratch)
            scratch.mkdir(parents=True)
            self._install(wheels, place, scratch)
            # 100 MB in thousands of files: without this, a power cut leaves a marker beside empty files.
            os.sync()
            marker = {"python": self._made_by, "wheels": [path.name for path in (wheels.ours, *wheels.others)]}
            replace_file(place / _MARKER, json.dumps(marker).encode())
            sync_folder(self._folder)
        except BaseException as error:
            remove_tree(place)
            if isinstance(error, OSError) or "No space left" in str(error):  # the latter: reported by pip
                reason = "No space left on device" if "No space left" in str(error) else error
                raise DeploymentError(
                    f"{place}: not made, and removed again: {reason}; fix: make room, e.g. sudo apt clean"
                ) from error
            raise
        finally:
            remove_tree(scratch)
        return place

    def _install(self, wheels: Wheels, place: Path, scratch: Path) -> None:
        # --without-pip: needs no ensurepip, which Debian has in the package python3-venv, and saves 25 MB.
        self._machine.run([self._python, "-m", "venv", "--without-pip", place])
        command: list[str | Path] = [
            place / "bin/python", f"{wheels.pip}/pip", "install", "--quiet", "--no-index", "--no-compile",
            "--no-cache-dir", "--disable-pip-version-check", "--root-user-action", "ignore",
            "--find-links", wheels.folder, wheels.ours,
        ]  # fmt: skip
        # Not /tmp, which is in memory on Debian 13.
        self._machine.run(
            command, seconds=_SECONDS, environment={"TMPDIR": str(scratch), "PIP_CONFIG_FILE": os.devnull}
        )
        self._machine.run(
            [place / "bin/python", "-c", WARM_UP], seconds=_SECONDS, environment={"ORT_DISABLE_TELEMETRY": "1"}
        )

    def remove_others(self, used: Iterable[Path]) -> list[str]:
        """Remove every environment but those, and return the names of the removed ones."""
        keep = {path.resolve() for path in used}
        gone = []
        for path in sorted(self._folder.iterdir()) if self._folder.is_dir() else []:
            if path.resolve() not in keep:
                # The marker first: an environment that is half removed is not complete.
                (path / _MARKER).unlink(missing_ok=True)
                remove_tree(path)
                gone.append(path.name)
        return gone


def _is_whole(record: Path) -> bool:
    """Whether every file that pip has listed is there, and as long as it was: a dying card loses some."""
    folder = record.parents[1]
    with record.open(encoding="utf-8", newline="") as file:
        for name, _, size in csv.reader(file):
            path = folder / name
            if size and not (path.is_file() and path.stat().st_size == int(size)):
                return False
    return True
