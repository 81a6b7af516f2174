"""schema: print the JSON Schema of a message, for whoever reads or writes one."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TextIO

from config.arguments import add_station
from edge.errors import RequestError

EXAMPLE = "davylamp schema score"


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of ``davylamp schema``."""
    parser.add_argument("name", nargs="?", metavar="NAME", help="score, event, request/rate/set ...; default: list all")
    parser.add_argument("--write", type=Path, metavar="DIR", help="write all of them there, one file each")
    add_station(parser, "whose columns a reading has")


def run(arguments: Namespace) -> None:
    """Print to standard output."""
    if arguments.write is not None:
        if arguments.name is not None:
            raise RequestError(f'davylamp schema: got "{arguments.name}" with --write, which writes all; fix: omit it')
        write_schemas(arguments.write, arguments.station, out=sys.stdout)
        return
    schema(arguments.name, arguments.station, out=sys.stdout)


def write_schemas(folder: Path, station: Path | None, *, out: TextIO) -> None:
    """Write the schema of every message into a folder, and print the paths.

    Parameters
    ----------
    folder
        It is made if it is not there; ``request/rate/set`` becomes ``request-rate-set.schema.json``.
    station
        As for :func:`schema`.
    out
        Stream to print to.
    """
    from edge.agent.schemas import MESSAGES

    folder.mkdir(parents=True, exist_ok=True)
    for name in (*MESSAGES, "reading"):
        path = folder / f"{name.replace('/', '-')}.schema.json"
        with path.open("w", encoding="utf-8") as file:
            schema(name, station, out=file)
        print(path, file=out)


def schema(name: str | None, station: Path | None, *, out: TextIO) -> None:
    """Print the schema of a message, or what messages there are.

    Parameters
    ----------
    name
        Name of a message; ``None``: list them with a sentence each.
    station
        Path of the station file for ``reading``; ``None``: that of the methane station.
    out
        Stream to print to.

    Raises
    ------
    RequestError
        There is no message of that name.
    """
    import msgspec

    from config.templates.templates import METHANE
    from config.yaml.load import load_station
    from edge.agent.schemas import MESSAGES, READING, message_schema, reading_schema

    sentences = {each: message.sentence for each, message in MESSAGES.items()} | {
        "reading": f"{READING[:-1]}; of the columns in --station."
    }
    if name is None:
        width = max(map(len, sentences))
        for each, sentence in sentences.items():
            print(f"{each:{width}}  {sentence}", file=out)
        return
    if name not in sentences:
        raise RequestError(f'davylamp schema: got "{name}", expected one of {", ".join(sentences)}')
    made = reading_schema(load_station(station or METHANE)) if name == "reading" else message_schema(name)
    print(msgspec.json.format(msgspec.json.encode(made), indent=2).decode(), file=out)
