"""Counts the readings over which a station is remembered; training resolves them from times and the cadence."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

RECENTER, BACKGROUND_WINDOW, WARM_UP = 240, 1500, 60
"""Windows [readings] of a station whose cadence is unknown, and of bundles that do not state theirs."""

MOST_KEPT, MOST_LAG = 65_536, 1000
"""Most readings that a window keeps, and the longest lag: what each station has the memory for."""

FORGET_LEAST = 240
"""Least gap [cadences] after which nothing that was seen before still applies."""


class Windows(msgspec.Struct, frozen=True, kw_only=True):
    """The windows of a scoring model [readings]; the defaults are those of bundles that do not state them.

    Parameters
    ----------
    recenter
        Readings in the rolling median that residuals are compared with; ``None``: they are not recentred.
    recenter_stride
        Only every so many-th reading enters that median once it is full, so that it reaches further back; a power of 2.
    background
        Gas levels in a background, measured or virtual.
    background_stride
        Only every so many-th level enters it once it is full; a power of 2.
    warm_up
        Readings after the start, or after a long gap, whose scores do not exceed.
    lag
        Distance between the readings that predict the next one.
    cadence
        Interval between readings [s] from which the counts follow; ``None``: unknown.
    """

    recenter: int | None = RECENTER
    recenter_stride: int = 1
    background: int = BACKGROUND_WINDOW
    background_stride: int = 1
    warm_up: int = WARM_UP
    lag: int = 1
    cadence: float | None = None

    def __post_init__(self) -> None:
        """Refuse windows that nothing can be measured with (ValueError)."""
        for name in ("recenter_stride", "background_stride", "lag"):
            if getattr(self, name) < 1:
                raise ValueError(f"windows: got {name} {getattr(self, name)}, expected at least 1")
        if (self.recenter is not None and self.recenter < 2) or self.background < 1 or self.warm_up < 0:
            raise ValueError("windows: expected recenter >= 2, background >= 1 and warm_up >= 0")
        for name, most in (("recenter", MOST_KEPT), ("background", MOST_KEPT), ("lag", MOST_LAG)):
            if (count := getattr(self, name)) is not None and count > most:
                raise ValueError(f"windows: got {name} {count}, expected at most {most}")

    @property
    def recenter_reach(self) -> int:
        """Readings that the rolling median reaches back; 0 without one."""
        return 0 if self.recenter is None else self.recenter * self.recenter_stride

    @property
    def background_reach(self) -> int:
        """Readings that a background reaches back."""
        return self.background * self.background_stride

    @property
    def forget(self) -> int:
        """Gap [cadences] after which nothing that was seen before still applies."""
        return max(FORGET_LEAST, self.recenter_reach)

    def describe(self) -> Iterator[tuple[str, str]]:
        """Yield the name of each window and its length, in readings and, with a cadence, in time."""
        yield "baseline", "off" if self.recenter is None else self._length(self.recenter, self.recenter_stride)
        yield "background", self._length(self.background, self.background_stride)
        yield "warm-up", self._length(self.warm_up)
        yield "lag", self._length(self.lag)

    def _length(self, count: int, stride: int = 1) -> str:
        """Describe a window, e.g. ``7,200 readings (4 h, one in 32 kept)``."""
        reach = count * stride
        notes = [] if self.cadence is None else [describe_seconds(reach * self.cadence)]
        notes += [] if stride == 1 else [f"one in {stride} kept"]
        return f"{reach:,} reading{'' if reach == 1 else 's'}" + (f" ({', '.join(notes)})" if notes else "")


def describe_seconds(seconds: float) -> str:
    """Write a duration in the largest unit of which it is at least two, to three digits.

    Examples
    --------
    >>> [describe_seconds(each) for each in (2.0, 119.0, 5400.0, 14_400.0, 432_000.0)]
    ['2 s', '119 s', '90 min', '4 h', '5 d']
    """
    seconds = float(f"{seconds:.3g}")
    unit, name = next(
        ((unit, name) for unit, name in ((86_400.0, "d"), (3600.0, "h"), (60.0, "min")) if seconds >= 2 * unit),
        (1.0, "s"),
    )
    return f"{seconds / unit:.3g} {name}"


DEFAULT_WINDOWS = Windows()
"""Those of a station whose cadence is unknown."""
