"""Defines what health says about the archive."""

from __future__ import annotations

import msgspec


class ArchiveReport(msgspec.Struct, frozen=True, kw_only=True):
    """State of the archive, from which ``davylamp collect`` reads; nothing that is wrong with it costs a reading.

    Parameters
    ----------
    state
        ``ok``, ``off`` (``archive.max_mb`` is 0), or why it cannot be written: ``full``, ``locked``, ``corrupt``,
        ``io``.
    mb
        Its size [MB].
    readings
        Readings in it.
    since
        Time of the oldest, RFC 3339; ``None`` without one.
    waiting
        Readings that wait in memory; they are written once an hour, or when there are many.
    lost
        Readings that it never got, because it could not be written for too long.
    problem
        What is wrong with it, and the fix; or that it was begun anew, and why. ``None``: nothing.
    """

    state: str = "off"
    mb: float = 0.0
    readings: int = 0
    since: str | None = None
    waiting: int = 0
    lost: int = 0
    problem: str | None = None
