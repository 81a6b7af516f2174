"""Holds what scores say of a stretch of rows that people have labelled; it is read without torch."""

from __future__ import annotations

from msgspec import Struct


class LabelledCase(Struct, frozen=True, kw_only=True):
    """A stretch of rows that people have labelled, and what the scores say of it; none of them was fitted on it.

    Parameters
    ----------
    file
        The file that it is in.
    label
        ``plume`` or ``fault``.
    first_line, last_line
        Its first and last line, or row in a Parquet file.
    rows
        How many rows it has.
    consistency, reconstruction
        The highest score in it [-]; nan without one.
    exceeding
        Share of its rows whose consistency or reconstruction exceeds at the requested rate [-].
    found_by
        What raises an alarm in it, as a gateway with default settings does: ``consistency``, ``reconstruction``, or
        ``level`` for a gas level that exceeds by the usual enhancement.
    """

    file: str
    label: str
    first_line: int
    last_line: int
    rows: int
    consistency: float
    reconstruction: float
    exceeding: float
    found_by: tuple[str, ...]
