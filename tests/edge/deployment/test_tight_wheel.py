"""A wheel that is packed tightly is smaller, has the same members, and is installed by pip."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

from edge.deployment.tight_wheel import LARGE, tighten_wheel

INFO = "fast-1.0.dist-info"


def _members(large: int) -> dict[str, bytes]:
    words = [random.Random(seed).randbytes(30) for seed in range(500)]
    chosen = random.Random(0).choices(words, k=large // 30 + 1)
    return {
        "fast/__init__.py": b"print('fast')\n" * 3,
        "fast/größe.so": b"".join(chosen)[:large],
        "fast/empty.py": b"",
        f"{INFO}/METADATA": b"Metadata-Version: 2.1\nName: fast\nVersion: 1.0\n",
        f"{INFO}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{INFO}/RECORD": b"".join(f"{name},,\n".encode() for name in ("fast/__init__.py", "fast/größe.so")),
    }


def _wheel(folder: Path, large: int) -> Path:
    path = folder / "fast-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.mkdir("fast")
        for name, data in _members(large).items():
            info = zipfile.ZipInfo(name, (2026, 5, 1, 12, 0, 0))
            info.external_attr = (0o100755 if name.endswith(".so") else 0o100644) << 16
            archive.writestr(info, data, zipfile.ZIP_DEFLATED)
    return path


def test_its_members_and_their_modes_are_what_they_were_and_it_is_smaller(tmp_path: Path) -> None:
    path = _wheel(tmp_path, LARGE)
    size = path.stat().st_size
    tighten_wheel(path)
    assert path.stat().st_size < size
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == _members(LARGE)
        assert archive.getinfo("fast/größe.so").compress_type == zipfile.ZIP_LZMA
        assert archive.getinfo("fast/größe.so").external_attr >> 16 == 0o100755
        assert archive.getinfo("fast/__init__.py").compress_type == zipfile.ZIP_DEFLATED
    assert list(tmp_path.iterdir()) == [path]


def test_the_same_wheel_is_packed_into_the_same_bytes(tmp_path: Path) -> None:
    packed = []
    for _ in range(2):
        path = _wheel(tmp_path, LARGE)
        tighten_wheel(path)
        packed.append(path.read_bytes())
    assert packed[0] == packed[1]


def test_a_wheel_without_large_members_is_left_alone(tmp_path: Path) -> None:
    path = _wheel(tmp_path, LARGE - 1)
    before = path.read_bytes()
    tighten_wheel(path)
    assert path.read_bytes() == before


@pytest.mark.skipif(find_spec("pip") is None, reason="pip is not installed here")
def test_pip_installs_it(tmp_path: Path) -> None:
    path = _wheel(tmp_path, LARGE)
    tighten_wheel(path)
    options = ["--quiet", "--no-deps", "--no-index", "--no-compile", "--target", str(tmp_path / "there")]
    subprocess.run(
        [sys.executable, "-m", "pip", "install", *options, str(path)],
        env={**os.environ, "PIP_CONFIG_FILE": os.devnull}, timeout=120, check=True, capture_output=True,
    )  # fmt: skip
    assert (tmp_path / "there" / "fast" / "größe.so").read_bytes() == _members(LARGE)["fast/größe.so"]
