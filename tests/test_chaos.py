"""A short chaos run, in which every kind of fault happens once and nothing is lost; its judge detects every defect."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rig.judge import Line, judge_events, judge_scores
from rig.load import Leak, Load
from rig.witness import BASE, Notice, Score

ROOT = Path(__file__).parent.parent


@pytest.mark.broker
@pytest.mark.mqtt5  # the embedded broker keeps no sessions
def test_nothing_is_lost_or_doubled_whatever_dies(bundles: dict[str, Path], tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    chaos = [sys.executable, str(ROOT / "benchmarks" / "chaos.py"), "--quick", "--bundle", str(bundles["ae"])]
    done = subprocess.run([*chaos, "--json", str(report)], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(report.read_text())
    assert len(found["faults"]) == 11  # one of each kind
    assert found["disturbances"]
    assert len(found["results"]) == 16
    assert all(line["passed"] for line in found["results"])


# ---- the judge -------------------------------------------------------------------------------------------------------


@pytest.fixture
def load() -> Load:
    return Load(800, 2, seed=1)


def failed(lines: Iterable[Line]) -> list[str]:
    return [line.claim for line in lines if not line.passed]


def scores(load: Load) -> list[Score]:
    """The scores that a correct agent publishes."""
    return [Score(station=sent.station, n=sent.seq + 1, seq=sent.seq) for sent in load.messages if sent.seq is not None]


def test_scores_that_come_again_after_an_outage_are_no_fault(load: Load) -> None:
    good = scores(load)
    again = [msgspec.structs.replace(score, historical=True) for score in good[100:120]]
    assert failed(judge_scores(load, [*good[:120], *again, *good[120:]])) == []


SCORED, TWICE = "every reading has a score", "none is scored twice in effect"
COUNTED, ORDERED = "n counts every station's readings", "order is kept per station"


@pytest.mark.parametrize(
    ("damage", "claims"),
    [
        (lambda good: [*good[:50], *good[51:]], [SCORED]),
        (lambda good: [*good, msgspec.structs.replace(good[7], n=401)], [TWICE, COUNTED, ORDERED]),
        (lambda good: [*good, msgspec.structs.replace(good[7], seq=399)], [TWICE]),
        (lambda good: [*good[:7], *good[10:], *good[7:10]], [ORDERED]),
        (lambda good: [*good, msgspec.structs.replace(good[7], late=True)], ["a score that comes again is the same"]),
    ],
    ids=["lost", "two n for one reading", "two readings for one n", "newer ones first", "another verdict"],
)
def test_the_judge_sees_what_is_wrong_with_scores(
    load: Load, damage: Callable[[list[Score]], list[Score]], claims: list[str]
) -> None:
    assert failed(judge_scores(load, damage(scores(load)))) == claims


def event(load: Load, leak: Leak, kind: str) -> Notice:
    """An event of the alarm that a leak raised."""
    reading = next(sent for sent in load.messages if (sent.station, sent.seq) == (leak.station, leak.first + 2))
    body = {
        "event_type": kind, "id": f"{leak.station}-methane-20261130T120000Z-{leak.first + 3}",
        "station": leak.station, "kind": "methane",
        "opened": json.loads(reading.payload)["ts"],
    }  # fmt: skip
    return Notice(f"{BASE}/{leak.station}/event", json.dumps(body).encode(), 0.0, False)


def lives(load: Load) -> list[Notice]:
    return [event(load, leak, kind) for leak in load.leaks for kind in ("open", "close")]


def retained(load: Load, **active: str) -> dict[str, Any]:
    """The retained alarm topics."""
    return {
        f"{BASE}/{name}/alarm": {"standing": [{"kind": "methane", "id": active[name]}] if name in active else []}
        for name in load.names
    }


def another(message: Notice) -> Notice:
    """The same alarm under another id, as published by an agent that forgot it."""
    return dataclasses.replace(message, payload=message.payload.replace(b'"id": "', b'"id": "another-'))


LIVED, ORPHANS = "every event opens once and closes once", "no orphan alarms"
FOUND = "every leak is one methane alarm"


@pytest.mark.parametrize(
    ("damage", "claims"),
    [
        (lambda good: good, []),
        (lambda good: [*good, good[-1]], []),  # at least once: the same bytes again
        (lambda good: good[:-1], [LIVED, ORPHANS]),
        (lambda good: good[1:], [LIVED, FOUND]),
        (lambda good: [good[0], another(good[0]), *good[1:]], [LIVED, FOUND]),
        (lambda good: [good[1], good[0], *good[2:]], [LIVED, ORPHANS]),
    ],
    ids=["correct", "published twice", "never closed", "never opened", "opened twice", "closed before it opened"],
)
def test_the_judge_sees_what_is_wrong_with_alarms(
    load: Load, damage: Callable[[list[Notice]], list[Notice]], claims: list[str]
) -> None:
    assert len(load.leaks) > 1
    assert failed(judge_events(load, damage(lives(load)), retained(load))) == claims


def test_an_alarm_topic_that_was_never_cleared_is_an_orphan(load: Load) -> None:
    lines = judge_events(load, lives(load), retained(load, **{load.names[0]: "gone"}))
    assert failed(lines) == [ORPHANS]
