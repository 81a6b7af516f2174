"""What runs as the service has everything of its unit but the agent."""

from __future__ import annotations

import shutil
import subprocess
from io import StringIO
from pathlib import Path

import pytest

from edge.checking import service_run
from edge.checking.exit_sentence import exit_sentence
from edge.checking.service_check import ServiceCheck
from edge.checking.service_run import ServiceRun
from edge.errors import ServiceError

UNIT = Path(__file__).parents[3] / "systemd/davylamp.service"


@pytest.fixture
def booted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As if this were root on a computer that runs systemd."""
    monkeypatch.setattr(service_run, "BOOTED", tmp_path)
    monkeypatch.setattr("os.geteuid", lambda: 0)


def settings(text: str) -> dict[str, list[str]]:
    """Every key of ``[Service]`` with its values since it was last reset."""
    found: dict[str, list[str]] = {}
    section = text.partition("[Service]\n")[2].replace("[Service]\n", "").replace("\\\n", " ")
    for line in section.splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.lstrip().startswith("#"):
            found[key] = [*found.get(key, []), value] if value else []
    return found


def test_the_units_sandbox_is_kept_and_the_agent_replaced(booted: None) -> None:
    text = ServiceRun(UNIT).unit_text(["/opt/x y/python3", "-c", 'say "100 %" of $HOME'], {"A": "b"}, Path("/run/o"))
    found = settings(text)
    kept = settings(UNIT.read_text().partition("[Install]")[0])
    for key in (
        "ProtectHome",
        "DynamicUser",
        "StateDirectory",
        "SystemCallFilter",
        "PrivateTmp",
        "UMask",
        "WorkingDirectory",
    ):
        assert found[key] == kept[key]
    assert found["User"][-1] == "davylamp"
    assert found["ExecStart"] == ['"/opt/x y/python3" "-c" "say \\"100 %%\\" of $$HOME"']
    assert (found["ExecReload"], found["ExecStopPost"]) == ([], [])
    assert (found["Type"][-1], found["Restart"][-1], found["StandardOutput"]) == ("oneshot", "no", ["file:/run/o"])
    assert '"A=b"' in found["Environment"]
    assert "[Install]" not in text
    assert "network-online" not in text, "a start of the check would wait for the network"


def test_an_older_unit_runs_as_the_user_that_it_has_run_as(booted: None, tmp_path: Path) -> None:
    older = tmp_path / "davylamp.service"
    older.write_text("[Service]\nDynamicUser=yes\nStateDirectory=%p\nExecStart=/opt/davylamp/bin/davylamp agent\n")
    run = ServiceRun(older)
    found = settings(run.unit_text(["/bin/true"], {}, Path("/run/o")))
    assert (run.user, found["User"], found["StateDirectory"]) == ("davylamp", ["davylamp"], ["davylamp"])
    older.write_text("[Service]\nUser=pi\nExecStart=/x agent\n")
    assert ServiceRun(older).user == "pi"
    assert settings(ServiceRun(older).unit_text(["/bin/true"], {}, Path("/run/o")))["User"] == ["pi"]


def test_a_line_that_goes_on_is_no_section(booted: None, tmp_path: Path) -> None:
    unit = tmp_path / "davylamp.service"
    unit.write_text("[Service]\nEnvironment=A=1 \\\n[Unit] \\\n  B=2\nUser=pi\n[Unit]\nDescription=x\n")
    text = ServiceRun(unit).unit_text(["/bin/true"], {}, Path("/run/o"))
    assert "Environment=A=1 \\\n[Unit] \\\n  B=2\nUser=pi\n" in text
    assert "Description=x" not in text


def test_systemd_accepts_what_is_written(booted: None, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed here")
    root = tmp_path / "root"
    shutil.copytree("/lib/systemd/system", root / "lib/systemd/system", symlinks=True)
    unit, program = root / "etc/systemd/system/davylamp-check-1.service", root / "bin/true"
    for path in (unit, program):
        path.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    unit.write_text(ServiceRun(UNIT).unit_text(["/bin/true", "a b", "%"], {"A": "b"}, Path("/run/o")))
    done = subprocess.run(
        ["systemd-analyze", "verify", f"--root={root}", str(unit)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert [line for line in (done.stdout + done.stderr).splitlines() if unit.name in line] == []


def test_without_systemd_or_root_it_is_an_error_with_the_fix(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(service_run, "BOOTED", tmp_path / "none")
    out = StringIO()
    assert not ServiceCheck(tmp_path / "gateway.yaml", UNIT, out).check(0)
    assert out.getvalue().startswith("error   --as-service: systemd does not run here; fix: ")
    monkeypatch.setattr(service_run, "BOOTED", tmp_path)
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(ServiceError, match=r"only root .*; fix: sudo"):
        ServiceRun(UNIT)


def test_a_unit_file_that_is_not_there_is_named(booted: None, tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match=r"none\.service: No such file or directory, expected a unit file"):
        ServiceRun(tmp_path / "none.service")


def test_systemds_exit_codes_become_sentences(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    unit = (
        f"LoadCredential=password:{secret}\nReadWritePaths=-/nowhere /dev {tmp_path}/none\nWorkingDirectory=/nowhere\n"
    )
    program = tmp_path / "davylamp"

    def said(code: int, text: str = unit, by: str = str(program)) -> str:
        return exit_sentence(code, text, by) or ""

    assert said(1) == ""
    assert f"LoadCredential=password:{secret}: No such file or directory; fix: sudo install -m 600" in said(243)
    secret.write_bytes(bytes((1 << 20) + 1))
    assert "larger than 1 MiB" in said(243)
    assert f"it names {tmp_path}/none, which is not there" in said(226)
    assert "WorkingDirectory=/nowhere cannot be entered" in said(200)
    assert "there is no such file" in said(203)
    program.touch()
    program.chmod(0o644)
    assert "sudo chmod 755" in said(203)
    program.chmod(0o755)
    assert "its interpreter is missing" in said(203)
    assert "ProtectHome hides it" in said(203, by="/home/pi/davylamp")
    assert "(217/USER)" in said(217)
    assert "(299)" in said(299)
