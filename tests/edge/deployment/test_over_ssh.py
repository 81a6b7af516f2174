"""A deployment takes its steps over one login, says them, and leaves nothing behind."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from config.templates.templates import constraints_path
from edge.deployment import probe
from edge.deployment.over_ssh import Order, OverSsh
from edge.deployment.own_wheel import OwnWheel, own_wheel
from edge.deployment.probe import Probe
from edge.deployment.remote import Remote
from edge.deployment.wheelhouse import Wheelhouse
from edge.errors import DeploymentError
from tests.running_sshd import RunningSshd

There = Callable[..., OwnWheel]
Called = Callable[[], dict[str, Any]]
Cache = Callable[[Remote], Path]

KILL_THE_SESSION = """
import signal
parent = os.getppid()
while open(f"/proc/{parent}/comm").read().split("-")[0].strip() != "sshd":
    parent = int(open(f"/proc/{parent}/stat").read().rpartition(")")[2].split()[1])
os.kill(parent, signal.SIGKILL)
time.sleep(0.3)
"""


@pytest.fixture
def order(tmp_path: Path) -> Order:
    """Two bundles, a gateway file, a certificate and a password; names that a shell would take apart."""
    files = {name: tmp_path / name for name in ("one.davy", "it's $HOME!.davy", "my gateway.yaml", "ca.crt", "secret")}
    for name, path in files.items():
        path.write_text(name)
    one, two, config, further, password = files.values()
    return Order((one, two), config, (further,), password, ("--broker",))


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def left() -> Iterator[Callable[[], list[str]]]:
    """Return what is left of deployments in the folder for them, since the test has begun."""
    before = set(Path(probe.FOLDER).glob("davylamp-deploy.*"))

    def read() -> list[str]:
        return [str(path) for path in Path(probe.FOLDER).glob("davylamp-deploy.*") if path not in before]

    yield read
    assert read() == []


def _deploy(remote: Remote, order: Order, wheel: OwnWheel, cache: Cache, said: list[str], **options: bool) -> int:
    with remote:
        deployment = OverSsh(
            remote, wheel, constraints_path(), said.append, terminal=options.get("terminal", False), cache=cache(remote)
        )
        return deployment.run(order)


def test_everything_arrives_in_a_private_folder_and_install_service_is_run_there(
    sshd: RunningSshd, order: Order, davylamp_there: There, cache: Cache, called: Called, said: list[str],
    left: Callable[[], list[str]], capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    assert _deploy(Remote(sshd.host, sshd.options), order, davylamp_there(7), cache, said) == 7
    found = called()
    folder = found["cwd"]
    assert found["words"] == [
        "install-service", "--wheelhouse", f"{folder}/wheelhouse",
        "--bundle", f"{folder}/etc/one.davy", "--bundle", f"{folder}/etc/it's $HOME!.davy",
        "--config", f"{folder}/etc/gateway.yaml", "--file", f"{folder}/etc/ca.crt",
        "--password-file", f"{folder}/password", "--broker",
    ]  # fmt: skip
    assert found["path"] == f"{folder}/wheelhouse/davylamp-9.9-py3-none-any.whl"
    assert found["private"] == "0o700"
    assert found["files"]["password"] == "0o600"
    assert {"wheelhouse/numpy-9-py3-none-any.whl", "wheelhouse/pip-9-py3-none-any.whl"} < set(found["files"])
    assert "install-service was here" in capfd.readouterr().out
    assert [line[:10] for line in said if line[0] != " "] == [f"deploy {n}/5" for n in range(1, 6)]
    assert not Path(folder).exists()


def test_a_connection_that_is_lost_is_named_and_the_gateway_cleans_up_by_itself(
    sshd: RunningSshd, order: Order, davylamp_there: There, cache: Cache, called: Called, said: list[str],
    left: Callable[[], list[str]],
) -> None:  # fmt: skip
    with pytest.raises(DeploymentError, match=r"the connection was lost; .* fix: run the same command again"):
        _deploy(Remote(sshd.host, sshd.options), order, davylamp_there(0, KILL_THE_SESSION), cache, said)
    deadline = time.monotonic() + 10
    while left() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(called()["cwd"]).exists()


@pytest.mark.parametrize(
    ("option", "reason", "fix"),
    [
        ("Port=1", "Connection refused", "enable ssh on the gateway"),
        ("User=nobody-at-all", "Permission denied", "ssh-copy-id"),
        ("UserKnownHostsFile=/dev/null", "Host key verification failed", "compare the key"),
        ("NoSuchOption=1", "Bad configuration option", "check --ssh-option"),
    ],
)
def test_a_login_that_fails_is_one_line_with_the_reason_and_the_fix(
    sshd: RunningSshd, option: str, reason: str, fix: str
) -> None:
    with pytest.raises(DeploymentError) as caught, Remote(sshd.host, [option, *sshd.options]):
        pass
    text = str(caught.value)
    assert text.startswith(f"{sshd.host}: ssh could not log in: ")
    assert reason in text
    assert fix in text.partition("fix: ")[2]
    assert len(text.splitlines()) == 1


def test_one_login_serves_all_steps(
    sshd: RunningSshd, order: Order, davylamp_there: There, cache: Cache, said: list[str]
) -> None:
    log = sshd.folder / "sshd.log"
    before = log.read_text().count("Accepted publickey")
    assert _deploy(Remote(sshd.host, sshd.options), order, davylamp_there(), cache, said) == 0
    assert log.read_text().count("Accepted publickey") == before + 1


@pytest.mark.parametrize("host", ["", "-oProxyCommand=touch gone", "-l"])
def test_a_host_that_ssh_would_take_for_an_option_is_refused(host: str) -> None:
    with pytest.raises(DeploymentError, match=r"expected \[USER@\]HOST"):
        Remote(host)


@pytest.mark.usefixtures("sshd")
@pytest.mark.parametrize("host", ["a;touch gone", "no such host", "$(touch gone)"])
def test_a_host_that_cannot_be_one_is_not_repeated_as_a_command(host: str) -> None:
    with pytest.raises(DeploymentError) as caught, Remote(host):
        pass
    fix = str(caught.value).partition("fix: ")[2]
    assert fix == "check the name, expected [USER@]HOST" or f"ssh '{host}'" in fix


def test_without_ssh_its_package_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DeploymentError, match="ssh: not found; fix: sudo apt install openssh-client"):
        Remote("pi@gateway")


@pytest.mark.parametrize(("free", "terminal", "prefix"), [(True, False, "-n "), (False, True, ""), (True, True, "-n ")])
def test_a_user_becomes_root_by_sudo(
    free: bool, terminal: bool, prefix: str, stand_in: Path, program: Callable[[str, str], None],
    order: Order, davylamp_there: There, cache: Cache, called: Called, said: list[str],
) -> None:  # fmt: skip
    program("id", "echo 1000")
    calls = stand_in.with_name("sudo-calls")
    program("sudo", f'echo "$*" >>{calls}\nif [ "$1" = -n ]; then shift; {"true" if free else "exit 1"}; fi\nexec "$@"')
    assert _deploy(Remote("pi@gateway"), order, davylamp_there(3), cache, said, terminal=terminal) == 3
    assert called()["words"][0] == "install-service"
    assert calls.read_text().splitlines()[-1].startswith(f"{prefix}env PYTHONPATH={probe.FOLDER}/davylamp-deploy.")
    last = [line for line in stand_in.read_text().splitlines() if line.endswith("/run.sh")][-1]
    assert ("RequestTTY=force" in last) == terminal


@pytest.mark.parametrize(
    ("programs", "expected"),
    [
        ({"dpkg": "echo armhf"}, ["architecture: got armhf"]),
        ({"dpkg": "echo armhf", "getconf": "echo glibc 2.19"}, ["architecture: got armhf", "C library: got"]),
        ({"id": "echo 1000", "sudo": "exit 1"}, ["sudo: it asks for a password, and there is no terminal here"]),
        ({"df": "echo x; echo /dev/root 10 10 0 100% /"}, ["/var/tmp: got 0 MB of room"]),
    ],
)  # fmt: skip
def test_what_is_in_the_way_is_named_before_anything_is_sent(
    programs: dict[str, str], expected: list[str], stand_in: Path, program: Callable[[str, str], None],
    order: Order, davylamp_there: There, cache: Cache, said: list[str],
) -> None:  # fmt: skip
    remote = Remote("pi@gateway")
    with remote:
        wheels = cache(remote)
        for name, text in programs.items():
            program(name, text)
        deployment = OverSsh(remote, davylamp_there(), constraints_path(), said.append, terminal=False, cache=wheels)
        with pytest.raises(DeploymentError) as caught:
            deployment.run(order)
    lines = str(caught.value).splitlines()
    assert len(lines) == len(expected)
    for line, words in zip(lines, expected, strict=True):
        assert line.startswith(f"pi@gateway: {words}")
        assert "fix: " in line
    assert "tar -x" not in stand_in.read_text()


def test_a_clock_that_is_wrong_is_named_and_is_no_obstacle(
    stand_in: Path, program: Callable[[str, str], None], order: Order, davylamp_there: There, cache: Cache,
    said: list[str],
) -> None:  # fmt: skip
    program("date", "echo 1000000")
    assert _deploy(Remote("pi@gateway"), order, davylamp_there(), cache, said) == 0
    warning = next(line for line in said if "warning" in line)
    assert re.search(r"clock is \d+ s behind this computer's; fix .*timedatectl", warning)


def test_a_full_disk_is_named_and_nothing_is_left(
    stand_in: Path, program: Callable[[str, str], None], order: Order, davylamp_there: There, cache: Cache,
    said: list[str], left: Callable[[], list[str]],
) -> None:  # fmt: skip
    program("tar", 'echo "tar: one.davy: Cannot write: No space left on device" >&2\n'
            'echo "tar: Exiting with failure status due to previous errors" >&2\nexit 2')  # fmt: skip
    with pytest.raises(DeploymentError, match=r"^pi@gateway: .*No space left on device; fix: make room there$"):
        _deploy(Remote("pi@gateway"), order, davylamp_there(), cache, said)


def test_what_an_earlier_deployment_left_a_day_ago_is_removed(
    stand_in: Path, order: Order, davylamp_there: There, cache: Cache, said: list[str], tmp_path: Path
) -> None:
    old, fresh, link = (Path(probe.FOLDER) / f"davylamp-deploy.{name}{os.getpid()}" for name in ("old", "new", "link"))
    try:
        for folder in (old, fresh):
            folder.mkdir()
            (folder / "password").touch()
        link.symlink_to(tmp_path)
        two_days_ago = time.time() - 2 * 86400
        for path in (old, tmp_path):
            os.utime(path, (two_days_ago, two_days_ago))
        assert _deploy(Remote("pi@gateway"), order, davylamp_there(), cache, said) == 0
        assert [path.exists() for path in (old, fresh, tmp_path / "called.json")] == [False, True, True]
        assert link.is_symlink()
    finally:
        link.unlink(missing_ok=True)
        for folder in (old, fresh):
            shutil.rmtree(folder, ignore_errors=True)


def test_an_answer_that_is_none_is_named(
    stand_in: Path, program: Callable[[str, str], None], order: Order, davylamp_there: There, said: list[str],
) -> None:  # fmt: skip
    program("ssh", "echo this is a router")
    remote = Remote("pi@gateway")
    with remote, pytest.raises(DeploymentError, match=r"the gateway's answer cannot be read .*fix: "):
        OverSsh(remote, davylamp_there(), constraints_path(), said.append, terminal=False).run(order)


def test_two_files_of_one_name_are_refused(
    stand_in: Path, order: Order, davylamp_there: There, cache: Cache, said: list[str], tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "one.davy").write_text("another")
    two = Order((*order.bundles, tmp_path / "other" / "one.davy"))
    with pytest.raises(DeploymentError, match=r"other/one.davy: got another file of this name"):
        _deploy(Remote("pi@gateway"), two, davylamp_there(), cache, said)
    assert "tar -x" not in stand_in.read_text()


def test_a_deploy_that_is_terminated_takes_back_what_it_sent(
    stand_in: Path, program: Callable[[str, str], None], cache: Cache, tmp_path: Path, left: Callable[[], list[str]]
) -> None:
    with Remote("pi@gateway") as remote:
        (small,) = cache(remote).iterdir()
        target = Probe.read(remote.read(probe.SCRIPT)).target
    wheelhouse = Wheelhouse(target, own_wheel().requirements, constraints_path(), tmp_path / "davylamp")
    wheelhouse.folder.parent.mkdir()
    small.rename(wheelhouse.folder)
    waiting = f'case "$*" in */run.sh) touch {tmp_path}/there; exec sleep 60 ;; esac\nexec sh'
    program("ssh", (tmp_path / "programs" / "ssh").read_text().replace("exec sh", waiting))
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "davylamp", "deploy", "pi@gateway"]
    with subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        deadline = time.monotonic() + 30
        while not (tmp_path / "there").exists() and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.02)
        assert len(left()) == 1
        process.terminate()
        printed, _ = process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGTERM
    assert b"deploy 5/5: removed" in printed
    assert stand_in.read_text().splitlines()[-1].startswith("-O exit")
