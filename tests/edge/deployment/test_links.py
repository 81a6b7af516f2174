"""What is copied cannot be read by others before it has its own mode."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from edge.deployment.links import copy_tree


def test_a_password_is_never_readable_while_it_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "etc"
    source.mkdir(mode=0o755)
    for name, mode in (("password", 0o600), ("gateway.yaml", 0o644)):
        (source / name).write_text(name)
        (source / name).chmod(mode)
    copystat, meanwhile = shutil.copystat, []

    def watched(one: str, other: str, **options: bool) -> None:
        meanwhile.append(Path(other).stat().st_mode & 0o077)
        copystat(one, other, **options)

    mask = os.umask(0o022)
    try:
        monkeypatch.setattr(shutil, "copystat", watched)
        copy_tree(source, tmp_path / "copy")
        assert os.umask(0o022) == 0o022, "it is put back"
    finally:
        os.umask(mask)
    assert meanwhile == [0, 0, 0]
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "copy").iterdir()}
    assert modes == {"password": 0o600, "gateway.yaml": 0o644}
    assert (tmp_path / "copy").stat().st_mode & 0o777 == 0o755
