"""A short chaos run, in which every kind of fault happens once and nothing is lost; its judge detects every defect."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rig.judge import Line, judge_events, judge_scores, judge_verdicts
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
    assert len(found["faults"]) == 17  # one of each kind, and one of the three that damage files
    assert found["disturbances"]
    assert len(found["results"]) == 18
    assert all(line["passed"] for line in found["results"])


@pytest.mark.broker
@pytest.mark.mqtt5
def test_an_agent_that_forgets_what_it_had_scored_before_a_restart_is_found_out(
    bundles: dict[str, Path], tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    kind = "upstream swallowed, agent killed"
    options = ["--readings", "600", "--faults", "1", "--only", kind, "--patience", "5", "--bundle", str(bundles["ae"])]
    subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "chaos.py"), *options, "--json", str(report)],
        capture_output=True, timeout=120, check=False,
        env=os.environ | {"CHAOS_MUTANT": "forgets", "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    found = {line["claim"]: line["passed"] for line in json.loads(report.read_text())["results"]}
    assert not found[SCORED]
    assert found[TWICE]


# ---- the judge -------------------------------------------------------------------------------------------------------


@pytest.fixture
def load() -> Load:
    return Load(800, 2, seed=1)


@pytest.fixture
def arrays() -> Load:
    return Load(800, 2, seed=1, arrays=True)


def test_arrays_have_every_reading_once_and_in_order(arrays: Load) -> None:
    seqs = [seq for sent in arrays.messages if sent.station == "st-2" for seq in sent.seqs]
    assert seqs == list(range(400))
    several = [sent for sent in arrays.messages if len(sent.seqs) > 1]
    assert {sent.station for sent in several} == {"st-2"}
    assert [each["seq"] for each in json.loads(several[0].payload)] == list(several[0].seqs)


def test_the_readings_of_one_message_may_be_scored_in_the_order_of_their_stamps(arrays: Load) -> None:
    good = [Score(station=sent.station, n=seq + 1, seq=seq) for sent in arrays.messages for seq in sent.seqs]
    (first, second, *_) = next(sent.seqs for sent in arrays.messages if len(sent.seqs) > 1)
    swapped = {first: second, second: first}
    for place, each in enumerate(good):
        if each.station == "st-2" and each.seq in swapped:
            good[place] = msgspec.structs.replace(each, seq=swapped[each.seq])
    assert failed(judge_scores(arrays, good)) == []


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


def test_a_journal_that_was_damaged_may_leave_numbers_out_but_use_none_again(load: Load) -> None:
    good = scores(load)
    ahead = [msgspec.structs.replace(score, n=score.n + 1000 * (score.n > 300)) for score in good]
    again = [msgspec.structs.replace(score, n=score.n - 50 * (score.n > 300)) for score in good]
    assert failed(judge_scores(load, ahead)) == [COUNTED]
    assert failed(judge_scores(load, ahead, damaged=True)) == []
    assert TWICE in failed(judge_scores(load, again, damaged=True))


@pytest.mark.parametrize(
    ("changed", "passes"),
    [({}, True), ({"historical": True}, True), ({"state": "alarm"}, False), ({"exceeds": ["methane"]}, False),
     ({"shift": {"methane": 0.1}}, False), ({"reconstruction": {"score": 1.0}}, False)],
)  # fmt: skip
def test_a_verdict_that_an_undisturbed_agent_does_not_give_is_named(
    load: Load, changed: dict[str, Any], passes: bool
) -> None:
    good = scores(load)
    found = [*good[:7], msgspec.structs.replace(good[7], **changed), *good[8:]]
    line = judge_verdicts(found, good)
    assert line.passed is passes
    assert (f"{good[7].station} n {good[7].n} in {next(iter(changed), '')}" in line.found) is not passes
    assert judge_verdicts(found, good, before=7).passed


def test_a_verdict_is_historical_where_it_is_so_undisturbed(load: Load) -> None:
    good = scores(load)
    assert not judge_verdicts(good, [msgspec.structs.replace(each, historical=True) for each in good]).passed


def test_no_verdict_is_not_the_verdict_of_an_undisturbed_agent(load: Load) -> None:
    assert not judge_verdicts(scores(load), scores(load)[1:]).passed
    assert not judge_verdicts([], scores(load)).passed


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
