"""The wheels of a gateway are downloaded by pip for the gateway's machine, once."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from edge.deployment import wheelhouse
from edge.deployment.target import Target
from edge.deployment.wheelhouse import Wheelhouse, pip_command, user_cache
from edge.errors import DeploymentError

PI = Target("arm64", (3, 11, 2), (2, 36))

pytestmark = pytest.mark.skipif(find_spec("pip") is None, reason="pip is not installed here")


def _wheel(folder: Path, name: str, version: str, tag: str, needs: str = "") -> None:
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-{tag}.whl", "w") as archive:
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}")
        archive.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n")
        archive.writestr(f"{info}/RECORD", "")


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in place of the package index."""
    folder = tmp_path / "index"
    folder.mkdir()
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    for tag in ("cp311-cp311-manylinux_2_28_aarch64", "cp311-cp311-manylinux_2_28_x86_64",
                "cp313-cp313-manylinux_2_28_aarch64", "cp311-cp311-manylinux_2_39_aarch64"):  # fmt: skip
        _wheel(folder, "fast", "1.0", tag, "Requires-Dist: plain\n")
        _wheel(folder, "fast", "2.0", tag)
    _wheel(folder, "plain", "7.0", "py3-none-any")
    _wheel(folder, "pip", "30.0", "py3-none-any")
    return folder


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Wheelhouse]:
    def new(
        target: Target = PI, requirements: tuple[str, ...] = ("fast>=1",), tested: str = "fast==1.0\n"
    ) -> Wheelhouse:
        constraints = tmp_path / "constraints.txt"
        constraints.write_text(tested)
        return Wheelhouse(target, requirements, constraints, tmp_path / "cache")

    return new


def test_it_holds_the_tested_versions_for_the_gateways_machine_and_what_they_need(
    index: Path, make: Callable[..., Wheelhouse]
) -> None:
    house = make()
    assert not house.complete
    names = [path.name for path in house.wheels()]
    assert names == [
        "fast-1.0-cp311-cp311-manylinux_2_28_aarch64.whl", "pip-30.0-py3-none-any.whl", "plain-7.0-py3-none-any.whl",
    ]  # fmt: skip
    assert house.complete


def test_wheels_in_the_cache_are_not_downloaded_again(
    index: Path, make: Callable[..., Wheelhouse], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = make().wheels()
    monkeypatch.setattr(wheelhouse, "pip_command", lambda: ["false"])
    assert make().wheels() == first
    with pytest.raises(DeploymentError):
        make(Target("arm64", (3, 13), (2, 41))).wheels()


def test_other_tested_versions_are_other_wheels(index: Path, make: Callable[..., Wheelhouse]) -> None:
    assert make().wheels() != make(tested="fast==2.0\n").wheels()
    assert make(tested="fast==2.0\n").wheels()[0].name.startswith("fast-2.0")


def test_a_download_that_fails_leaves_nothing_behind(index: Path, make: Callable[..., Wheelhouse]) -> None:
    house = make(requirements=("fast", "absent"))
    with pytest.raises(DeploymentError) as caught:
        house.wheels()
    assert str(caught.value).startswith("wheelhouse: no wheels for arm64, Python 3.11.2, glibc 2.36: ")
    assert "absent" in str(caught.value)
    assert "fix: " in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert not house.complete
    assert list(house.folder.parent.iterdir()) == []


def test_an_index_that_cannot_be_reached_is_named_so(
    index: Path, make: Callable[..., Wheelhouse], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:1/simple")
    with pytest.raises(DeploymentError, match=r"the package index cannot be reached.*fix: connect this computer"):
        make(requirements=("absent",)).wheels()


def test_a_cache_that_cannot_be_written_is_named(index: Path, make: Callable[..., Wheelhouse], tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(DeploymentError, match=r"cache: .*; fix: make room, or set XDG_CACHE_HOME"):
        make().wheels()


def test_the_users_cache_is_where_the_desktop_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    assert user_cache() == tmp_path / "caches" / "davylamp"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert user_cache() == tmp_path / ".cache" / "davylamp"


def test_an_environment_without_pip_uses_the_one_that_python_brings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(wheelhouse, "find_spec", lambda name: None)
    monkeypatch.setattr("sysconfig.get_config_var", lambda name: str(tmp_path))
    monkeypatch.setattr(wheelhouse, "DEBIAN", tmp_path / "nothing")
    with pytest.raises(DeploymentError, match=r"fix: .* -m ensurepip"):
        pip_command()
    (tmp_path / "pip-23.0-py3-none-any.whl").touch()
    assert pip_command()[1] == str(tmp_path / "pip-23.0-py3-none-any.whl" / "pip")
