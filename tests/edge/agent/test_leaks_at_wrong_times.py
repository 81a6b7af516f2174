"""A leak raises its alarm within five readings, whatever the station's clock does meanwhile."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge.alarms.event import Event
from edge.bundles.bundle import Bundle
from edge.mqtt.message import Message
from tests.doubles import GOOD, FakeClock, FakeLink
from tests.edge.agent.test_pipeline import NOW, Run

BEFORE, AFTER = 80, 20
LEAK = GOOD | {"ch4_ppb": GOOD["ch4_ppb"] + 8000}

Stamp = Callable[[int], float | None]
"""From the number of a reading after the fault began to its time stamp [s]."""


def _right(n: int) -> float:
    return NOW + 60.0 * (BEFORE + n)


FAULTS: dict[str, Stamp] = {
    "a reboot into 1970": lambda n: 60.0 * n,
    "the hour that comes twice": lambda n: _right(n) - 3600.0,
    "a clock that went ahead": lambda n: _right(n) + 86400.0,
    "a clock that stands still": lambda n: _right(-1),
    "stamps that run wild": lambda n: 1e9 * (n * 7 % 5 / 2.7),
    "no stamps": lambda n: None,
    "stamps of somebody else now and then": lambda n: 0.0 if n % 3 else _right(n),
}


def feed(run: Run, first: int, bodies: list[dict[str, Any]], pace: float) -> list[Event]:
    """Feed readings in one turn."""
    messages = [
        Message(
            "sensors/st-1/readings", json.dumps(body).encode(), mid=n + 1, connection=1, qos=1, received=NOW + pace * n
        )
        for n, body in enumerate(bodies, first)
    ]
    return run.take(*messages).events


@pytest.mark.parametrize("pace", [60.0, 0.01], ids=["live", "all at once"])
@pytest.mark.parametrize(("begins", "restart"), [(0, False), (3, True), (12, False)])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_leak_raises_methane_within_five_readings(
    bundle: Bundle, tmp_path: Path, fake_link: FakeLink, fake_clock: FakeClock, fault: str, begins: int, pace: float,
    restart: bool,
) -> None:  # fmt: skip
    run = Run(bundle, tmp_path / "journal.db", fake_link, fake_clock)
    quiet: list[dict[str, Any]] = [GOOD | {"seq": n, "ts": _right(n)} for n in range(-BEFORE, 0)]
    disturbed: list[dict[str, Any]] = [
        (LEAK if n >= begins else GOOD) | {"seq": n, "ts": FAULTS[fault](n)} for n in range(AFTER)
    ]
    feed(run, 0, quiet + disturbed[:1], pace)
    if restart:
        run.journal.close()
        run = Run(bundle, tmp_path / "journal.db", fake_link, fake_clock)
    feed(run, BEFORE + 1, disturbed[1:begins], pace)
    rest = disturbed[max(1, begins) :]
    events = feed(run, BEFORE + AFTER - len(rest), rest[: 5 - (begins == 0)], pace)
    assert "methane" in {event.kind for event in events if event.event_type == "open"}
    run.journal.close()
