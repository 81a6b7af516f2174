"""Defines a shelf: a kind of alarm of one station that somebody has set aside for a while."""

from __future__ import annotations

import msgspec

from edge.clock import rfc3339


class Shelf(msgspec.Struct, frozen=True, array_like=True):
    """How long a kind of alarm is shelved, and why.

    Parameters
    ----------
    until
        End, Unix time [s].
    comment
        Reason, in the words of whoever shelved it.
    """

    until: float
    comment: str | None = None

    @property
    def until_ts(self) -> str:
        """End, RFC 3339."""
        return rfc3339(self.until)
