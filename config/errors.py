"""Errors that davylamp raises on purpose.

::

    DavylampError              the input or the environment is at fault; the command line prints it and exits 1
    ├── ConfigError            a YAML file: one line per mistake, all of them at once
    ├── edge.errors            what the gateway refuses (bundle, table, reading, request, broker, journal)
    ├── trainer.errors         what the workstation refuses (record, training, download)
    └── export.errors          what must not be exported (parity)
"""

from __future__ import annotations

from collections.abc import Sequence


class DavylampError(Exception):
    """Something outside davylamp is wrong; the text says where, what was found, what was expected and how to fix it."""


class ConfigError(DavylampError):
    """A configuration file is wrong in one or more places.

    Parameters
    ----------
    problems
        One sentence per mistake, starting with ``file: dotted.path:``.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))
