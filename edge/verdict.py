"""Verdict: what davylamp says about one reading."""

from __future__ import annotations

from typing import Literal

import msgspec

State = Literal["warming_up", "out_of_domain", "alarm", "suspect", "ok"]
"""The first that applies, in this order."""

SCORE_CAP = 12.0
"""Scores are -log10 of a p-value; a p-value below 1e-12 says nothing more."""


class Reconstruction(msgspec.Struct, frozen=True, kw_only=True):
    """The network's reconstruction error, calibrated.

    Parameters
    ----------
    score
        -log10 of ``p`` [-], capped at :data:`SCORE_CAP`.
    p
        Calibrated p-value [-].
    error
        Raw reconstruction error in scaled units [-]; the per-channel contributions sum to it.
    """

    score: float
    p: float
    error: float


class Consistency(msgspec.Struct, frozen=True, kw_only=True):
    """How unlikely the channels are given one another and the past; ``culprit`` is the channel at fault."""

    score: float
    p: float
    culprit: str


class Methane(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Methane by level, and inferred from the sensors.

    Parameters
    ----------
    score, p
        Of the onset [-]; absent while there is none.
    level_ppb
        The gas column itself [ppb]; absent when the station has none.
    virtual_ppb, sd_ppb
        Methane inferred from the other sensors and its standard deviation [ppb].
    background_ppb
        Background: a low quantile of the last 1500 readings [ppb].
    """

    score: float | None = None
    p: float | None = None
    level_ppb: float | None = None
    virtual_ppb: float | None = None
    sd_ppb: float | None = None
    background_ppb: float | None = None


class Verdict(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything said about one reading, and the body of the score message (what is empty is left out).

    Parameters
    ----------
    n
        The agent's count of this station's readings.
    ts, received
        RFC 3339 UTC with milliseconds.
    exceeds
        Kinds whose p-value is at most the requested rate on this reading (methane also: over a limit).
    flags
        QARTOD flag per message key, only those that are not 1 (good).
    contributions
        The three channels that contribute most to the reconstruction error.
    by
        Why ``methane`` is among the exceedances: ``limit``, ``enhancement`` or ``onset``.
    """

    station: str
    n: int
    seq: int | None = None
    ts: str | None = None
    received: str | None = None
    reconstruction: Reconstruction | None = None
    consistency: Consistency | None = None
    methane: Methane | None = None
    exceeds: tuple[str, ...] = ()
    by: str | None = None
    flags: dict[str, int] = {}
    contributions: dict[str, float] = {}
    state: State
    late: bool = False
    historical: bool = False
    bundle: str
