"""simulate: publish the readings of a simulated station."""

from __future__ import annotations

import math
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TextIO

from config.arguments import add_sender, broker_of, natural
from config.errors import ConfigError
from config.topic_filters import READINGS_TOPIC
from edge.clock import Clock, SystemClock, rfc3339

if TYPE_CHECKING:
    from config.settings.broker import Broker
    from edge.arrays import Floats
    from edge.simulation.injection import Injection
    from edge.stop import Stop

EXAMPLE = "davylamp simulate --rows 1000 --interval 0.1 --inject leak@300:60:4000"

Mode = Literal["chamber", "field"]

_MODES = {
    "chamber": "climate chamber, close to the reference record that it was fitted to",
    "field": "field station, ILLUSTRATIVE: fitted to nothing, a reading is a minute",
}


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of ``davylamp simulate``."""
    parser.add_argument("--mode", choices=("chamber", "field"), default="chamber", help="field is illustrative")
    parser.add_argument("--interval", type=float, default=1.0, metavar="S", help="between readings, default 1")
    parser.add_argument("--rows", type=natural, metavar="N", help="default: for ever")
    parser.add_argument(
        "--inject",
        action="append",
        default=[],
        metavar="WHAT",
        help="leak@START:ROWS:PPB, stuck@START:ROWS:KEY[:PERCENT], drift@START:ROWS:KEY:PERCENT, "
        "dropout@START:ROWS[:KEY], duplicate@START:ROWS; may be repeated",
    )
    parser.add_argument(
        "--season", type=int, choices=(1, 2, 3), default=1, help="of a field station: 2 is unlike 1, 3 resembles 2"
    )
    parser.add_argument(
        "-o", "--output", type=Path, metavar="CSV", help="write --rows of them with their times, and publish nothing"
    )
    parser.add_argument("--board", type=int, choices=(1, 2, 3), default=1)
    parser.add_argument("--seed", type=natural, default=0)
    add_sender(parser)


def run(arguments: Namespace) -> int:
    """Publish until the last row, SIGINT or SIGTERM."""
    from edge.stop import Stop

    if arguments.output is not None:
        return _write(arguments)
    with Stop() as stop:
        return simulate(
            arguments.id,
            broker_of(arguments),
            stop=stop,
            out=sys.stdout,
            mode=arguments.mode,
            interval=arguments.interval,
            rows=arguments.rows,
            injections=arguments.inject,
            seed=arguments.seed,
            board=arguments.board,
            season=arguments.season,
            topic=arguments.topic,
        )


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
    season: int = 1,
    topic: str = READINGS_TOPIC,
    clock: Clock | None = None,
) -> int:
    """Publish simulated readings over MQTT, at QoS 1, with ``ts`` and ``seq``.

    ``seq`` is the row, counted from 0: an injection that starts at row 300 starts with ``seq`` 300.

    Parameters
    ----------
    station
        Name of the station, a level of the topic.
    broker
        Where to publish.
    stop
        Ends the publishing; readings in flight are still delivered.
    out
        Stream for what is published, and for each injection as it begins.
    mode
        ``chamber`` or ``field``.
    interval
        Time between two readings [s]; 0 is as fast as the broker takes them.
    rows
        Number of rows, missing ones included; ``None`` goes on until ``stop``.
    injections
        Leaks and faults in the form of :meth:`edge.simulation.injection.Injection.parse`.
    seed
        The same seed gives the same readings.
    board
        1, 2 or 3: stations of one seed are boards in the same air.
    season
        1, 2 or 3, of a field station.
    topic
        Topic with ``{station}`` in place of the name.
    clock
        Clock for ``ts`` and the interval.

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
    from edge.mqtt.command_link import command_link
    from edge.simulation.board import CHANNELS
    from edge.simulation.field import SEASONS, field_blocks
    from edge.simulation.publisher import Publisher, message, station_topic
    from edge.simulation.simulator import chamber_blocks

    clock = clock or SystemClock()
    if not 0 <= interval < math.inf:
        raise ConfigError([f"interval: got {interval:g}, expected seconds, 0 for as fast as it goes"])
    planned = _planned(injections, rows)
    where = station_topic(topic, station)
    if mode == "field":
        blocks = field_blocks(seed=seed, board=board, season=SEASONS[season - 1])
    else:
        blocks = chamber_blocks(seed=seed, board=board)
    sent, payload, last = 0, b"", -1
    with command_link(broker, "simulate", (), stop) as link:
        publisher = Publisher(link, stop, clock)
        until = "until Ctrl-C" if rows is None else f"{rows} rows"
        pace = f"every {interval:g} s" if interval else "as fast as it goes"
        print(
            f"{station}: {_MODES[mode]}; board {board}, seed {seed}; on {where}, {pace}, {until}", file=out, flush=True
        )
        upcoming = sorted(planned, key=lambda injection: injection.start)
        start = clock.monotonic()
        for row, values in _readings(blocks, planned, seed, board):
            if rows is not None and row >= rows:
                break
            # Counted from the start, so that delays do not add up; a missing reading leaves its gap.
            publisher.wait(start + row * interval - clock.monotonic())
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


def _write(arguments: Namespace) -> int:
    """Write a file for ``davylamp train`` and ``davylamp replay``."""
    from edge.simulation.season_file import write_season

    if arguments.mode != "field" or arguments.rows is None:
        raise ConfigError(["-o: got no --mode field or no --rows, expected both: a chamber's rows have no season"])
    planned = _planned(arguments.inject, arguments.rows)
    write_season(
        arguments.output,
        arguments.rows,
        season=arguments.season,
        seed=arguments.seed,
        board=arguments.board,
        injections=planned,
    )
    print(f"{arguments.output}: {arguments.rows:,} readings of season {arguments.season}, one a minute")
    return 0


def _planned(texts: Sequence[str], rows: int | None) -> list[Injection]:
    """Parse the injections; all mistakes are reported at once."""
    from edge.simulation.injection import Injection

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
    """Iterate over (row number, values), without end; all injections lie in the first, long block."""
    import numpy as np

    from edge.simulation.injection import inject, sending_order

    head = [next(blocks)]
    while sum(map(len, head)) < max((injection.end for injection in injections), default=0):
        head.append(next(blocks))
    values = inject(np.concatenate(head), injections, seed=seed, board=board).round(5)
    for row in sending_order(len(values), injections).tolist():
        yield row, values[row].tolist()
    yield from enumerate((row.tolist() for row in chain.from_iterable(blocks)), len(values))
