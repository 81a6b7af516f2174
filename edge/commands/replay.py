"""replay: a file's readings go over MQTT again."""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from pathlib import Path
from typing import TextIO

from config.errors import ConfigError
from config.settings.broker import Broker
from config.settings.station import Station
from edge.clock import Clock, SystemClock
from edge.mqtt.command_link import command_link
from edge.readings.csv.reader import read_table
from edge.simulation.publisher import TOPIC, Publisher, message, station_topic
from edge.stop import Stop


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
    topic: str = TOPIC,
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
        What its columns are, and their message keys.
    station
        Name of the station that is played, a level of the topic.
    broker
        Where to publish.
    stop
        The wish to stop; what is on its way is still delivered.
    out
        Told what was sent, and how fast.
    speed
        Readings per second; ``None`` is as fast as the broker takes them. A subscriber that is slower finds that the
        broker has dropped some (Mosquitto queues ``max_queued_messages``, 1000 by default, per subscriber).
    rows
        ``FIRST:END``, counted from 0, the end exclusive; either may be left out. ``None`` is all of them.
    absent
        Message keys of columns that the file does not have; they are left out of the messages.
    topic
        With ``{station}`` where the name goes.
    clock
        For ``ts`` and the speed.

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
    clock = clock or SystemClock()
    if speed is not None and not 0 < speed < math.inf:
        raise ConfigError([f"speed: got {speed:g}, expected readings per second above 0, or max"])
    where = station_topic(topic, station)
    table = read_table(file, description, absent=absent)
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
                publisher.rest(start + (row - first) / speed - clock.monotonic())
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


def _span(rows: str | None, count: int) -> tuple[int, int]:
    """First row and the row after the last one."""
    found = re.fullmatch(r"(\d*):(\d*)", rows or ":")
    if found is None:
        raise ConfigError([f"rows: got {rows!r}, expected FIRST:END such as 0:2000, 500: or :500"])
    first, end = int(found[1] or 0), min(int(found[2] or count), count)
    if first >= end:
        raise ConfigError([f"rows: got {rows!r}, expected a first row below the end and below the {count} rows"])
    return first, end
