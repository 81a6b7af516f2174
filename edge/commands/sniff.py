"""sniff: listen to a broker, and write a gateway and a station file with guesses."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from config.arguments import add_broker, broker_of, natural
from edge.clock import SystemClock
from edge.errors import ReadingError, RequestError

if TYPE_CHECKING:
    from config.settings.broker import Broker
    from config.settings.station import Station
    from edge.mqtt.message import Message
    from edge.sniffing.gateway_file import SniffedEntry

EXAMPLE = "davylamp sniff --broker gateway.local 'zigbee2mqtt/#' --seconds 300 -o sniffed"

_SECONDS = 60
_MOST = 100_000  # messages that are kept ...
_MOST_BYTES = 200_000_000  # ... and bytes of them: a broker may carry pictures
_LEAST_FIT = 2  # columns of a known station that have to be there
_GATEWAY = "gateway.yaml"


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of ``davylamp sniff``."""
    parser.add_argument("topics", nargs="*", default=["#"], metavar="TOPIC", help="topic filters; default: #")
    add_broker(parser)
    parser.add_argument(
        "--seconds", type=natural, default=_SECONDS, metavar="N", help=f"how long to listen; default: {_SECONDS}"
    )
    parser.add_argument("-o", "--output", type=Path, default=Path(), metavar="DIR", help="default: this folder")
    known = parser.add_mutually_exclusive_group()
    known.add_argument("--station", type=Path, metavar="YAML", help="station file whose columns are looked for")
    known.add_argument("--bundle", type=Path, metavar="DAVY", help="bundle whose columns are looked for")


def run(arguments: Namespace) -> int:
    """Sniff, reporting on standard error."""
    return sniff(
        broker_of(arguments),
        arguments.topics,
        arguments.output,
        seconds=arguments.seconds,
        station=arguments.station,
        bundle=arguments.bundle,
        out=sys.stderr,
    )


def sniff(
    broker: Broker,
    topics: Sequence[str],
    folder: Path,
    *,
    seconds: float = _SECONDS,
    station: Path | None = None,
    bundle: Path | None = None,
    out: TextIO,
) -> int:
    """Listen, and write ``gateway.yaml`` and ``station.yaml`` into a folder; no file is overwritten.

    Parameters
    ----------
    broker
        Broker to connect to.
    topics
        Topic filters.
    folder
        Where the files are written; it is made if it is not there.
    seconds
        How long to listen [s]; SIGINT ends it earlier.
    station, bundle
        Path of a station file or of a bundle whose columns are looked for; without one, every number is a column, and
        a station file is written.
    out
        Stream for progress messages.

    Returns
    -------
    int
        0, or 1 if nothing was recognised.

    Raises
    ------
    RequestError
        A file is there already, or a topic filter is wrong.
    ConfigError, BundleError
        The station file or the bundle is wrong.
    BrokerError
        The broker cannot be reached.
    OSError
        A file cannot be written.
    """
    from config.topic_filters import filter_fault

    for topic in topics:
        if fault := filter_fault(topic):
            raise RequestError(f'davylamp sniff: got the topic "{topic}", expected a topic filter with {fault}')
    for name in (_GATEWAY, *(() if station or bundle else ("station.yaml",))):
        if (folder / name).exists():
            raise RequestError(f"{folder / name}: exists already; fix: give another folder with -o")
    known = _known(station, bundle)
    messages = _listen(broker, topics, seconds, out)
    return write_guesses(messages, broker, folder, known=known, station=station, bundle=bundle, out=out)


def write_guesses(
    messages: Sequence[Message],
    broker: Broker,
    folder: Path,
    *,
    known: Station | None = None,
    station: Path | None = None,
    bundle: Path | None = None,
    out: TextIO,
) -> int:
    """Write what messages were recognised to be, and report how many readings the files give; see :func:`sniff`."""
    from edge.sniffing.gateway_file import SniffedEntry, gateway_yaml
    from edge.sniffing.recogniser import recognise
    from edge.sniffing.station_file import station_yaml
    from edge.sniffing.station_fit import fit_columns

    recognised = recognise(messages)
    entries: list[SniffedEntry] = []
    files: dict[str, str] = {}
    for group in recognised.groups:
        mark = f"-{len(entries) + 1}" if entries else ""
        columns = group.all_columns
        absent: list[str] = []
        if known is not None:
            columns, absent = fit_columns(columns, known, line=group.line)
            if len(columns.guesses) < _LEAST_FIT:
                print(f"left out: {', '.join(group.entries[0][0])}: no columns of {known.name}", file=out, flush=True)
                continue
        else:
            files[f"station{mark}.yaml"] = station_yaml(group, columns.guesses, f"my-station{mark}")
        entries.append(
            SniffedEntry(
                group,
                columns,
                bundle=os.path.relpath(bundle, folder) if bundle else f"one{mark}.davy",
                station=None if bundle else str(station or folder / f"station{mark}.yaml"),
                output=f"station{mark}.csv",
                absent=absent,
            )
        )
    if not entries:
        for topic, why in recognised.skipped.items():
            print(f"{topic}: {why}", file=out, flush=True)
        print(
            f"nothing was recognised in {len(messages)} messages; fix: another topic, or listen longer with --seconds",
            file=out, flush=True,
        )  # fmt: skip
        return 1
    count = f"{len(messages)} messages on {len({message.topic for message in messages})} topics"
    files[_GATEWAY] = gateway_yaml(
        entries, broker, where=str(folder / _GATEWAY), skipped=recognised.skipped, source=count
    )
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        try:
            with (folder / name).open("x", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError:
            raise RequestError(f"{folder / name}: exists already; fix: give another folder with -o") from None
        print(f"written: {folder / name}", file=out, flush=True)
    _report(messages, folder, entries, known, out)
    return 0


def _known(station: Path | None, bundle: Path | None) -> Station | None:
    from config.yaml.load import load_station
    from edge.bundles.bundle import Bundle

    if bundle is not None:
        return Bundle.open(bundle).station
    return None if station is None else load_station(station)


def _listen(broker: Broker, topics: Sequence[str], seconds: float, out: TextIO) -> list[Message]:
    """Collect messages, without those that were retained."""
    from edge.mqtt.command_link import command_link
    from edge.mqtt.link import Subscription
    from edge.stop import Stop

    clock = SystemClock()
    found: list[Message] = []
    with Stop() as stop, command_link(broker, "sniff", [Subscription(topic) for topic in topics], stop) as link:
        print(
            f"listening at {broker.host}:{broker.port} to {', '.join(topics)} for {seconds:g} s; Ctrl-C ends it",
            file=out, flush=True,
        )  # fmt: skip
        deadline = clock.monotonic() + seconds
        size = 0
        while not stop.requested and (left := deadline - clock.monotonic()) > 0:
            if len(found) >= _MOST or size >= _MOST_BYTES:
                why = f"{len(found)} messages are enough, listening ends early; fix: give narrower topics"
                print(why, file=out, flush=True)
                break
            messages = link.poll(min(left, 1.0))
            found += [message for message in messages if not message.retain]
            size += sum(len(message.payload) for message in messages if not message.retain)
            link.acknowledge(messages)
            link.flush()
    return found


def _report(
    messages: Sequence[Message], folder: Path, entries: Sequence[SniffedEntry], known: Station | None, out: TextIO
) -> None:
    """Read the written files, decode every message with them, and print what comes of it."""
    from config.yaml.load import load_gateway, load_station
    from edge.agent.listener import Listener
    from edge.agent.source import Source

    settings = iter(load_gateway(folder / _GATEWAY).stations)
    sources = []
    for entry in entries:
        columns = known if known is not None else load_station(entry.station or "")
        sources += [Source(next(settings), columns) for _ in entry.group.entries]
    listener = Listener(sources)
    received = [each for message in messages for each in listener.take(message)] + listener.close()
    readings = Counter(each.station for each in received if not isinstance(each.reading, ReadingError))
    errors = Counter(str(each.reading) for each in received if isinstance(each.reading, ReadingError))
    for station, count in sorted(readings.items()):
        print(f"{station}: {count} readings", file=out, flush=True)
    for error, count in errors.most_common(5):
        print(f"{count} not used: {error}", file=out, flush=True)
