"""Judges the fate of every message by what the witness received, the broker retains and the journal holds."""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec

from rig.load import Load
from rig.witness import BASE, Notice, Score

_ROWS = "SELECT name, readings.n, seq FROM readings JOIN stations ON station = id"
_SETTLED = 30  # readings after a leak by which its alarm has opened, if ever
_NAMED = 5  # failures that a line names


@dataclass(frozen=True)
class Line:
    """One line of the verdict.

    Parameters
    ----------
    claim
        The property that has to hold.
    found
        Figures, and the places of failures.
    passed
        Whether the claim holds.
    """

    claim: str
    found: str
    passed: bool


def judge_scores(load: Load, scores: list[Score], *, damaged: bool = False) -> Iterator[Line]:
    """Judge whether every reading is scored once in effect, in order, and whether repeated scores are equal.

    After a journal was ``damaged``, numbers may be left out, but none may come again.
    """
    by_n: dict[tuple[str, int], Score] = {}
    numbers: dict[tuple[str, int | None], set[int]] = defaultdict(set)
    doubled, changed, disordered = [], [], []
    newest: dict[str, int] = defaultdict(int)
    for score in scores:
        known = by_n.setdefault((score.station, score.n), score)
        if known.seq != score.seq:
            doubled.append(f"{score.station} n {score.n} is seq {known.seq} and {score.seq}")
        elif msgspec.structs.replace(score, historical=known.historical) != known:
            changed.append(f"{score.station} n {score.n}")
        if known is score:
            if score.n < newest[score.station]:
                disordered.append(f"{score.station} n {score.n} after {newest[score.station]}")
            newest[score.station] = max(newest[score.station], score.n)
        numbers[score.station, score.seq].add(score.n)
    doubled += [f"{station} seq {seq} is n {sorted(ns)}" for (station, seq), ns in numbers.items() if len(ns) > 1]
    # The readings of one message are scored in the order of their time stamps.
    places: dict[tuple[str, int | None], int] = {
        (sent.station, seq): place for place, sent in enumerate(load.messages) for seq in sent.seqs
    }
    for station in load.names:
        in_order = (by_n[key].seq for key in sorted(key for key in by_n if key[0] == station))
        seqs = [seq for seq in in_order if (station, seq) in places]
        disordered += [
            f"{station} seq {b} after {a}"
            for a, b in pairwise(seqs)
            if a == b or places[station, b] < places[station, a]
        ]
    readings = [(sent.station, seq) for sent in load.messages for seq in sent.seqs]
    lost = [f"{station} seq {seq}" for station, seq in readings if (station, seq) not in numbers]
    counts = [
        f"{name}: 1 to {newest[name]}, not {count}"
        for name, count in load.counts.items()
        if newest[name] < count or (newest[name] > count and not damaged)
    ]
    yield _line("every reading has a score", f"{len(readings) - len(lost)} of {len(readings)}", lost)
    yield _line("none is scored twice in effect", f"{len(doubled)} doubled", doubled)
    yield _line("n counts every station's readings", f"1 to {max(load.counts.values())}", counts)
    yield _line("order is kept per station", f"{len(disordered)} out of order", disordered)
    most = max(Counter((score.station, score.n) for score in scores).values(), default=0)
    again = f"{len(scores) - len(by_n)} came again, one of them {most} times in all"
    yield _line("a score that comes again is the same", again, changed)


def judge_verdicts(scores: list[Score], undisturbed: list[Score], *, before: int | None = None) -> Line:
    """Judge whether every verdict is that of an agent that nothing disturbed.

    Parameters
    ----------
    scores
        What was received.
    undisturbed
        What that agent has published.
    before
        How many had been received when a file of the agent was damaged, and with it what it knew of the past: later
        verdicts are not compared. ``None``: none was.
    """
    expected = {(score.station, score.seq): score for score in undisturbed}
    compared: set[tuple[str, int | None]] = set()
    different = []
    for score in scores[:before]:
        key = score.station, score.seq
        if key in compared:
            continue  # judge_scores compares it with the one before
        compared.add(key)
        right = expected.get(key)
        if right is None:
            different.append(f"{score.station} n {score.n}: not scored undisturbed")
        elif msgspec.structs.replace(right, historical=score.historical) != score:
            names = [name for name in score.__struct_fields__ if getattr(right, name) != getattr(score, name)]
            named = ", ".join(name for name in names if name != "historical")
            different.append(f"{score.station} n {score.n} in {named}")
        elif right.historical and not score.historical:
            different.append(f"{score.station} n {score.n} is not historical")
    found = f"{len(compared) - len(different)} of {len(compared)}"
    return _line("every verdict is as undisturbed", found, different or ([] if compared else ["none compared"]))


def judge_dead_letters(load: Load, seen: list[bool]) -> Line:
    """Judge whether every malformed message became a dead letter."""
    bad = [i for i, sent in enumerate(load.messages) if sent.seq is None]
    missing = [f"message {i}" for i in bad if not seen[i]]
    return _line("every bad message is a dead letter", f"{len(bad) - len(missing)} of {len(bad)}", missing)


def judge_events(
    load: Load, notices: Iterable[Notice], kept: dict[str, Any], *, until: dict[str, int] | None = None
) -> Iterator[Line]:
    """Judge the events of every alarm, and whether the retained topics show the active ones.

    ``until``: last ``seq`` of each station before a file of the agent was damaged; leaks near it and after it may be
    missed, because what is usual at the station is learnt anew.
    """
    active: dict[tuple[str, str], str] = {}
    types: dict[str, Counter[str]] = defaultdict(Counter)
    malformed = []
    known: set[bytes] = set()
    opened: dict[tuple[str, str], list[int]] = defaultdict(list)
    again = 0
    for each in notices:
        if not each.topic.endswith("/event"):
            continue
        event = msgspec.json.decode(each.payload)
        event.pop("historical", None)
        body = msgspec.json.encode(event)
        if body in known:
            again += 1
            continue
        known.add(body)
        key, name, kind = (event["station"], event["kind"]), event["id"], event["event_type"]
        types[name][kind] += 1
        current = active.get(key)
        if kind == "open":
            if current is not None:
                malformed.append(f"{name} opens while {current} is active")
            active[key] = name
            # An alarm's id ends with the count of the reading that opened it; stamps may be wrong, or missing.
            opened[key].append(int(name.rsplit("-", 1)[1]) - 1)
        elif current != name:
            malformed.append(f"{kind} of {name} while {current or 'nothing'} is active")
        if kind == "close":
            active.pop(key, None)
    retained = {
        (station, event["kind"]): event["id"]
        for station in load.names
        for event in kept.get(f"{BASE}/{station}/alarm", {}).get("standing", [])
    }
    wrong = [
        f"{name}: {dict(count)}"
        for name, count in types.items()
        if (count["open"], count["close"]) != (1, 0 if name in retained.values() else 1)
    ]
    closed = sum(count["close"] for count in types.values())
    found = f"{len(types)} opened, {closed} closed, {len(retained)} active, {again} messages came again"
    yield _line("every event opens once and closes once", found, malformed + wrong)
    leaks = [leak for leak in load.leaks if until is None or leak.last + _SETTLED < until.get(leak.station, 0)]
    missed = [
        f"{leak.station} {leak.first}-{leak.last}: {count} alarms"
        for leak in leaks
        if (count := sum(leak.first <= seq <= leak.last for seq in opened[leak.station, "methane"])) != 1
    ]
    yield _line("every leak is one methane alarm", f"{len(leaks) - len(missed)} of {len(leaks)}", missed)
    orphans = [f"{station} {kind}: {name}" for (station, kind), name in sorted(active.items() ^ retained.items())]
    yield _line("no orphan alarms", f"{len(retained)} are active and retained", orphans)
    missing = [name for name in load.names if f"{BASE}/{name}/alarm" not in kept]
    yield _line(
        "every station's alarm topic is kept", f"{len(load.names) - len(missing)} of {len(load.names)}", missing
    )


def judge_journal(load: Load, path: Path, scores: list[Score], *, damaged: bool = False) -> Line:
    """Judge whether the journal's newest readings are those that were scored."""
    claim = "the journal holds the newest readings"
    if not path.is_file():
        return Line(claim, f"there is no {path.name}", passed=False)
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        try:
            rows = database.execute(f"{_ROWS} ORDER BY name, readings.n").fetchall()
        except sqlite3.DatabaseError:
            if not damaged:
                raise
            # A page that nobody has read since it was damaged is no fault, but the newest readings have to be there.
            rows = []
            for name in load.names:
                newest_first = f"{_ROWS} WHERE name = ? ORDER BY readings.n DESC LIMIT 20"
                rows += reversed(database.execute(newest_first, (name,)).fetchall())
    scored = {(score.station, score.n): score.seq for score in scores}
    wrong = [f"{name} n {n} is seq {seq}, scored as {scored.get((name, n))}" for name, n, seq in rows
             if scored.get((name, n)) != seq]  # fmt: skip
    for station, count in load.counts.items():
        numbers = [n for name, n, _ in rows if name == station]
        newest = max((n for name, n in scored if name == station), default=0) if damaged else count
        if not numbers or numbers[-1] != newest:
            wrong.append(f"{station} ends at n {numbers[-1] if numbers else 'none'}, not {newest}")
        if not damaged and numbers != list(range(newest + 1 - len(numbers), newest + 1)):
            wrong.append(f"{station} has holes")
    return _line(claim, f"{len(rows)} rows", wrong)


def judge_recoveries(slow: list[str], patience: float) -> Line:
    """Judge whether davylamp recovered from every fault."""
    return _line("it recovers from every fault", f"{len(slow)} took longer than {patience:g} s", slow)


def judge_requests(asked: int, notices: Iterable[Notice]) -> Line:
    """Judge whether requests were answered; those that a killed agent or broker had taken are lost."""
    answered = set()
    for each in notices:
        if each.topic.startswith(f"{BASE}/response/"):
            answered.add(msgspec.json.decode(each.payload).get("transaction"))
    few = ["none is"] if asked and not answered else []
    return _line("requests are answered", f"{len(answered)} of {asked}", few)


def judge_process(exits: list[int], deaths: list[int], log: str, kept: dict[str, Any]) -> Iterator[Line]:
    """Judge the agent's process: it ends on SIGTERM or SIGKILL, and on nothing else."""
    bad = [f"exit code {code}" for code in exits if code != 0]
    yield _line("a clean stop ends with exit code 0", f"{len(exits)} stops", bad)
    yield _line("the agent never ends by itself", f"{len(deaths)} times", [f"exit code {code}" for code in deaths])
    traces = [line.strip() for line in log.splitlines() if line.startswith(("Traceback", "Fatal"))]
    yield _line("no traceback in its log", f"{len(traces)} found", traces)
    state = kept.get(f"{BASE}/state", {}).get("state")
    yield _line("its last state is stopped", f"state is {state}", [] if state == "stopped" else [""])


def _line(claim: str, found: str, wrong: list[str]) -> Line:
    named = ", ".join(filter(None, wrong[:_NAMED]))
    more = f" and {len(wrong) - _NAMED} more" if len(wrong) > _NAMED else ""
    return Line(claim, f"{found}{f'; wrong: {named}{more}' if named else ''}", passed=not wrong)
