"""How many readings are scored in order when stations' clocks go wrong, and what is said about it.

Stamps and arrivals of one station that sends every minute go through ``StationClock``, and beside it through the rule
of version 0.2: a reading behind the newest stamp is not scored. Also the repetitions that are recognised, and the time
that placing a reading takes.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from edge.readings.duplicates import Duplicates
from edge.readings.station_clock.station_clock import StationClock

T0 = 1_790_000_000.0
CADENCE = 60.0
HOUR, DAY = 3600.0, 86400.0
_AHEAD = HOUR  # [s] stamps further ahead were not used by version 0.2

Pairs = Iterator[tuple[float | None, float]]
"""Stamps and arrivals."""


class Message(NamedTuple):
    """Values, stamp, counter and arrival."""

    values: object
    ts: float | None
    seq: int | None
    received: float


def live(first: int, count: int, offset: float = 0.0, gateway: float = 0.0) -> Pairs:
    """Yield readings that come as they are measured, by clocks that are ahead by so much [s]."""
    for n in range(first, first + count):
        yield T0 + n * CADENCE + offset, T0 + n * CADENCE + gateway + 0.1 + 0.05 * (n % 7)


def stored(first: int, count: int, at: int) -> Pairs:
    """Yield stored readings that come all at once."""
    for n in range(count):
        yield T0 + (first + n) * CADENCE, T0 + at * CADENCE + 1.0 + 0.01 * n


def overtaken(count: int) -> Pairs:
    """Yield readings of which every five hundredth comes after the one behind it."""
    for n in range(count):
        other = n + (1 if n % 500 == 499 else -1 if n and n % 500 == 0 else 0)
        yield T0 + other * CADENCE, T0 + n * CADENCE + 0.1


def uptimes() -> Pairs:
    """Yield the readings of five boots of a board that knows its uptime only."""
    for n, (_, received) in enumerate(live(0, 200)):
        yield CADENCE * (n % 40), received


def wild(share: float) -> Pairs:
    """Yield readings of which this share has a stamp between 1970 and 2033."""
    drawn = random.Random(1)
    for ts, received in live(0, 1000):
        yield drawn.uniform(0.0, 2e9) if drawn.random() < share else ts, received


def dead() -> Pairs:
    """Yield readings of a clock that stands still."""
    for _, received in live(0, 500):
        yield T0, received


def hourly() -> Pairs:
    """Yield readings that come sixty at once."""
    for hour in range(10):
        yield from stored(60 * hour, 60, 60 * (hour + 1))


CLOCKS: dict[str, Callable[[], list[Pairs]]] = {
    "a month, every 500th overtaken": lambda: [overtaken(43200)],
    "restart at 1970": lambda: [live(0, 150), live(150, 150, -T0)],
    "five boots, uptime": lambda: [uptimes()],
    "autumn's repeated hour": lambda: [live(0, 150), live(150, 110, -HOUR)],
    "50 min ahead, set right": lambda: [live(0, 100), live(100, 100, 3000.0), live(200, 100)],
    "a shared clock a day ahead": lambda: [live(0, 50, DAY, DAY), live(50, 250)],
    "always 2 h ahead": lambda: [live(0, 300, 2 * HOUR)],
    "always 5 h behind": lambda: [live(0, 300, -5 * HOUR)],
    "2 % wild stamps": lambda: [wild(0.02)],
    "all stamps wild": lambda: [wild(1.0)],
    "a dead clock": lambda: [dead()],
    "one live, 61 stored": lambda: [live(0, 100), live(161, 1), stored(100, 61, 161), live(162, 100)],
    "one live, 600 stored": lambda: [live(0, 100), live(700, 1), stored(100, 600, 700), live(701, 100)],
    "a queue of 300": lambda: [live(0, 100), stored(100, 300, 400), live(401, 100)],
    "sixty at once, hourly": lambda: [hourly()],
}


def place(pairs: list[Pairs]) -> dict[str, Any]:
    """Place the readings by both rules."""
    clock, newest = StationClock(CADENCE), -1e300
    count = before = in_order = historical = 0
    notes: list[str] = []
    for each in pairs:
        for ts, received in each:
            placement = clock.place(ts, received)
            count += 1
            in_order += placement.in_order
            historical += placement.historical
            if placement.note is not None:
                notes.append(placement.note.kind)
            if ts is None or ts > received + _AHEAD:
                before += 1
            elif ts >= newest:
                before += 1
                newest = ts
    return {"readings": count, "before": before, "in_order": in_order, "historical": historical, "notes": notes}


def copies(*waits: float) -> Iterator[Message]:
    """Yield 300 messages, each with copies after so many seconds."""
    for n in range(300):
        for wait in (0.0, *waits):
            yield Message(n, T0 + n * CADENCE, n, T0 + n * CADENCE + wait)


def paced(every: float, values: int) -> Iterator[Message]:
    """Yield 360 messages stamped to the minute, with so many different values."""
    drawn = random.Random(1)
    for n in range(360):
        yield Message(drawn.randrange(values), (T0 + n * every) // 60 * 60, None, T0 + n * every)


MESSAGES: dict[str, Callable[[], Iterator[Message]]] = {
    "doubles": lambda: copies(0.02),
    "triples": lambda: copies(0.02, 0.04),
    "three retries": lambda: copies(5.0, 10.0, 15.0),
    "a late retry": lambda: copies(25.0),
    "stamped to the minute, every 10 s, stuck": lambda: paced(10.0, 1),
    "the same, five values": lambda: paced(10.0, 5),
    "stamped to the minute, every 30 s, stuck": lambda: paced(30.0, 1),
    "four boots, stuck, a counter only": lambda: (Message(1, None, n % 80, T0 + n * CADENCE) for n in range(320)),
}


def recognise(messages: Iterator[Message]) -> dict[str, Any]:
    """Count the messages that are no repetitions, and those with bytes that never came before."""
    seen, keys = Duplicates(), set()
    count = new = 0
    for each in messages:
        payload = repr(each[:3]).encode()
        keys.add(payload)
        count += 1
        new += seen.take(payload, [each], received=each.received) is not None
    return {"messages": count, "before": len(keys), "scored": new}


def cost(cadence: float | None, rounds: int) -> float:
    """Return the least time of a reading that follows [us]."""
    pairs = list(live(0, 5000))
    best = float("inf")
    for _ in range(rounds):
        clock = StationClock(cadence)
        begin = time.perf_counter()
        for ts, received in pairs:
            clock.place(ts, received)
        best = min(best, (time.perf_counter() - begin) / len(pairs) * 1e6)
    return best


def measure(rounds: int) -> dict[str, Any]:
    """Measure everything."""
    clock = StationClock()
    for ts, received in live(0, 100):
        clock.place(ts, received)
    return {
        "benchmark": "clocks",
        "results": {name: place(pairs()) for name, pairs in CLOCKS.items()},
        "repetitions": {name: recognise(messages()) for name, messages in MESSAGES.items()},
        "us": {"configured": cost(CADENCE, rounds), "learnt": cost(None, rounds)},
        "snapshot_bytes": len(clock.snapshot()),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="measure the time once")
    parser.add_argument("--json", type=Path, metavar="PATH", help="also write the figures to PATH")
    arguments = parser.parse_args()
    report = measure(1 if arguments.quick else 7)
    print(f"{'':42}{'readings':>9}{'before':>9}{'in order':>9}{'old':>6}  said")
    for name, each in report["results"].items():
        print(
            f"{name:42}{each['readings']:9}{each['before']:9}{each['in_order']:9}{each['historical']:6}"
            f"  {', '.join(each['notes']) or '-'}"
        )
    print(f"\n{'':42}{'messages':>9}{'before':>9}{'scored':>9}")
    for name, each in report["repetitions"].items():
        print(f"{name:42}{each['messages']:9}{each['before']:9}{each['scored']:9}")
    us = report["us"]
    print(f"\na reading that follows: {us['configured']:.2f} us, {us['learnt']:.2f} us while the cadence is learnt")
    print(f"snapshot: {report['snapshot_bytes']} bytes")
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
