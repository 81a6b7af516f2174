"""The demo runs every step, and leaves nothing running."""

from __future__ import annotations

import io
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from config.settings.training import Training
from edge.simulation.injection import Injection
from export.demo.demo import demo
from export.demo.injection_outcome import InjectionOutcome, alarm_spans, find_outcomes, unexplained_alarms

pytestmark = pytest.mark.broker


def _processes_that_mention(text: str) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if text in words:
                found.append(words)
    return found


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[InjectionOutcome], str]:
    folder = tmp_path_factory.mktemp("demo")
    out = io.StringIO()
    outcomes = demo(folder, settings=Training.quick(), rate=400.0, out=out)
    return folder, outcomes, out.getvalue()


def test_the_leak_is_found_within_the_first_readings(finished: tuple[Path, list[InjectionOutcome], str]) -> None:
    leak = finished[1][0]
    assert leak.injection.kind == "leak"
    assert leak.event is not None
    assert leak.after is not None
    assert leak.after <= 10


def test_the_stuck_sensor_is_found(finished: tuple[Path, list[InjectionOutcome], str]) -> None:
    stuck = finished[1][1]
    assert stuck.injection.kind == "stuck"
    assert stuck.event is not None
    assert stuck.event["kind"] == "consistency"
    assert stuck.event["culprit"] == stuck.injection.key


def test_every_file_that_the_summary_names_is_there(finished: tuple[Path, list[InjectionOutcome], str]) -> None:
    folder, _, text = finished
    for name in ("run", "demo.davy", "gateway.yaml", "agent.log", "synthetic.csv", "timeline.png"):
        assert (folder / name).exists(), name
        assert name in text
    assert len((folder / "synthetic.csv").read_text().splitlines()) == 201
    assert (folder / "timeline.png").read_bytes().startswith(b"\x89PNG")


def test_nothing_is_left_running(finished: tuple[Path, list[InjectionOutcome], str]) -> None:
    assert _processes_that_mention(str(finished[0])) == []


def test_ctrl_c_leaves_nothing_running(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from msgspec.structs import replace\n"
        "from config.settings.training import Training; from export.demo.demo import demo\n"
        "short = dict(epochs=1, generator_epochs=1, generator_steps=1, components=5)\n"
        "demo(Path(sys.argv[1]), settings=replace(Training.quick(), **short))"
    )
    story = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 240
    while not _processes_that_mention(str(tmp_path / "gateway.yaml")):
        assert story.poll() is None
        assert time.monotonic() < deadline, "the agent was never started"
        time.sleep(0.1)
    time.sleep(1.0)  # anywhere in the live part
    story.send_signal(signal.SIGINT)
    story.wait(30)
    assert _processes_that_mention(str(tmp_path)) == []
    assert _processes_that_mention("davylamp-broker-") == []


_LEAK = Injection("leak", 10, 5, size=1000.0)
_STUCK = Injection("stuck", 50, 20, "rmq4_ohm")


def _event(kind: str, row: int, event_type: str = "open") -> dict[str, str]:
    return {"event_type": event_type, "id": f"{kind}-{row}", "kind": kind, "opened": str(row), "closed": str(row)}


def test_a_leak_is_answered_by_methane_and_a_fault_by_any_other_kind() -> None:
    events = [_event("reconstruction", 11), _event("methane", 12), _event("methane", 51), _event("reconstruction", 55)]
    leak, stuck = find_outcomes([_LEAK, _STUCK], events, int)
    assert (leak.event, leak.after) == (events[1], 3)
    assert (stuck.event, stuck.after) == (events[3], 6)


def test_an_event_before_the_injection_is_no_find() -> None:
    assert find_outcomes([_STUCK], [_event("reconstruction", 49)], int)[0].event is None


def test_an_alarm_far_from_every_injection_is_unexplained() -> None:
    far = _event("reconstruction", 200)
    assert unexplained_alarms([_LEAK, _STUCK], [_event("methane", 11), far], int) == [far]


def test_an_alarm_that_still_stands_lasts_until_the_end() -> None:
    closed = _event("methane", 10) | {"event_type": "close", "closed": "30"}
    assert alarm_spans([_event("methane", 10), closed, _event("reconstruction", 50)], int, 100) == [
        ("methane", 10, 30),
        ("reconstruction", 50, 100),
    ]
