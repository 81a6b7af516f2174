"""What the workstation refuses.

::

    config.errors.DavylampError
    ├── RecordError      files that cannot be trained on
    ├── TrainingError    a training that cannot start or went wrong (too few rows, a constant column, no such device)
    └── FetchError       a download that failed or whose checksum is wrong
"""

from __future__ import annotations

from config.errors import DavylampError


class RecordError(DavylampError):
    """The files cannot be trained on."""


class TrainingError(DavylampError):
    """The training cannot start or went wrong."""


class FetchError(DavylampError):
    """The reference record could not be fetched."""
