"""Counts the readings over which a station is remembered; training resolves them from times and the cadence."""

from __future__ import annotations

import msgspec

RECENTER, BACKGROUND_WINDOW, WARM_UP = 240, 1500, 60
"""Windows [readings] of a station whose cadence is unknown, and of bundles that do not state theirs."""

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


DEFAULT_WINDOWS = Windows()
"""Those of a station whose cadence is unknown."""
