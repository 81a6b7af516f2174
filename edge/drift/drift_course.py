"""DriftCourse: the sliding window of one station, its distance from the training, and its Page-Hinkley sums."""

from __future__ import annotations

import msgspec
import numpy as np

from edge.arrays import Floats
from edge.drift.drift_reference import BLOCK, MIDDLE, WINDOW, DriftReference

_CLIP = 2.0  # distances of the training at which a block counts in a sum: one plume must not fill it
_CAP = 3.0  # sums of the training that a sum reaches at most
_FARTHEST = 6e4  # [spreads] half precision has no room for more, and farther says nothing more


class _Kept(msgspec.Struct, array_like=True, frozen=True):
    window: bytes
    sums: list[list[float]]
    distance: list[float]


class DriftCourse:
    """Measures block after block how far a station is from its training.

    Two statistics are kept of each quantity. The two-sample distance is Wasserstein's, the mean distance between the
    sorted values of the window and the quantiles of the training, of which only the middle half counts: it sees where
    the distribution is and how wide, but not a plume, or one wild value. The test of Page and Hinkley sums up how far
    the blocks' medians lie from that of the training beyond a slack, upwards and downwards (Page, Biometrika 41, 1954,
    100-115); it sees a small change that lasts. Of the reconstruction error only a rise counts. A quantity that is
    missing in the window, or in a block, stays as far as it was.

    Parameters
    ----------
    reference
        The training.

    Attributes
    ----------
    distance
        Distance of the window from the training as a share of its limit, [C]; 0 until the window is full.
    """

    __slots__ = ("_filled", "_reference", "_sums", "_window", "distance")

    def __init__(self, reference: DriftReference) -> None:
        self._reference = reference
        # In half precision, which is a thousandth of a value. The next block replaces the oldest.
        self._window = np.zeros((WINDOW, reference.size), dtype=np.float16)
        self._filled = 0  # rows so far
        self._sums = np.zeros((2, reference.size))  # upwards and downwards
        self.distance = np.zeros(reference.size)

    @property
    def full(self) -> bool:
        """Whether the window is full."""
        return self._filled >= WINDOW

    @property
    def sum(self) -> Floats:
        """Larger of the two sums as a share of its limit, [C]."""
        return np.asarray(np.maximum(self._sums[0], self._sums[1]) / self._reference.sum)

    def push(self, block: Floats) -> None:
        """Take in the next block of quantities [BLOCK, C]; nan where there is none."""
        place = self._filled % WINDOW
        ordered = np.minimum(np.maximum(block, -_FARTHEST), _FARTHEST)  # nan stays
        self._window[place : place + BLOCK] = ordered
        self._filled += BLOCK
        if self.full:
            self._compare()
        ordered.sort(axis=0)  # nan comes last
        self._add((ordered[BLOCK // 2 - 1] + ordered[BLOCK // 2]) / 2, ordered[-1])

    def explain(self, effects: Floats) -> int:
        """Return the channel whose own shift explains best how far the window's medians are from the training.

        Parameters
        ----------
        effects
            What a shift of each channel does to the residuals of all, [F, F]: a channel that has drifted moves the
            residuals of those that it helps to predict, some of them farther than its own.
        """
        reference = self._reference
        limits = reference.distance[:-1]
        medians = np.median(self._window[: self._filled, :-1].astype(np.float64), axis=0)
        moved, patterns = (medians - reference.centre[:-1]) / limits, effects / limits
        # A matched filter: the part of the squares that the best multiple of a pattern takes away.
        return int(np.argmax((patterns @ moved) ** 2 / (patterns * patterns).sum(axis=1)))

    def snapshot(self) -> bytes:
        """Encode what :meth:`restore` takes."""
        place = self._filled % WINDOW
        rows = np.concatenate([self._window[place:], self._window[:place]]) if self.full else self._window[:place]
        return msgspec.msgpack.encode(_Kept(rows.astype("<f2").tobytes(), self._sums.tolist(), self.distance.tolist()))

    def restore(self, snapshot: bytes) -> None:
        """Go on where a :meth:`snapshot` was made (ValueError if it is of no use)."""
        kept = msgspec.msgpack.decode(snapshot, type=_Kept)
        size = self._reference.size
        rows = np.frombuffer(kept.window, dtype="<f2").reshape(-1, size)
        if len(rows) > WINDOW or len(rows) % BLOCK or [*map(len, kept.sums), len(kept.distance)] != [size] * 3:
            raise ValueError(f"drift: got a snapshot of another shape, expected {size} quantities")
        sums, distance = np.array(kept.sums), np.array(kept.distance)
        if not (np.isfinite(sums).all() and np.isfinite(distance).all()):
            raise ValueError("drift: got sums or distances that are not finite")
        self._window[: len(rows)], self._filled = rows, len(rows)
        self._sums, self.distance = sums, distance

    def _compare(self) -> None:
        """Measure the distance of the window from the training."""
        ordered = self._window.astype(np.float64)
        ordered.sort(axis=0)  # nan comes last
        difference = ordered[MIDDLE] - self._reference.quantiles[MIDDLE]
        np.abs(difference[:, :-1], out=difference[:, :-1])
        np.maximum(difference[:, -1], 0.0, out=difference[:, -1])
        distance = np.add.reduce(difference, axis=0) / (len(difference) * self._reference.distance)
        self.distance = np.where(np.isnan(ordered[-1]), self.distance, distance)

    def _add(self, median: Floats, last: Floats) -> None:
        """Add the median of a block [C] to the sums, unless the last of its sorted values is nan."""
        reference = self._reference
        most = _CLIP * reference.distance
        deviation = np.minimum(np.maximum(median - reference.centre, -most), most)
        sums = np.maximum(self._sums + np.array([deviation, -deviation]) - reference.slack, 0.0)
        sums[1, -1] = 0.0
        # A sum far beyond its limit says nothing more, and would take long to fall again.
        self._sums = np.where(np.isnan(last), self._sums, np.minimum(sums, _CAP * reference.sum))
