"""DriftState: what is remembered of one station's slow changes, and whether they are a drift."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import msgspec
import numpy as np

from edge.arrays import Floats
from edge.drift.drift_course import DriftCourse
from edge.drift.drift_reference import BLOCK, EVERY, RECONSTRUCTION, DriftReference, quantities

DISTANCE, SUM = 1.55, 1.75
"""What raises the alarm, in largest distances and largest sums of the training."""
_RAISE, _FALL = 1.0, 0.8  # shares of these: above the first a quantity has drifted, below the second no longer
_BLOCKS_RAISE, _BLOCKS_FALL = 2, 8  # in a row: 240 and 960 readings


class _Kept(msgspec.Struct, array_like=True, frozen=True):
    left: int
    pending: list[list[float]]
    course: bytes
    above: list[int]
    below: list[int]
    drifted: list[bool]


class DriftState:
    """One station's course beside the training of its bundle.

    Parameters
    ----------
    reference
        The training.
    keys
        Keys of the channels, [F].
    residuals
        Turns readings [N, F] of these channels into conditional residuals [N, F].
    effects
        What a shift of each channel does to the residuals of all, [F, F].

    Attributes
    ----------
    left
        Readings until the next one that is looked at; below 0, it is waited for.
    changed
        Whether what has drifted is another than when this was last set to ``False``; ``True`` at first.
    """

    __slots__ = (
        "_above", "_below", "_course", "_drifted", "_effects", "_keys", "_pending", "_residuals", "_waiting", "changed",
        "left",
    )  # fmt: skip

    def __init__(
        self,
        reference: DriftReference,
        keys: Sequence[str],
        residuals: Callable[[Floats], Floats],
        effects: Floats,
    ) -> None:
        self.left = EVERY - 1
        self.changed = True
        self._keys = keys
        self._residuals, self._effects = residuals, effects
        self._course = DriftCourse(reference)
        self._pending = np.empty((BLOCK, reference.size))  # the next block's readings and errors
        self._waiting = 0  # how many of them there are
        self._above, self._below = np.zeros(reference.size, dtype=int), np.zeros(reference.size, dtype=int)
        self._drifted = np.zeros(reference.size, dtype=bool)

    def add(self, values: Floats, error: float) -> None:
        """Look at a reading [F] in order, and at its reconstruction error; nan: it has none."""
        self.left = EVERY - 1
        row = self._pending[self._waiting]
        row[:-1], row[-1] = values, error
        self._waiting += 1
        if self._waiting >= BLOCK:
            self._waiting = 0
            self._measure()

    def replay(self, values: Floats) -> None:
        """Let readings [N, F] in order pass that came before; their errors are not known any more."""
        for reading in values:
            self.left -= 1
            if self.left < 0 and np.isfinite(reading).all():
                self.add(reading, math.nan)

    @property
    def full(self) -> bool:
        """Whether the window is full, so that the distances are known."""
        return self._course.full

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the quantities [C]: the channels and the reconstruction error."""
        return (*self._keys, RECONSTRUCTION)

    @property
    def waited(self) -> int:
        """Readings in a row that were none to look at, although one was due."""
        return max(0, -self.left)

    @property
    def shares(self) -> dict[str, float]:
        """How far each quantity is from the training, as a share of what raises the alarm."""
        return dict(zip(self.names, np.round(self._far, 2).tolist(), strict=True))

    @property
    def drifted(self) -> dict[str, float]:
        """The shares of the quantities that have drifted; empty without any.

        In front is the channel whose own shift explains best how far the channels have moved, even if its own share is
        small; then come the farthest.
        """
        far, names = self._far, self.names
        found = sorted(np.flatnonzero(self._drifted).tolist(), key=far.__getitem__, reverse=True)
        if self._drifted[:-1].any():
            found.insert(0, self._course.explain(self._effects))
        return {names[each]: round(float(far[each]), 2) for each in found}

    def snapshot(self) -> bytes:
        """Encode what :meth:`restore` takes."""
        return msgspec.msgpack.encode(
            _Kept(
                self.left,
                self._pending[: self._waiting].tolist(),
                self._course.snapshot(),
                self._above.tolist(),
                self._below.tolist(),
                self._drifted.tolist(),
            )
        )

    def restore(self, snapshot: bytes) -> None:
        """Go on where a :meth:`snapshot` was made (ValueError if it is of no use)."""
        kept = msgspec.msgpack.decode(snapshot, type=_Kept)
        size = self._pending.shape[1]
        if {*map(len, kept.pending), len(kept.above), len(kept.below), len(kept.drifted)} != {size}:
            raise ValueError(f"drift: got a snapshot of other channels, expected {size} quantities")
        self._course.restore(kept.course)
        self.left, self._waiting = min(kept.left, EVERY - 1), min(len(kept.pending), BLOCK - 1)
        self._pending[: self._waiting] = np.array(kept.pending).reshape(-1, size)[: self._waiting]
        self._above, self._below = np.array(kept.above), np.array(kept.below)
        self._drifted = np.array(kept.drifted)
        self.changed = True

    @property
    def _far(self) -> Floats:
        course = self._course
        return np.asarray(np.maximum(course.distance / DISTANCE, course.sum / SUM))

    def _measure(self) -> None:
        block = self._pending
        self._course.push(quantities(self._residuals(block[:, :-1]), block[:, -1]))
        far = self._far
        before = self._drifted
        if not before.any() and not self._above.any() and (far <= _RAISE).all():
            return  # nearly always
        self._above = np.where(far > _RAISE, self._above + 1, 0)
        self._below = np.where(far < _FALL, self._below + 1, 0)
        self._drifted = (before | (self._above >= _BLOCKS_RAISE)) & (self._below < _BLOCKS_FALL)
        if (self._drifted != before).any():
            self.changed = True
