"""record: append a live station's readings to a training file."""

from __future__ import annotations

import math
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from config.arguments import add_gateway, add_station, natural
from config.errors import ConfigError
from edge.clock import SystemClock
from edge.errors import ReadingError

if TYPE_CHECKING:
    from config.settings.gateway import StationEntry
    from config.settings.station import Station
    from edge.agent.listener import Listener, Received
    from edge.agent.source import Source
    from edge.mqtt.message import Message
    from edge.readings.reading import Reading
    from edge.readings.station_clock.station_clock import StationClock

EXAMPLE = "davylamp record -c gateway.yaml --station methane.yaml -o station.csv"


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

    An existing file is continued. Rows are on the disk before their messages are acknowledged. What comes in parts is
    joined as the agent does. The time of a row is the one that the agent would publish: the station's, the same
    corrected by what its clock is off, or the arrival. A missing value is an empty cell; messages that are retained or
    cannot be read are left out and counted.

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
    from edge.agent.listener import Listener
    from edge.mqtt.command_link import command_link
    from edge.mqtt.link import Subscription
    from edge.stop import Stop

    gateway = load_gateway(config)
    columns = load_station(METHANE if station is None else station)
    listener = Listener(_fitting_sources(gateway.stations, columns, out))
    subscriptions = [Subscription(each) for each in listener.filters]
    recorder = _Recorder(Path(output), columns, listener, name=name, rows=rows, out=out)
    clock = SystemClock()
    with Stop() as stop, recorder, command_link(gateway.broker, "record", subscriptions, stop) as link:
        while not stop.requested and not recorder.full:
            messages = link.poll(min(1.0, max(0.0, listener.due - clock.now())))
            if link.became_ready():
                print(f"listening at {gateway.broker.host}:{gateway.broker.port}", file=out, flush=True)
            for message in messages:
                if message.retain:
                    recorder.leave_out(message)
                else:
                    recorder.add(listener.take(message))
                    recorder.report(listener.take_notes())
            recorder.add(listener.close_due(clock.now()))
            recorder.save()
            link.acknowledge(messages)  # parts of a reading as well: when this command is killed, its session ends
            link.flush()
    return 0


def _fitting_sources(entries: Sequence[StationEntry], station: Station, out: TextIO) -> list[Source]:
    """Make the sources of the entries that the station file fits; a gateway may have stations of several kinds."""
    from edge.agent.source import Source, sources_of

    sources: list[Source] = []
    others: list[str] = []
    for entry in entries:
        try:
            sources.append(Source(entry, station))
        except ConfigError:
            others += entry.topics
    if not sources:
        return sources_of(entries, [station] * len(entries))
    if others:
        print(f"not recorded, because the station file has other keys: {', '.join(others)}", file=out, flush=True)
    return sources


class _Recorder:
    """Appends the readings of one station to the file, and counts what is left out."""

    def __init__(
        self, path: Path, station: Station, listener: Listener, *, name: str | None, rows: int | None, out: TextIO
    ) -> None:
        self._path = path
        self._listener = listener
        self._station = station
        self._name = name
        self._max_rows = math.inf if rows is None else rows
        self._out = out
        self._rows = self._left_out = 0
        self._printed: set[str] = set()
        self._waiting: list[tuple[float, Sequence[float]]] = []
        self._last: Reading | None = None
        self._clock: StationClock | None = None  # of the station that is recorded, as soon as it is known

    @property
    def full(self) -> bool:
        return self._rows >= self._max_rows

    def __enter__(self) -> _Recorder:
        from edge.readings.csv.appender import CsvAppender

        self._file = CsvAppender(self._path, self._station, self._out)
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        left = f", {self._left_out} messages left out" if self._left_out else ""
        print(f"{self._rows} rows appended to {self._path}{left}", file=self._out, flush=True)

    def leave_out(self, message: Message) -> None:
        """Count a message that the broker had stored: it is old."""
        self._left_out += 1
        self._print_once(f"left out: {message.topic}: a retained message is old")

    def report(self, notes: Sequence[str]) -> None:
        """Report what is strange in readings that are recorded, each once."""
        for note in notes:
            self._print_once(note)

    def add(self, found: Sequence[Received]) -> None:
        """Queue readings; :meth:`save` writes them."""
        for sender, reading, _ in found:
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
        from edge.readings.station_clock.station_clock import StationClock

        again = self._last is not None and reading.ts is not None and reading.ts == self._last.ts
        if again and self._last is not None and repr(reading.values) == repr(self._last.values):
            return  # QoS 1 delivers at least once; repr, because nan is not equal to itself
        self._last = reading
        if self._clock is None:
            cadence = self._listener.inputs[reading.station].source.entry.cadence
            self._clock = StationClock(cadence or self._station.cadence)
        placement = self._clock.place(reading.ts, reading.received)
        if placement.note is not None:
            self._print_once(placement.note.sentence)
        if self._rows + len(self._waiting) < self._max_rows:
            self._waiting.append((placement.ts, reading.values))

    def save(self) -> None:
        """Write the queued rows to the disk."""
        if self._waiting:
            self._file.append(self._waiting)
            self._rows += len(self._waiting)
            self._waiting = []

    def _print_once(self, text: str) -> None:
        if text not in self._printed and len(self._printed) < 100:
            self._printed.add(text)
            print(text, file=self._out, flush=True)
