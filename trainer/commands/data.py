"""data: download the reference record."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

EXAMPLE = "davylamp data fetch -o data"


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of ``davylamp data``."""
    fetch = parser.add_subparsers(dest="what", metavar="fetch", required=True).add_parser(
        "fetch",
        help="download the reference record (4 MB) and check it",
        description="Download the reference record (4 MB) and check it.",
        epilog=parser.epilog,
        formatter_class=parser.formatter_class,
    )
    fetch.add_argument("-o", "--output", type=Path, default=Path("data"), metavar="DIR", help="default: data")


def run(arguments: Namespace) -> None:
    """Download the files and print their paths and their licence."""
    from trainer.data.download import LICENSE_NOTE, download

    for path in download(arguments.output):
        print(path)
    print(LICENSE_NOTE)
