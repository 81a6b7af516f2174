"""The settings of a running Mosquitto are read from the files it has read, as it saw them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edge.checking.running_mosquitto import RunningMosquitto

TICK = os.sysconf("SC_CLK_TCK")
BOOTED = 1_700_000_000
STARTED = BOOTED + 100


class Processes:
    """A ``/proc`` with one Mosquitto, whose root is a folder."""

    def __init__(self, folder: Path) -> None:
        self.proc, self.root = folder / "proc", folder / "root"
        process = self.proc / "42"
        process.mkdir(parents=True)
        self.root.mkdir()
        (self.proc / "stat").write_text(f"cpu 1 2\nbtime {BOOTED}\n")
        (self.proc / "self").mkdir()
        (process / "comm").write_text("mosquitto\n")
        (process / "stat").write_text(f"42 (mosqui) tto) S {' '.join('0' * 18)} {100 * TICK} 0\n")
        (process / "root").symlink_to(self.root)
        (process / "cwd").symlink_to(self.root)
        self.start("-c", "/etc/mosquitto/mosquitto.conf")

    def start(self, *words: str) -> None:
        (self.proc / "42/cmdline").write_bytes(
            b"\0".join(word.encode() for word in ("/usr/sbin/mosquitto", *words, ""))
        )

    def write(self, path: str, text: str, changed: float = STARTED - 50) -> None:
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        os.utime(file, (changed, changed))

    def found(self, port: int = 1883) -> RunningMosquitto | None:
        return RunningMosquitto.of_port(port, str(self.proc))

    def report(self, port: int = 1883) -> list[str]:
        found = self.found(port)
        assert found is not None
        return found.report()


@pytest.fixture
def processes(tmp_path: Path) -> Processes:
    return Processes(tmp_path)


DEBIAN = "persistence true\npersistence_location /var/lib/mosquitto/\ninclude_dir /etc/mosquitto/conf.d\n"
OURS = (Path(__file__).parents[3] / "config/templates/mosquitto.conf").read_text()


def test_our_settings_are_in_order(processes: Processes) -> None:
    processes.write("/etc/mosquitto/mosquitto.conf", DEBIAN)
    processes.write("/etc/mosquitto/conf.d/davylamp.conf", OURS)
    assert processes.report() == []
    found = processes.found()
    assert found is not None
    assert found.files == ["/etc/mosquitto/mosquitto.conf", "/etc/mosquitto/conf.d/davylamp.conf"]
    assert found.values["max_queued_messages"] == "20000"


def test_settings_that_are_not_active_are_named_with_the_command(processes: Processes) -> None:
    processes.write("/etc/mosquitto/mosquitto.conf", DEBIAN)
    (line,) = processes.report()
    assert line.startswith("/etc/mosquitto/mosquitto.conf: ")
    assert "the settings of davylamp's mosquitto.conf are not active: max_queued_messages is 1000" in line
    assert "fix: sudo install -m 644 mosquitto.conf /etc/mosquitto/conf.d/davylamp.conf && sudo systemctl" in line


def test_settings_that_the_running_broker_has_not_read_are_not_active(processes: Processes) -> None:
    processes.write("/etc/mosquitto/mosquitto.conf", DEBIAN)
    processes.write("/etc/mosquitto/conf.d/davylamp.conf", OURS, changed=STARTED + 5)
    (line,) = processes.report()
    assert line.startswith(
        "/etc/mosquitto/conf.d/davylamp.conf: changed after Mosquitto had started; fix: sudo systemctl"
    )


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("persistence false", "persistence is false"),
        ("autosave_interval 1", "autosave_interval is 1 [s], which wears out an SD card"),
        ("autosave_interval 0", "a power cut loses everything since its start"),
        ("autosave_on_changes true", "autosave_on_changes is true"),
        ("max_queued_messages 100", "max_queued_messages is 100"),
        ("message_size_limit 5000", "message_size_limit is 5000"),
    ],
)
def test_what_a_setting_does_to_the_readings_is_said(processes: Processes, line: str, fault: str) -> None:
    processes.write("/etc/mosquitto/mosquitto.conf", f"{OURS}\n{line}\n")
    (found,) = processes.report()
    assert fault in found


def test_every_file_that_was_read_is_named(processes: Processes) -> None:
    processes.write("/etc/mosquitto/mosquitto.conf", DEBIAN)
    processes.write("/etc/mosquitto/conf.d/davylamp.conf", f"{OURS}\nautosave_interval 1\n")
    (line,) = processes.report()
    assert line.startswith("/etc/mosquitto/mosquitto.conf, /etc/mosquitto/conf.d/davylamp.conf: autosave_interval is 1")
    assert "fix: correct /etc/mosquitto/conf.d/davylamp.conf" in line


def test_without_a_file_everything_is_mosquittos_own(processes: Processes) -> None:
    processes.start("-p", "1884")
    assert processes.found() is None
    (line,) = processes.report(1884)
    assert "Mosquitto without a file: " in line
    assert "persistence is false" in line


def test_another_port_or_program_is_not_ours(processes: Processes) -> None:
    processes.write("/etc/mosquitto/mosquitto.conf", "listener 1885 127.0.0.1\n" + DEBIAN)
    assert processes.found(1883) is None
    assert processes.found(1885) is not None
    (processes.proc / "42/comm").write_text("vernemq\n")
    assert processes.found(1885) is None


def test_a_process_that_ends_meanwhile_is_passed_over(processes: Processes) -> None:
    (processes.proc / "42/cmdline").unlink()
    assert processes.found() is None
