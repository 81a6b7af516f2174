"""Verdict: what davylamp says about one reading."""

from __future__ import annotations

from typing import Literal

import msgspec

State = Literal["warming_up", "out_of_domain", "alarm", "suspect", "ok"]
"""The first that applies, in this order; but a level over the absolute limit is an ``alarm`` at once."""


class Reconstruction(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The network's reconstruction error, calibrated.

    Parameters
    ----------
    score
        -log10 of ``p`` [-], capped at :data:`edge.models.pvalue.SCORE_CAP`.
    p
        Calibrated p-value [-].
    error
        Raw reconstruction error in scaled units [-]; the per-channel contributions sum to it.
    """

    score: float
    p: float
    error: float


class Consistency(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How unlikely the channels are given one another and the past.

    Parameters
    ----------
    score, p
        As of the reconstruction; a reading with a failed or missing channel has the most that there is.
    culprit
        Key of the channel at fault, if one is.
    """

    score: float
    p: float
    culprit: str


class Methane(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Methane by level, and inferred from the sensors.

    Parameters
    ----------
    score, p
        Of the onset [-]: how far the virtual level is above its own background; absent while there is none.
    level_ppb
        The gas column itself [ppb]; absent when the station has none.
    virtual_ppb, sd_ppb
        Methane inferred from the other sensors and its standard deviation [ppb], the latter to first order: the
        regression's in the logarithm, times the level.
    over_range, under_range
        In their place, where the inferred level lies beyond what was trained on: no number is extrapolated.
    background_ppb
        A low quantile of the last 1500 levels [ppb]: of the gas column, or without one of the virtual level.
    """

    score: float | None = None
    p: float | None = None
    level_ppb: float | None = None
    virtual_ppb: float | None = None
    sd_ppb: float | None = None
    over_range: bool = False
    under_range: bool = False
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
    out_of_domain
        Keys of gas and climate columns outside what the models were trained on.
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
    out_of_domain: tuple[str, ...] = ()
    contributions: dict[str, float] = {}
    state: State
    late: bool = False
    historical: bool = False
    bundle: str
