"""The command line of the benchmarks that measure a disk."""

from __future__ import annotations

import argparse
from pathlib import Path


def disk_arguments(about: str | None, quick: str) -> argparse.Namespace:
    """Parse the command line of a benchmark.

    Parameters
    ----------
    about
        What it measures: the docstring of its module.
    quick
        What ``--quick`` makes of it.
    """
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help=f"{quick}, for a first look")
    parser.add_argument("--bundle", type=Path, metavar="DAVY", help="default: a quickly trained one, which is kept")
    parser.add_argument(
        "--disk", type=Path, default=Path(), metavar="FOLDER", help="folder on the disk that is measured"
    )
    parser.add_argument("--json", type=Path, metavar="PATH", help="also write the report to PATH")
    return parser.parse_args()
