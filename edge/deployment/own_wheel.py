"""OwnWheel: davylamp's own wheel, from a checkout, from an installation, or from the wheel that is running."""

from __future__ import annotations

import base64
import hashlib
import io
import re
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import config
from edge.errors import DeploymentError

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can say: the same files are the same bytes


@dataclass(frozen=True)
class OwnWheel:
    """davylamp as a wheel.

    Parameters
    ----------
    name
        File name.
    data
        The file's bytes, which depend on nothing but the contents: the same sources give the same wheel.
    requirements
        What it needs on a gateway, e.g. ``numpy>=1.26``.
    """

    name: str
    data: bytes
    requirements: tuple[str, ...]


def own_wheel() -> OwnWheel:
    """Make the wheel of the davylamp that is running.

    Raises
    ------
    DeploymentError
        Its files or its metadata cannot be found.
    """
    root = Path(config.__file__).parents[1]
    if root.is_file():  # python3 -m davylamp, with PYTHONPATH=davylamp-0.2.0-py3-none-any.whl
        return _copied(root)
    project = root / "pyproject.toml"
    try:
        described = tomllib.loads(project.read_text(encoding="utf-8")) if project.is_file() else {}
        ours = described.get("project", {}).get("name") == "davylamp"
        return _from_checkout(root, described) if ours else _from_installation(root)
    except (OSError, KeyError, tomllib.TOMLDecodeError, metadata.PackageNotFoundError) as error:
        raise DeploymentError(
            f"{root}: davylamp's own wheel cannot be made from it ({type(error).__name__}: {error}); "
            "fix: run from a checkout, or from an environment in which pip has installed davylamp"
        ) from error


def _copied(wheel: Path) -> OwnWheel:
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return OwnWheel(wheel.name, wheel.read_bytes(), _needed(archive.read(name).decode()))


def _from_checkout(root: Path, described: dict[str, Any]) -> OwnWheel:
    """Make the wheel as pyproject.toml describes it, without a build backend, which would have to be downloaded."""
    about, wheel = described["project"], described["tool"]["hatch"]["build"]["targets"]["wheel"]
    source = (root / described["tool"]["hatch"]["version"]["path"]).read_text(encoding="utf-8")
    version = re.search(r'^__version__ = "(.+)"', source, flags=re.MULTILINE)
    if version is None:
        raise KeyError("__version__")
    headers = [
        "Metadata-Version: 2.1",
        f"Name: {about['name']}",
        f"Version: {version[1]}",
        f"Summary: {about['description']}",
        f"License: {about['license']}",
        f"Requires-Python: {about['requires-python']}",
        *(f"Requires-Dist: {requirement}" for requirement in about["dependencies"]),
    ]
    scripts = [f"{name} = {function}" for name, function in about["scripts"].items()]
    files = {name: path for part in wheel["only-include"] for name, path in _files(root, part)}
    files |= {inside: root / outside for outside, inside in wheel["force-include"].items()}
    for name in about["license-files"]:
        files[f"davylamp-{version[1]}.dist-info/licenses/{name}"] = root / name
    return _packed(version[1], files, "\n".join([*headers, ""]), "\n".join(["[console_scripts]", *scripts, ""]))


def _from_installation(root: Path) -> OwnWheel:
    """Make the wheel from the files that pip has installed."""
    installed = metadata.distribution("davylamp")
    names = {Path(str(file)).parts[0] for file in installed.files or () if str(file).endswith(".py")}
    files = {name: path for part in sorted(names) for name, path in _files(root, part)}
    if not files:
        raise KeyError("no files in RECORD")
    for file in installed.files or ():
        if "/licenses/" in file.as_posix():
            files[file.as_posix()] = Path(str(file.locate()))
    described, scripts = installed.read_text("METADATA") or "", installed.read_text("entry_points.txt") or ""
    return _packed(installed.version, files, described, scripts)


def _files(root: Path, part: str) -> Iterator[tuple[str, Path]]:
    """Yield the name and the path of each file of a package, or of a module."""
    top = root / part
    for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
        relative = path.relative_to(root)
        if path.is_file() and "__pycache__" not in relative.parts and not path.name.startswith("."):
            yield relative.as_posix(), path


def _packed(version: str, files: dict[str, Path], described: str, scripts: str) -> OwnWheel:
    info = f"davylamp-{version}.dist-info"
    members = {name: files[name].read_bytes() for name in sorted(files)}
    members[f"{info}/METADATA"] = described.encode()
    members[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: davylamp\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    members[f"{info}/entry_points.txt"] = scripts.encode()
    record = f"{info}/RECORD"
    members[record] = "".join(
        [*(f"{name},{_digest(data)}\n" for name, data in members.items()), f"{record},,\n"]
    ).encode()
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            member = zipfile.ZipInfo(name, _EPOCH)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = 0o100644 << 16
            archive.writestr(member, data)
    return OwnWheel(f"davylamp-{version}-py3-none-any.whl", file.getvalue(), _needed(described))


def _needed(described: str) -> tuple[str, ...]:
    """Return the requirements of a wheel's METADATA, without those of its extras."""
    lines = re.findall(r"^Requires-Dist: (.+)$", described, flags=re.MULTILINE)
    return tuple(line.strip() for line in lines if "extra ==" not in line)


def _digest(data: bytes) -> str:
    """Return digest and length of a file, as RECORD has them."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"sha256={digest},{len(data)}"


if __name__ == "__main__":  # python3 -m edge.deployment.own_wheel FOLDER
    _wheel = own_wheel()
    Path(sys.argv[1], _wheel.name).write_bytes(_wheel.data)
