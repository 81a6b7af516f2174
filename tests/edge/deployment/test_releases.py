"""Units, environments and the files of releases."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from edge.deployment.environments import Environments, Wheels
from edge.deployment.machine import Machine
from edge.deployment.own_wheel import own_wheel
from edge.deployment.service_unit import credentials_of, render_unit, shipped_text
from edge.errors import DeploymentError

RELEASE = "/opt/davylamp.d/releases/7"
ROOM = "import sys; from importlib import import_module as i; [i(name) for name in sys.argv[1:]]"

SHIPPED = (
    "from edge.deployment.service_unit import shipped_text as s; print(*map(len, map(s, "
    + repr(["davylamp.service", "gateway.yaml", "constraints.txt"])
    + ")))"
)


def test_a_unit_names_nothing_outside_of_its_release() -> None:
    unit = render_unit(shipped_text("davylamp.service"), RELEASE, ["password"])
    settings = [line for line in unit.splitlines() if not line.startswith("#")]
    assert f"ExecStart={RELEASE}/environment/bin/davylamp agent -c {RELEASE}/etc/gateway.yaml" in settings
    assert credentials_of(unit) == {"password": f"{RELEASE}/etc/password"}
    named = [line for line in settings if "/opt/davylamp" in line.replace(RELEASE, "") or "/etc/davylamp" in line]
    assert named == []
    assert "uncomment LoadCredential" not in unit


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed here")
def test_a_unit_of_a_release_is_as_hardened_as_the_shipped_one(tmp_path: Path) -> None:
    file = tmp_path / "davylamp.service"
    file.write_text(render_unit(shipped_text("davylamp.service"), RELEASE, ["password"]))
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--threshold=12", str(file)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-500:]


def test_the_installation_runs_out_of_the_wheel_with_nothing_but_the_standard_library(tmp_path: Path) -> None:
    made = own_wheel()
    wheel = tmp_path / made.name
    wheel.write_bytes(made.data)
    with zipfile.ZipFile(wheel) as archive:
        names = [n for n in archive.namelist() if n.startswith("edge/deployment/") and n.endswith(".py")]
    modules = [name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in names]
    assert "edge.deployment.installation" in modules
    modules = [module for module in modules if "add_on" not in module]  # it runs in an image that has everything
    modules += ["edge.commands.install_service", "edge.commands.uninstall_service"]
    # -S: no site-packages; -I would ignore PYTHONPATH.
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"{ROOM}; {SHIPPED}", *modules],
        env={"PYTHONPATH": str(wheel)}, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.split()) == 3
    verb = [sys.executable, "-S", "-m", "davylamp", "install-service", "--dry-run"]
    help_text = subprocess.run(
        [*verb, "--help"], env={"PYTHONPATH": str(wheel)}, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "--wheelhouse" in help_text.stdout, help_text.stderr


def _wheels(folder: Path, content: str) -> Wheels:
    folder.mkdir()
    for name in ("davylamp-1.0-py3-none-any", "pip-26.0-py3-none-any", "numpy-2.4.6-cp311"):
        with zipfile.ZipFile(folder / f"{name}.whl", "w") as wheel:
            wheel.writestr(zipfile.ZipInfo("content"), f"{name} {content}")
    return Wheels.find(folder)


def test_an_environment_has_a_place_for_each_set_of_wheels_and_each_python(tmp_path: Path) -> None:
    first, second = _wheels(tmp_path / "1", "a"), _wheels(tmp_path / "2", "b")
    again = _wheels(tmp_path / "3", "a")
    old = Environments(Machine(tmp_path), Path("/usr/bin/python3"), (3, 11, 2))
    new = Environments(Machine(tmp_path), Path("/usr/bin/python3"), (3, 13))
    assert old.place(first) == old.place(again)
    assert len({old.place(first), old.place(second), new.place(first)}) == 3
    assert old.place(first).name.startswith("1.0-")


def test_an_environment_whose_files_were_lost_is_made_again(tmp_path: Path) -> None:
    environments = Environments(Machine(tmp_path), Path("/usr/bin/python3"), (3, 11))
    place = environments.place(_wheels(tmp_path / "wheels", "a"))
    info = place / "lib/python3.11/site-packages/davylamp-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "RECORD").write_text(
        f"davylamp.py,sha256={hashlib.sha256().hexdigest()},5\ndavylamp-1.0.dist-info/RECORD,,\n"
    )
    (info.parent / "davylamp.py").write_text("12345")
    (place / "bin").mkdir()
    (place / "bin/davylamp").touch()
    assert not environments.is_complete(place), "without its marker it was interrupted"
    (place / ".complete").write_text('{"python": "/usr/bin/python3 3.11"}')
    assert environments.is_complete(place)
    (info.parent / "davylamp.py").write_text("")
    assert not environments.is_complete(place)


def test_a_damaged_wheel_is_named(tmp_path: Path) -> None:
    wheels = _wheels(tmp_path / "wheels", "a")
    wheels.ours.write_bytes(b"not a zip")
    with pytest.raises(DeploymentError, match=r"davylamp-1\.0-py3-none-any\.whl: the wheel is damaged"):
        wheels.installed_bytes()
