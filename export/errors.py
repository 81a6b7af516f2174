"""Errors of an export.

::

    config.errors.DavylampError
    └── ExportError       a run that cannot be exported
        └── ParityError   torch and ONNX Runtime disagree
"""

from __future__ import annotations

from config.errors import DavylampError


class ExportError(DavylampError):
    """The run cannot be exported."""


class ParityError(ExportError):
    """ONNX Runtime does not reproduce the torch networks."""
