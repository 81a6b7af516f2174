"""Defines what is said about the bundles of one station: which runs, which waits, and what happened last."""

from __future__ import annotations

from typing import Literal

import msgspec

Phase = Literal["receiving", "verifying", "shadow"]
Outcome = Literal["activated", "refused", "went back", "rolled back"]


class ModelReport(msgspec.Struct, frozen=True, kw_only=True):
    """A bundle that scores a station, has scored it, or waits to.

    Parameters
    ----------
    bundle
        Its id; ``None`` until it is verified.
    sha256
        SHA-256 of its file; ``None`` for the one that gateway.yaml names.
    file
        Name of the file that was pushed, or that gateway.yaml names.
    created
        When it was trained, RFC 3339; ``None`` while it waits.
    signed_by
        Name of the key that signed it in ``rollout.trusted_keys``; ``None`` without a signature.
    since
        When it became active, or was pushed if it waits, RFC 3339; ``None`` for the one that gateway.yaml names.
    """

    bundle: str | None
    sha256: str | None = None
    file: str
    created: str | None
    signed_by: str | None = None
    since: str | None = None


class ModelRates(msgspec.Struct, frozen=True, kw_only=True):
    """How often a bundle exceeds and alarms on the readings that both have scored.

    Parameters
    ----------
    by_table_per_1000
        Kind -> readings in 1000 whose score reaches the threshold of the training [-]: the budget that its own table
        spends, before thresholds follow the station.
    exceedances_per_1000
        Kind -> readings in 1000 that exceed [-], with thresholds that follow.
    alarms
        Alarms that have opened.
    """

    by_table_per_1000: dict[str, float]
    exceedances_per_1000: dict[str, float]
    alarms: int


class ModelComparison(msgspec.Struct, frozen=True, kw_only=True):
    """The running bundle and the waiting one on the same readings.

    Parameters
    ----------
    readings
        Readings that both have scored.
    agreement
        Share of them on which both decide the same [-]; ``None`` before the first.
    only_running, only_waiting
        Readings on which only one of them exceeds.
    running, waiting
        How often each exceeds and alarms.
    """

    readings: int
    agreement: float | None
    only_running: int
    only_waiting: int
    running: ModelRates
    waiting: ModelRates


class WaitingReport(msgspec.Struct, frozen=True, kw_only=True):
    """The bundle that waits.

    Parameters
    ----------
    model
        Which it is.
    phase
        ``receiving``, ``verifying`` or ``shadow``.
    readings
        Readings that it has scored in shadow.
    of
        Readings that it has to score there.
    comparison
        The running bundle beside it; ``None`` before the shadow.
    """

    model: ModelReport
    phase: Phase
    readings: int
    of: int
    comparison: ModelComparison | None = None


class ModelChange(msgspec.Struct, frozen=True, kw_only=True):
    """What last happened to a station's bundles.

    Parameters
    ----------
    outcome
        ``activated``, ``refused``, ``went back`` (by itself) or ``rolled back`` (by a request).
    bundle
        Id of the bundle that it happened to, or of the file that was no bundle.
    reason
        Why; ``None``: nothing has to be explained.
    at
        When, RFC 3339.
    comparison
        What the shadow had found; ``None`` without one.
    """

    outcome: Outcome
    bundle: str
    reason: str | None = None
    at: str
    comparison: ModelComparison | None = None


class ModelMessage(msgspec.Struct, frozen=True, kw_only=True):
    """Which bundle scores a station, and which waits; every key is there, ``null`` without a value.

    Parameters
    ----------
    station
        The station.
    active
        The bundle that runs.
    waiting
        The one that waits; ``None``: none does.
    watched
        Readings for which the active one can still go back by itself.
    kept
        Bundles to which ``model/rollback`` leads, the next one first.
    last
        What happened last; ``None``: nothing has been pushed.
    """

    station: str
    active: ModelReport
    waiting: WaitingReport | None
    watched: int
    kept: tuple[ModelReport, ...]
    last: ModelChange | None
