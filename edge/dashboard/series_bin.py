"""A bin of readings: what the history keeps of all that fell into one interval."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from typing import NamedTuple

_HEAD = struct.Struct("<2I I3f If If 3f")
_CHANNEL = struct.Struct("<If")
_NAN = math.nan

SCORES = ("methane", "consistency", "reconstruction")
"""Kinds of scores, in the order in which a bin has them."""


class HistorySample(NamedTuple):
    """What the page keeps of a reading; ``None`` where there is nothing.

    Parameters
    ----------
    t
        Time of the measurement, Unix time [s].
    level, background, virtual
        Gas level that the page shows, its background, and the inferred level, in the unit of the gas column.
    scores
        Scores in the order of :data:`SCORES` [-log10 of p].
    exceeds
        Whether a score reaches its threshold.
    channels
        Raw values, in the order of the station's channels.
    """

    t: float
    level: float | None = None
    background: float | None = None
    virtual: float | None = None
    scores: tuple[float | None, float | None, float | None] = (None, None, None)
    exceeds: bool = False
    channels: Sequence[float | None] = ()


class Mean:
    """A mean that grows, without a sum that would lose digits.

    Parameters
    ----------
    n
        Number of values so far.
    value
        Their mean.
    """

    __slots__ = ("n", "value")

    def __init__(self, n: int = 0, value: float = 0.0) -> None:
        self.n = n
        self.value = value

    def add(self, value: float | None, n: int = 1) -> None:
        """Add a value, or the mean of ``n`` others."""
        if value is None or not n or not math.isfinite(value):
            return
        self.n += n
        self.value += (value - self.value) * n / self.n

    @property
    def known(self) -> float | None:
        """The mean, ``None`` without a value."""
        return self.value if self.n else None


class SeriesBin:
    """Count, means and extremes of the samples of one interval.

    Attributes
    ----------
    n, exceeding
        Number of samples, and of those that exceed.
    level, background, virtual : Mean
        In the unit of the gas column.
    least, greatest
        Extremes of the level; nan without one.
    scores : list of float
        Greatest score of each kind; nan without one.
    channels : list of Mean
        Raw values.
    """

    __slots__ = ("background", "channels", "exceeding", "greatest", "least", "level", "n", "scores", "virtual")

    def __init__(self) -> None:
        self.n = self.exceeding = 0
        self.level, self.background, self.virtual = Mean(), Mean(), Mean()
        self.least = self.greatest = _NAN
        self.scores = [_NAN, _NAN, _NAN]
        self.channels: list[Mean] = []

    def add(self, sample: HistorySample) -> None:
        """Add a sample."""
        self.n += 1
        self.exceeding += sample.exceeds
        self.level.add(sample.level)
        self.background.add(sample.background)
        self.virtual.add(sample.virtual)
        if sample.level is not None:
            self._stretch(sample.level, sample.level)
        self._raise_scores([_NAN if score is None else score for score in sample.scores])
        self._widen(len(sample.channels))
        for mean, value in zip(self.channels, sample.channels, strict=False):
            mean.add(value)

    def merge(self, other: SeriesBin) -> None:
        """Add everything that another bin has."""
        self.n += other.n
        self.exceeding += other.exceeding
        for mean, each in (
            (self.level, other.level),
            (self.background, other.background),
            (self.virtual, other.virtual),
        ):
            mean.add(each.value, each.n)
        self._stretch(other.least, other.greatest)
        self._raise_scores(other.scores)
        self._widen(len(other.channels))
        for mean, each in zip(self.channels, other.channels, strict=False):
            mean.add(each.value, each.n)

    def pack(self) -> bytes:
        """Return it as bytes: 52, and 8 for each channel."""
        head = _HEAD.pack(
            self.n, self.exceeding, self.level.n, self.level.value, self.least, self.greatest,
            self.background.n, self.background.value, self.virtual.n, self.virtual.value, *self.scores,
        )  # fmt: skip
        return head + b"".join(_CHANNEL.pack(each.n, each.value) for each in self.channels)

    @classmethod
    def unpack(cls, body: bytes) -> SeriesBin:
        """Make it of its bytes.

        Raises
        ------
        struct.error
            These are not its bytes.
        """
        made = cls()
        (made.n, made.exceeding, n, level, made.least, made.greatest, n_background, background, n_virtual, virtual,
         *made.scores) = _HEAD.unpack_from(body)  # fmt: skip
        made.level, made.background = Mean(n, level), Mean(n_background, background)
        made.virtual = Mean(n_virtual, virtual)
        made.channels = [Mean(*each) for each in _CHANNEL.iter_unpack(body[_HEAD.size :])]
        return made

    def _stretch(self, least: float, greatest: float) -> None:
        if not self.least <= least:  # also where there was none
            self.least = least if not math.isnan(least) else self.least
        if not self.greatest >= greatest:
            self.greatest = greatest if not math.isnan(greatest) else self.greatest

    def _raise_scores(self, scores: Sequence[float]) -> None:
        for i, score in enumerate(scores):
            if score > self.scores[i] or math.isnan(self.scores[i]):
                self.scores[i] = score

    def _widen(self, channels: int) -> None:
        while len(self.channels) < channels:
            self.channels.append(Mean())
