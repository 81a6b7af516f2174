"""What the workstation refuses.

::

    config.errors.DavylampError
    ├── RecordError      files that cannot be trained on
    ├── TrainingError    a training that cannot start or went wrong (too few rows, a constant column, no such device)
    ├── FleetError       work on many stations that cannot start
    └── FetchError       a download that failed or whose checksum is wrong
"""

from __future__ import annotations

from config.errors import DavylampError


class RecordError(DavylampError):
    """The files cannot be trained on."""


class TrainingError(DavylampError):
    """The training cannot start or went wrong."""


class FleetError(DavylampError):
    """The work on a fleet's stations cannot start."""


class FetchError(DavylampError):
    """The reference record could not be fetched."""
