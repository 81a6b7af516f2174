"""Errors of the gateway.

::

    config.errors.DavylampError
    ├── BundleError      a bundle that is missing, damaged, of another format, or unable to reproduce its golden rows
    ├── TableError       a CSV that cannot be read as this station's readings
    │   └── EmptyTableError  a file that has a header and no rows
    ├── ReadingError     a payload that cannot be used: becomes a dead letter, never stops the agent
    ├── RequestError     a request that is answered with an error
    ├── BrokerError      a broker that cannot be reached, or that refuses us
    ├── JournalError     a journal that cannot be opened, read or written
    ├── ArchiveError     an archive that cannot be opened, read or written; costs no reading
    ├── ServiceError     something cannot be run as the agent's service would be
    ├── DashboardError   the page cannot be served
    ├── KeyFileError     a file that should have the key of somebody who pushes bundles
    └── DeploymentError  a gateway that cannot be installed, reached or upgraded
"""

from __future__ import annotations

from typing import Literal

from config.errors import DavylampError


class BundleError(DavylampError):
    """A bundle must not be used."""


class TableError(DavylampError):
    """A CSV cannot be read as this station's readings; names file, line and column."""


class EmptyTableError(TableError):
    """A file has a header and no rows."""


class ReadingError(DavylampError):
    """A payload cannot be used.

    Parameters
    ----------
    reason
        One sentence for the dead letter.
    at
        Dotted path inside the payload, or ``None`` when the whole payload is at fault.
    """

    def __init__(self, reason: str, at: str | None = None) -> None:
        self.reason = reason
        self.at = at
        super().__init__(reason if at is None else f"{at}: {reason}")


class RequestError(DavylampError):
    """A request is answered with ``status: error`` and this text."""


class BrokerError(DavylampError):
    """The broker cannot be reached or refuses us."""


class JournalError(DavylampError):
    """The journal cannot be opened, read or written.

    Parameters
    ----------
    kind
        ``full`` (the disk, or ``journal.max_mb``), ``locked`` (another process is writing), ``corrupt`` or ``io``.
    reason
        One sentence with the file, the fault and the fix.
    """

    def __init__(self, kind: Literal["full", "locked", "corrupt", "io"], reason: str) -> None:
        self.kind = kind
        super().__init__(reason)


class ArchiveError(DavylampError):
    """The archive cannot be opened, read or written.

    Parameters
    ----------
    kind
        ``full`` (its disk), ``locked`` (another process is writing), ``corrupt`` or ``io``.
    reason
        One sentence with the place, the fault and the fix.
    """

    def __init__(self, kind: Literal["full", "locked", "corrupt", "io"], reason: str) -> None:
        self.kind = kind
        super().__init__(reason)


class ServiceError(DavylampError):
    """Something cannot be run as the agent's service would be."""


class KeyFileError(DavylampError):
    """The key with which a bundle is signed cannot be made or read."""


class DeploymentError(DavylampError):
    """The agent cannot be installed on a gateway; what was there runs on."""


class DashboardError(DavylampError):
    """The page cannot be served, or not answer a question."""
