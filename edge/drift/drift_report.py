"""DriftReport: the part of the health message that is about a station's drift."""

from __future__ import annotations

from typing import Literal

import msgspec

from edge.drift.drift_state import DriftState

_LISTED = 3
_UNKNOWN = "got an older bundle, without quantiles; fix: train again"


class DriftReport(msgspec.Struct, frozen=True, kw_only=True):
    """How far a station is from the training of its bundle.

    Parameters
    ----------
    state
        ``ok``; ``drifted``: the alarm ``retrain`` stands; ``filling``: fewer than 512 readings have been seen;
        ``unknown``: the bundle does not know how its training was distributed; see ``reason``.
    drifted
        Channels that have drifted -> how far, as a share of what raises the alarm; the farthest first.
        ``reconstruction`` is the reconstruction error.
    farthest
        The three channels that are farthest from the training -> how far.
    reason
        Why the state is ``unknown``, and what to do.
    """

    state: Literal["ok", "drifted", "filling", "unknown"]
    drifted: dict[str, float] = {}
    farthest: dict[str, float] = {}
    reason: str | None = None

    @classmethod
    def from_state(cls, state: DriftState | None) -> DriftReport:
        """Report on a station's drift; ``None``: its bundle has nothing to measure it with."""
        if state is None:
            return cls(state="unknown", reason=_UNKNOWN)
        if not state.full:
            return cls(state="filling")
        drifted, shares = state.drifted, state.shares
        farthest = {name: shares[name] for name in sorted(shares, key=shares.__getitem__, reverse=True)[:_LISTED]}
        return cls(state="drifted" if drifted else "ok", drifted=drifted, farthest=farthest)
