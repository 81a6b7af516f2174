"""simulate: a station that is not there publishes its readings."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Literal, TextIO

import numpy as np

from config.errors import ConfigError
from config.settings.broker import Broker
from edge.arrays import Floats
from edge.clock import Clock, SystemClock, rfc3339
from edge.mqtt.command_link import command_link
from edge.simulation.board import CHANNELS
from edge.simulation.field import field_blocks
from edge.simulation.injection import Injection, inject, sending_order
from edge.simulation.publisher import TOPIC, Publisher, message, station_topic
from edge.simulation.simulator import chamber_blocks
from edge.stop import Stop

Mode = Literal["chamber", "field"]

_MODES = {
    "chamber": (chamber_blocks, "climate chamber, close to the reference record that it was fitted to"),
    "field": (field_blocks, "field station, ILLUSTRATIVE: fitted to nothing, a reading is a minute"),
}


def simulate(
    station: str,
    broker: Broker,
    *,
    stop: Stop,
    out: TextIO,
    mode: Mode = "chamber",
    interval: float = 1.0,
    rows: int | None = None,
    injections: Sequence[str] = (),
    seed: int = 0,
    board: int = 1,
    topic: str = TOPIC,
    clock: Clock | None = None,
) -> int:
    """Publish simulated readings over MQTT, at QoS 1, with ``ts`` and ``seq``.

    ``seq`` is the row, counted from 0: an injection that starts at row 300 starts with ``seq`` 300.

    Parameters
    ----------
    station
        Its name, a level of the topic.
    broker
        Where to publish.
    stop
        The wish to stop; what is on its way is still delivered.
    out
        Told what is published, what is injected and when.
    mode
        ``chamber`` or ``field``.
    interval
        Between two readings [s]; 0 is as fast as the broker takes them.
    rows
        How many rows, missing ones included; ``None`` goes on until ``stop``.
    injections
        In the form of :meth:`edge.simulation.injection.Injection.parse`.
    seed
        The same seed gives the same readings.
    board
        1, 2 or 3: stations of one seed are boards in the same air.
    topic
        With ``{station}`` where the name goes.
    clock
        For ``ts`` and the interval.

    Returns
    -------
    int
        Exit code: 1 when the broker has not acknowledged everything.

    Raises
    ------
    ConfigError
        The station, the topic, the interval or an injection is wrong.
    BrokerError
        The broker cannot be reached at the start, or refuses the readings.
    """
    clock = clock or SystemClock()
    if not 0 <= interval < math.inf:
        raise ConfigError([f"interval: got {interval:g}, expected seconds, 0 for as fast as it goes"])
    planned = _planned(injections, rows)
    where = station_topic(topic, station)
    make_blocks, what = _MODES[mode]
    sent, payload, last = 0, b"", -1
    with command_link(broker, "simulate", (), stop) as link:
        publisher = Publisher(link, stop, clock)
        until = "until Ctrl-C" if rows is None else f"{rows} rows"
        pace = f"every {interval:g} s" if interval else "as fast as it goes"
        print(f"{station}: {what}; board {board}, seed {seed}; on {where}, {pace}, {until}", file=out, flush=True)
        upcoming = sorted(planned, key=lambda injection: injection.start)
        start = clock.monotonic()
        for row, values in _readings(make_blocks(seed=seed, board=board), planned, seed, board):
            if rows is not None and row >= rows:
                break
            # Counted from the start, so that delays do not add up; a missing reading leaves its gap.
            publisher.rest(start + row * interval - clock.monotonic())
            if stop.requested:
                break
            now = clock.now()
            while upcoming and upcoming[0].start <= row:
                print(f"{rfc3339(now)} row {row}: {upcoming.pop(0)}", file=out, flush=True)
            if row != last:  # a duplicate is the same bytes again
                payload, last = message(CHANNELS, values, now, row), row
            if not publisher.publish(where, payload):
                break
            sent += 1
        lost = publisher.drain()
    print(f"{station}: {sent - lost} readings published" + (f", {lost} not acknowledged" if lost else ""), file=out)
    return 1 if lost else 0


def _planned(texts: Sequence[str], rows: int | None) -> list[Injection]:
    """Read the injections; all mistakes at once."""
    planned, problems = [], []
    for text in texts:
        try:
            injection = Injection.parse(text)
            if rows is not None and injection.end > rows:
                problems.append(
                    f"inject {text!r}: ends at row {injection.end - 1}, expected it to end within the {rows} rows"
                )
            planned.append(injection)
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    return planned


def _readings(
    blocks: Iterator[Floats], injections: Sequence[Injection], seed: int, board: int
) -> Iterator[tuple[int, list[float]]]:
    """Rows to send with their numbers, for ever; everything that is injected lies in the first, long block."""
    head = [next(blocks)]
    while sum(map(len, head)) < max((injection.end for injection in injections), default=0):
        head.append(next(blocks))
    values = inject(np.concatenate(head), injections, seed=seed, board=board).round(5)
    for row in sending_order(len(values), injections).tolist():
        yield row, values[row].tolist()
    yield from enumerate((row.tolist() for row in chain.from_iterable(blocks)), len(values))
