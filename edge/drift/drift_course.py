"""DriftCourse: the sliding window of one station, its distance from the training, and its Page-Hinkley sums."""

from __future__ import annotations

import msgspec
import numpy as np

from edge.arrays import Floats
from edge.drift.drift_reference import BLOCK, WINDOW, DriftReference

_CLIP = 2.0  # distances of the training at which a block counts in a sum: one plume must not fill it


_CAP = 3.0  # sums of the training that a sum reaches at most


class _Kept(msgspec.Struct, array_like=True, frozen=True):
    window: bytes
    high: list[float]
    low: list[float]


class DriftCourse:
    """Measures block after block how far a station is from its training.

    Two statistics are kept of each quantity. The two-sample distance is Wasserstein's, the mean distance between the
    sorted values of the window and the quantiles of the training; it sees any change of the distribution. The test of
    Page and Hinkley sums up how far the blocks' medians lie from that of the training beyond a slack, upwards and
    downwards (Page, Biometrika 41, 1954, 100-115); it sees a small change that lasts. Of the reconstruction error only
    a rise counts.

    Parameters
    ----------
    reference
        The training.

    Attributes
    ----------
    distance
        Distance of the window from the training as a share of its limit, [C]; 0 until the window is full.
    sum
        Larger of the two sums as a share of its limit, [C].
    """

    def __init__(self, reference: DriftReference) -> None:
        self._reference = reference
        self._centre = reference.centre
        self._per_distance = 1 / (WINDOW * reference.distance)
        self._most, self._highest = _CLIP * reference.distance, _CAP * reference.sum
        self._window = np.zeros((0, reference.size))
        self._high, self._low = np.zeros(reference.size), np.zeros(reference.size)
        self.distance, self.sum = np.zeros(reference.size), np.zeros(reference.size)

    @property
    def full(self) -> bool:
        """Whether the window is full."""
        return len(self._window) >= WINDOW

    def push(self, block: Floats) -> None:
        """Take in the next block of quantities [BLOCK, C]; nan where there is none."""
        window = self._window = np.concatenate([self._window, block])[-WINDOW:]
        reference = self._reference
        if len(window) >= WINDOW:
            # Sorting puts nan last: a quantity that is missing in the window has a distance of nan, which exceeds none.
            difference = window.copy()
            difference.sort(axis=0)
            difference -= reference.quantiles
            np.abs(difference[:, :-1], out=difference[:, :-1])
            np.maximum(difference[:, -1], 0.0, out=difference[:, -1])
            # fmax turns nan into 0.
            self.distance = np.fmax(np.add.reduce(difference, axis=0) * self._per_distance, 0.0)
        ordered = block.copy()
        ordered.sort(axis=0)
        deviation = (ordered[BLOCK // 2 - 1] + ordered[BLOCK // 2]) / 2 - self._centre
        deviation = np.minimum(np.maximum(deviation, -self._most), self._most)
        deviation[np.isnan(deviation)] = 0.0
        self._high = np.maximum(self._high + deviation - reference.slack, 0.0)
        self._low = np.maximum(self._low - deviation - reference.slack, 0.0)
        self._low[-1] = 0.0
        # A sum far beyond its limit says nothing more, and would take long to fall again.
        np.minimum(self._high, self._highest, out=self._high)
        np.minimum(self._low, self._highest, out=self._low)
        self.sum = np.maximum(self._high, self._low) / reference.sum

    def snapshot(self) -> bytes:
        """Encode what :meth:`restore` takes."""
        window = self._window.astype("<f4").tobytes()
        return msgspec.msgpack.encode(_Kept(window, self._high.tolist(), self._low.tolist()))

    def restore(self, snapshot: bytes) -> None:
        """Go on where a :meth:`snapshot` was made (ValueError if it is of no use)."""
        kept = msgspec.msgpack.decode(snapshot, type=_Kept)
        size = self._reference.size
        window = np.frombuffer(kept.window, dtype="<f4").reshape(-1, size).astype(np.float64)
        high, low = np.array(kept.high, dtype=np.float64), np.array(kept.low, dtype=np.float64)
        if len(window) > WINDOW or high.shape != (size,) or low.shape != (size,):
            raise ValueError(f"drift: got a snapshot of another shape, expected {size} quantities")
        if not (np.isfinite(high).all() and np.isfinite(low).all()):
            raise ValueError("drift: got sums that are not finite")
        self._window, self._high, self._low = window, high, low
