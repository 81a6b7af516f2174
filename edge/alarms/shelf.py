"""Shelf: a kind of alarm of a station that somebody has put aside for a while."""

from __future__ import annotations

import msgspec

from edge.clock import rfc3339


class Shelf(msgspec.Struct, frozen=True, array_like=True):
    """Until when it is put aside, and why.

    Parameters
    ----------
    until
        Unix time [s].
    comment
        In the words of whoever did it.
    """

    until: float
    comment: str | None = None

    @property
    def text(self) -> str:
        """Until when, RFC 3339."""
        return rfc3339(self.until)
