"""Defines the verdict on one reading: the body of its score message."""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite
from typing import Literal

import msgspec

from edge.readings.station_clock.placement import TimeSource
from edge.scoring.adaptation import Shifts

State = Literal["alarm", "warming_up", "out_of_domain", "suspect", "ok"]
"""The first state that applies, in this order: nothing hides an exceedance."""

NUMBERED_STATES: tuple[str, ...] = ("", "ok", "suspect", "out_of_domain", "warming_up", "alarm")
"""A state by its number in journal and archive; 0: not known. The most frequent one has the number of fewest bytes."""


class Shift(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How far the thresholds have moved since the training; ``null``: that threshold is fixed, and not recalibrated.

    A threshold is -log10 of the requested rate, plus its shift. Far above 0 the station sees what the training had not,
    far below 0 it is calmer than its training. The onset is recalibrated only where an analyser says what is quiet.

    Parameters
    ----------
    methane, consistency, reconstruction
        Decades by which the threshold of that kind has moved, as it was applied last [-].
    """

    methane: float | None = None
    consistency: float | None = None
    reconstruction: float | None = None

    @classmethod
    def from_shifts(cls, shifts: Shifts) -> Shift:
        """Make it of the shifts of a station's thresholds, rounded to four decimals; zero has no sign."""
        if shifts == _FIXED:
            return _UNMOVED
        methane, consistency, reconstruction = shifts
        return cls(
            methane=None if methane is None else round(methane * 1e4) / 1e4 + 0.0,
            consistency=None if consistency is None else round(consistency * 1e4) / 1e4 + 0.0,
            reconstruction=None if reconstruction is None else round(reconstruction * 1e4) / 1e4 + 0.0,
        )


_DIGITS = 7  # of a value: more than a converter or a conversion of units has
_FIXED: Shifts = (None, None, None)
_UNMOVED = Shift()


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
    score
        -log10 of ``p`` [-]; a reading with a failed or missing channel has the highest score there is.
    p
        Calibrated p-value [-].
    culprit
        Key of the strangest channel: the one at fault, if any is.
    contributions
        While it exceeds, the three strangest channels with their distances from the usual, in its standard deviations;
        or those that failed or are missing, with 1 each. Empty otherwise.
    """

    score: float
    p: float
    culprit: str
    contributions: dict[str, float] = {}


class Methane(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Methane measured by the gas column, and inferred from the sensors; every key is there, ``null`` without a value.

    Parameters
    ----------
    score, p
        Score and p-value of the onset [-], the rise of the virtual level above its own background; ``None`` if there is
        none.
    level_ppb
        Level of the gas column [ppb]; ``None`` if the station has none.
    virtual_ppb
        Level inferred from the other sensors [ppb].
    sd_ppb
        Its standard deviation [ppb], to first order: that of the regression in the logarithm, times the level.
        Like every value in ppb, it is ``None`` if the unit of the gas column has no conversion to ppb.
    over_range, under_range
        In place of both, when the inferred level lies outside the range of the training: it is never extrapolated.
    background_ppb
        A low quantile of the levels [ppb] of the gas column within its window, or without one of the virtual level.
    unit
        Unit of the gas column, as a UCUM code.
    level, virtual, sd, background
        The same as with ``_ppb``, in that unit.
    """

    score: float | None = None
    p: float | None = None
    level_ppb: float | None = None
    virtual_ppb: float | None = None
    sd_ppb: float | None = None
    over_range: bool = False
    under_range: bool = False
    background_ppb: float | None = None
    unit: str | None = None
    level: float | None = None
    virtual: float | None = None
    sd: float | None = None
    background: float | None = None


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict on one reading, and the body of its score message; every key is there, empty or not.

    Parameters
    ----------
    station
        Name of the station.
    n
        The agent's count of this station's readings.
    seq
        The station's own counter, if it sends one.
    ts
        Best time of measurement: the station's, that time corrected by what its clock is known to be off, or the
        arrival; RFC 3339 UTC with milliseconds.
    ts_from
        Which of these it is.
    received
        Time of its arrival, RFC 3339 UTC with milliseconds.
    reconstruction, consistency, methane
        The scores; ``None`` where there is none.
    exceeds
        Kinds whose score on this reading reaches its threshold (methane also: over a limit).
    flags
        QARTOD flag per message key, without those that are 1 (good).
    out_of_domain
        Keys of gas and climate columns outside the range of the training, and of channels whose unit is in doubt.
    out_of_domain_degree
        How far the climate lies outside the range of the training, as a share of that range [-]; that of the worst
        column. More than .1 in over half of the last 60 readings is ``out_of_domain``.
    contributions
        The three channels that contribute most to the reconstruction error.
    by
        Why ``methane`` is among the exceedances: ``limit``, ``enhancement`` or ``onset``.
    state
        The first that applies of ``alarm`` (it exceeds, whatever else holds), ``warming_up``, ``out_of_domain`` (the
        climate of the last readings, or a channel whose unit is in doubt), ``suspect``, ``ok``.
    shift
        How far the thresholds have moved.
    late
        Whether it was scored beside the order, because its time stamp does not follow those before it. Its scores are
        those of a reading after a gap, and nothing has learnt from it.
    historical
        Whether it is old news: stored at the station and sent later, or published again after an outage.
    bundle
        Id of the bundle that it was scored with.
    values
        The value of each column in its unit, ``null`` for a missing one; empty if every program finds them in the
        station's own messages, which are JSON objects then, or one value each.
    """

    station: str
    n: int
    seq: int | None = None
    ts: str
    ts_from: TimeSource = "station"
    received: str
    reconstruction: Reconstruction | None = None
    consistency: Consistency | None = None
    methane: Methane | None = None
    exceeds: tuple[str, ...] = ()
    by: str | None = None
    flags: dict[str, int] = {}
    out_of_domain: tuple[str, ...] = ()
    out_of_domain_degree: float = 0.0
    contributions: dict[str, float] = {}
    state: State
    shift: Shift = _UNMOVED
    late: bool = False
    historical: bool = False
    bundle: str
    values: dict[str, float | None] = {}

    def with_values(self, keys: Iterable[str], values: Iterable[float]) -> Verdict:
        """Return a copy with the values of a reading, nan for a missing one, to seven digits."""
        found = {
            key: float(f"{value:.{_DIGITS}g}") if isfinite(value) else None
            for key, value in zip(keys, values, strict=True)
        }
        return msgspec.structs.replace(self, values=found)
