"""record: append a live station's readings to a training file."""

from __future__ import annotations

import csv
import io
import math
import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from config.arguments import add_gateway, add_station, natural
from edge.clock import rfc3339
from edge.errors import ReadingError, TableError

if TYPE_CHECKING:
    from config.settings.gateway import StationEntry
    from config.settings.station import Station
    from edge.mqtt.message import Message
    from edge.readings.reading import Reading

EXAMPLE = "davylamp record -c gateway.yaml --station methane.yaml -o station.csv"

_TIME = "time"


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of ``davylamp record``."""
    add_gateway(parser)
    add_station(parser, "names of the columns")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="CSV")
    parser.add_argument("--id", metavar="STATION", help="which station, when several send")
    parser.add_argument("--rows", type=natural, metavar="N", help="stop after N")


def run(arguments: Namespace) -> int:
    """Record, reporting on standard error."""
    return record(
        arguments.config,
        arguments.output,
        station=arguments.station,
        name=arguments.id,
        rows=arguments.rows,
        out=sys.stderr,
    )


def record(
    config: str | Path,
    output: str | Path,
    *,
    station: str | Path | None = None,
    name: str | None = None,
    rows: int | None = None,
    out: TextIO,
) -> int:
    """Append live readings to a CSV under the training's column names, until SIGINT, SIGTERM or ``rows`` rows.

    An existing file is continued. Rows are on the disk before their messages are acknowledged. A missing value is an
    empty cell; messages that are retained or cannot be read are left out and counted.

    Parameters
    ----------
    config
        Gateway file: the broker, the topics, and where in a message the keys are. Its bundles are not needed.
    output
        The CSV.
    station
        Station file that names the columns; ``None``: the methane station.
    name
        Which station to record; ``None``: the first that sends.
    rows
        Number of rows after which to stop; ``None``: never.
    out
        Stream for progress messages.

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
    from config.templates.templates import METHANE
    from config.yaml.load import load_gateway, load_station
    from edge.mqtt.command_link import command_link
    from edge.mqtt.link import Subscription
    from edge.stop import Stop

    gateway = load_gateway(config)
    columns = load_station(METHANE if station is None else station)
    listeners = [_Listener(entry, columns) for entry in gateway.stations]
    subscriptions = [Subscription(each.filter) for listener in listeners for each in listener.patterns]
    recorder = _Recorder(Path(output), columns, name, rows, out)
    with Stop() as stop, recorder, command_link(gateway.broker, "record", subscriptions, stop) as link:
        while not stop.requested and not recorder.full:
            messages = link.poll(1.0)
            if link.became_ready():
                print(f"listening at {gateway.broker.host}:{gateway.broker.port}", file=out, flush=True)
            for message in messages:
                listener = next((each for each in listeners if each.matches(message.topic)), None)
                if listener is not None:
                    recorder.add(message, listener)
            recorder.save()
            link.acknowledge(messages)
            link.flush()
    return 0


class _Listener:
    """One entry of gateway.yaml: which topics it covers and how their payloads are decoded."""

    def __init__(self, entry: StationEntry, station: Station) -> None:
        from edge.mqtt.topics import Pattern
        from edge.readings.decoder import Decoder

        self.patterns = tuple(map(Pattern, entry.topics))
        self.name = entry.station
        self._decoder = Decoder.for_entry(station.name, station, entry)

    def matches(self, topic: str) -> bool:
        return any(each.matches(topic) for each in self.patterns)

    def station(self, topic: str) -> str:
        return self.name or next((name for each in self.patterns if (name := each.station(topic))), "")

    def decode(self, message: Message) -> list[Reading | ReadingError]:
        return self._decoder.decode(message.payload, message.received)


class _Recorder:
    """Appends the readings of one station to the file, and counts what is left out."""

    def __init__(self, path: Path, station: Station, name: str | None, rows: int | None, out: TextIO) -> None:
        self._path = path
        self._header = [*(station.time_columns or (_TIME,)), *station.names]
        self._name = name
        self._max_rows = math.inf if rows is None else rows
        self._out = out
        self._rows = self._left_out = 0
        self._printed: set[str] = set()
        self._waiting: list[Sequence[str]] = []
        self._last: Reading | None = None

    @property
    def full(self) -> bool:
        return self._rows >= self._max_rows

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

    def add(self, message: Message, listener: _Listener) -> None:
        """Queue a message's readings; :meth:`save` writes them."""
        sender = listener.station(message.topic)
        if message.retain:
            self._left_out += 1
            return
        for reading in listener.decode(message):
            if isinstance(reading, ReadingError):
                self._left_out += 1
                self._print_once(f"left out: {reading}")
                continue
            if self._name is None:
                self._name = sender
                print(f"recording {sender}", file=self._out, flush=True)
            if sender != self._name:
                self._print_once(f"not recorded: {sender}; --id chooses which station is")
                continue
            self._queue(reading)

    def _queue(self, reading: Reading) -> None:
        again = self._last is not None and reading.ts is not None and reading.ts == self._last.ts
        if again and self._last is not None and repr(reading.values) == repr(self._last.values):
            return  # QoS 1 delivers at least once; repr, because nan is not equal to itself
        self._last = reading
        if self._rows + len(self._waiting) < self._max_rows:
            time = rfc3339(reading.received if reading.ts is None else reading.ts)
            self._waiting.append([time, *("" if math.isnan(value) else repr(value) for value in reading.values)])

    def save(self) -> None:
        """Write the queued rows to the disk."""
        if self._waiting:
            self._write(self._waiting)
            self._rows += len(self._waiting)
            self._waiting = []

    def _write(self, rows: Sequence[Sequence[str]]) -> None:
        csv.writer(self._file, lineterminator="\n").writerows(rows)
        self._file.flush()
        os.fsync(self._file.fileno())

    def _print_once(self, text: str) -> None:
        if text not in self._printed and len(self._printed) < 100:
            self._printed.add(text)
            print(text, file=self._out, flush=True)


def _prepare(path: Path, header: list[str], out: TextIO) -> bool:
    """Check a file that is to be continued; returns whether it is new."""
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
    """Count the bytes after the last line end."""
    size = file.seek(0, os.SEEK_END)
    length = min(size, 1 << 16)  # no row is longer
    file.seek(-length, os.SEEK_END)
    return length - (file.read().rfind(b"\n") + 1)
