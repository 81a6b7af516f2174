"""replay: publish a file's readings."""

from __future__ import annotations

import math
import re
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from config.arguments import add_absent, add_sender, add_station, broker_of
from config.errors import ConfigError
from config.topic_filters import READINGS_TOPIC
from edge.clock import Clock, SystemClock

if TYPE_CHECKING:
    from config.settings.broker import Broker
    from config.settings.station import Station
    from edge.stop import Stop

EXAMPLE = "davylamp replay data/station-2.csv --rows 0:2000 --speed 50"


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of ``davylamp replay``."""
    parser.add_argument("file", type=Path, metavar="FILE")
    add_station(parser, "of FILE")
    parser.add_argument(
        "--speed", type=_speed, default=100.0, metavar="N", help="readings a second, or max; default 100"
    )
    parser.add_argument("--rows", metavar="A:B", help="from row A up to row B")
    add_absent(parser)
    add_sender(parser)


def run(arguments: Namespace) -> int:
    """Publish until the last row, SIGINT or SIGTERM."""
    from config.templates.templates import METHANE
    from config.yaml.load import load_station
    from edge.stop import Stop

    station = load_station(arguments.station or METHANE)
    with Stop() as stop:
        return replay(
            arguments.file,
            station,
            arguments.id,
            broker_of(arguments),
            stop=stop,
            out=sys.stdout,
            speed=arguments.speed,
            rows=arguments.rows,
            absent=arguments.absent,
            topic=arguments.topic,
        )


def replay(
    file: str | Path,
    description: Station,
    station: str,
    broker: Broker,
    *,
    stop: Stop,
    out: TextIO,
    speed: float | None = 100.0,
    rows: str | None = None,
    absent: Collection[str] = (),
    topic: str = READINGS_TOPIC,
    clock: Clock | None = None,
) -> int:
    """Publish the readings of a CSV over MQTT, at QoS 1, with ``ts`` and ``seq``.

    ``seq`` is the row, counted from 0. ``ts`` comes from the file's time column where the station names one, and is
    the time of sending otherwise. A missing value is sent as null.

    Parameters
    ----------
    file
        A CSV.
    description
        The file's columns and their message keys.
    station
        Name of the station to publish as, a level of the topic.
    broker
        Where to publish.
    stop
        Ends the publishing; readings in flight are still delivered.
    out
        Stream for what was sent, and how fast.
    speed
        Readings per second; ``None`` is as fast as the broker takes them. For a slower subscriber the broker drops
        readings (Mosquitto queues ``max_queued_messages``, 1000 by default, per subscriber).
    rows
        ``FIRST:END``, counted from 0, the end exclusive; either may be left out. ``None`` is all of them.
    absent
        Message keys of columns that the file does not have; they are left out of the messages.
    topic
        Topic with ``{station}`` in place of the name.
    clock
        Clock for ``ts`` and the speed.

    Returns
    -------
    int
        Exit code: 1 when the broker has not acknowledged everything.

    Raises
    ------
    TableError
        The file cannot be read.
    ConfigError
        The station's name, the topic, the speed or the rows are wrong.
    BrokerError
        The broker cannot be reached at the start, or refuses the readings.
    """
    from edge.mqtt.command_link import command_link
    from edge.readings.csv.reader import read_table
    from edge.simulation.publisher import Publisher, message, station_topic

    clock = clock or SystemClock()
    if speed is not None and not 0 < speed < math.inf:
        raise ConfigError([f"speed: got {speed:g}, expected readings per second above 0, or max"])
    where = station_topic(topic, station)
    table = read_table(file, description, absent=absent)
    for sentence in table.sentences():
        print(sentence, file=out)
    first, end = _span(rows, len(table.values))
    columns = [i for i, key in enumerate(description.keys) if key not in absent]
    keys = [description.keys[i] for i in columns]
    sent = 0
    with command_link(broker, "replay", (), stop) as link:
        publisher = Publisher(link, stop, clock)
        pace = "as fast as it goes" if speed is None else f"{speed:g} per second"
        print(f"{station}: {table.file}, rows {first}-{end - 1}, on {where}, {pace}", file=out, flush=True)
        start = clock.monotonic()
        for row in range(first, end):
            if speed is not None:
                publisher.wait(start + (row - first) / speed - clock.monotonic())
            if stop.requested:
                break
            now = clock.now() if table.time is None or math.isnan(table.time[row]) else float(table.time[row])
            if not publisher.publish(where, message(keys, table.values[row, columns].tolist(), now, row)):
                break
            sent += 1
        lost = publisher.drain()
        seconds = clock.monotonic() - start
    rate = f", {(sent - lost) / seconds:,.0f} per second" if seconds > 0 else ""
    missed = f"; {lost} not acknowledged" if lost else ""
    print(f"{station}: {sent - lost} of {end - first} readings sent in {seconds:.1f} s{rate}{missed}", file=out)
    return 1 if lost else 0


def _speed(text: str) -> float | None:
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < float("inf"):
        raise ArgumentTypeError(f"got {text!r}, expected readings a second, such as 10, or max")
    return speed


def _span(rows: str | None, count: int) -> tuple[int, int]:
    """Parse ``rows`` into the first row and the row after the last one."""
    found = re.fullmatch(r"(\d*):(\d*)", rows or ":")
    if found is None:
        raise ConfigError([f"rows: got {rows!r}, expected FIRST:END such as 0:2000, 500: or :500"])
    first, end = int(found[1] or 0), min(int(found[2] or count), count)
    if first >= end:
        raise ConfigError([f"rows: got {rows!r}, expected a first row below the end and below the {count} rows"])
    return first, end
