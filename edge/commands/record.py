"""record: a live station becomes a training file."""

from __future__ import annotations

import csv
import io
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from config.settings.gateway import StationEntry
from config.settings.station import Station
from config.templates.templates import METHANE
from config.yaml.load import load_gateway, load_station
from edge.clock import rfc3339
from edge.errors import ReadingError, TableError
from edge.mqtt.command_link import command_link
from edge.mqtt.link import Subscription
from edge.mqtt.message import Message
from edge.mqtt.topics import Pattern
from edge.readings.reading import Decoder, Reading
from edge.stop import Stop

_TIME = "time"


def record(
    config: str | Path,
    output: str | Path,
    *,
    station: str | Path | None = None,
    name: str | None = None,
    rows: int | None = None,
    out: TextIO,
) -> int:
    """Append live readings to a CSV under the training's column names, until SIGINT, SIGTERM or so many rows.

    A file that is there is continued. Rows are on the disk before their messages are acknowledged. A missing value is
    an empty cell; what is retained or cannot be read is left out and counted.

    Parameters
    ----------
    config
        Gateway file: the broker, the topics, and where in a message the keys are. Its bundles are not needed.
    output
        The CSV.
    station
        Station file that names the columns; ``None``: the methane station.
    name
        Which station to record; ``None``: the first that is heard.
    rows
        When to stop; ``None``: never.
    out
        Where to say what happens.

    Returns
    -------
    int
        0.

    Raises
    ------
    ConfigError
        One of the files is wrong.
    TableError
        ``output`` has other columns.
    BrokerError
        The broker cannot be reached.
    OSError
        ``output`` cannot be written.
    """
    gateway = load_gateway(config)
    columns = load_station(METHANE if station is None else station)
    listeners = [_Listener(entry, columns) for entry in gateway.stations]
    subscriptions = [Subscription(listener.pattern.filter) for listener in listeners]
    recorder = _Recorder(Path(output), columns, name, rows, out)
    with Stop() as stop, recorder, command_link(gateway.broker, "record", subscriptions, stop) as link:
        while not stop.requested and not recorder.full:
            messages = link.poll(1.0)
            if link.became_ready():
                print(f"listening at {gateway.broker.host}:{gateway.broker.port}", file=out, flush=True)
            for message in messages:
                listener = next((each for each in listeners if each.pattern.matches(message.topic)), None)
                if listener is not None:
                    recorder.take(message, listener)
            recorder.save()
            link.acknowledge(messages)
            link.flush()
    return 0


class _Listener:
    """One entry of gateway.yaml: whose topics they are and how their payloads are read."""

    def __init__(self, entry: StationEntry, station: Station) -> None:
        self.pattern = Pattern(entry.topic)
        self.name = entry.station
        self._decoder = Decoder(station.name, station, entry.keys, entry.absent)

    def station(self, topic: str) -> str:
        return self.name or self.pattern.station(topic) or ""

    def decode(self, message: Message) -> list[Reading | ReadingError]:
        return self._decoder.decode(message.payload, message.received)


class _Recorder:
    """The file, and what has happened to it."""

    def __init__(self, path: Path, station: Station, name: str | None, rows: int | None, out: TextIO) -> None:
        self._path = path
        self._header = [station.time or _TIME, *station.names]
        self._name = name
        self._most = math.inf if rows is None else rows
        self._out = out
        self._rows = self._left_out = 0
        self._others: set[str] = set()
        self._waiting: list[Sequence[str]] = []
        self._last: Reading | None = None

    @property
    def full(self) -> bool:
        return self._rows >= self._most

    def __enter__(self) -> _Recorder:
        new = _prepare(self._path, self._header, self._out)
        self._file = self._path.open("a", encoding="utf-8", newline="")
        if new:
            self._write([self._header])
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        left = f", {self._left_out} messages left out" if self._left_out else ""
        print(f"{self._rows} rows appended to {self._path}{left}", file=self._out, flush=True)

    def take(self, message: Message, listener: _Listener) -> None:
        """Take in a message; its rows are written with :meth:`save`."""
        heard = listener.station(message.topic)
        if message.retain:
            self._left_out += 1
            return
        for found in listener.decode(message):
            if isinstance(found, ReadingError):
                self._left_out += 1
                self._say_once(f"left out: {found}")
                continue
            if self._name is None:
                self._name = heard
                print(f"recording {heard}", file=self._out, flush=True)
            if heard != self._name:
                self._say_once(f"not recorded: {heard}; --id chooses which station is")
                continue
            self._add(found)

    def _add(self, reading: Reading) -> None:
        again = self._last is not None and reading.ts is not None and reading.ts == self._last.ts
        if again and self._last is not None and repr(reading.values) == repr(self._last.values):
            return  # QoS 1 delivers at least once; repr, because nan is not equal to itself
        self._last = reading
        if self._rows + len(self._waiting) < self._most:
            time = rfc3339(reading.received if reading.ts is None else reading.ts)
            self._waiting.append([time, *("" if math.isnan(value) else repr(value) for value in reading.values)])

    def save(self) -> None:
        """Put the rows on the disk."""
        if self._waiting:
            self._write(self._waiting)
            self._rows += len(self._waiting)
            self._waiting = []

    def _write(self, rows: Sequence[Sequence[str]]) -> None:
        csv.writer(self._file, lineterminator="\n").writerows(rows)
        self._file.flush()
        os.fsync(self._file.fileno())

    def _say_once(self, text: str) -> None:
        if text not in self._others and len(self._others) < 100:
            self._others.add(text)
            print(text, file=self._out, flush=True)


def _prepare(path: Path, header: list[str], out: TextIO) -> bool:
    """Check a file that is to be continued; tell whether it is new."""
    if not path.exists() or path.stat().st_size == 0:
        return True
    with path.open("rb+") as file:
        first = file.readline().decode(errors="replace")
        found = next(csv.reader(io.StringIO(first)), [])
        if found != header:
            raise TableError(
                f"{path}: got the columns {', '.join(found)}, expected {', '.join(header)}; fix: record to another file"
            )
        torn = _torn(file)
        if torn:
            print(f"{path}: the last row was cut off and is removed", file=out, flush=True)
            file.seek(-torn, os.SEEK_END)
            file.truncate()
    return False


def _torn(file: io.BufferedRandom) -> int:
    """Bytes after the last line end."""
    size = file.seek(0, os.SEEK_END)
    length = min(size, 1 << 16)  # no row is longer
    file.seek(-length, os.SEEK_END)
    return length - (file.read().rfind(b"\n") + 1)
