"""DriftReport: the part of the health message that is about a station's drift."""

from __future__ import annotations

from typing import Literal

import msgspec

from edge.drift.drift_reference import EVERY, WINDOW
from edge.drift.drift_state import DriftState

_LISTED = 3
_UNKNOWN = (
    "got an older bundle, or one of a short record, without quantiles; fix: train again, on 3,000 readings or more"
)
_PAUSED = (
    "got {} readings in a row with a failed channel, with gas, or beside the order, expected one of them complete and "
    "quiet; fix: see to the station's other problems and alarms"
)


class DriftReport(msgspec.Struct, frozen=True, kw_only=True):
    """How far a station is from the training of its bundle.

    Parameters
    ----------
    state
        ``ok``; ``drifted``: the alarm ``retrain`` stands; ``filling``: fewer than 960 readings have been seen;
        ``paused``: none of the last 960 could be looked at, and what was found before stands; ``unknown``: the bundle
        does not know how its training was distributed. See ``reason``.
    drifted
        Channels that have drifted -> how far, as a share of what raises the alarm; ``reconstruction`` is the
        reconstruction error. First comes the channel whose own shift explains the others best, then the farthest.
    farthest
        The three channels that are farthest from the training -> how far.
    reason
        Why the state is ``paused`` or ``unknown``, and what to do.
    """

    state: Literal["ok", "drifted", "filling", "paused", "unknown"]
    drifted: dict[str, float] = {}
    farthest: dict[str, float] = {}
    reason: str | None = None

    @classmethod
    def from_state(cls, state: DriftState | None) -> DriftReport:
        """Report on a station's drift; ``None``: its bundle has nothing to measure it with."""
        if state is None:
            return cls(state="unknown", reason=_UNKNOWN)
        reason = _PAUSED.format(state.waited) if state.waited >= EVERY * WINDOW else None
        if not state.full:
            return cls(state="filling" if reason is None else "paused", reason=reason)
        drifted, shares = state.drifted, state.shares
        farthest = {name: shares[name] for name in sorted(shares, key=shares.__getitem__, reverse=True)[:_LISTED]}
        known: Literal["ok", "drifted"] = "drifted" if drifted else "ok"
        return cls(state=known if reason is None else "paused", drifted=drifted, farthest=farthest, reason=reason)
