"""Notices that a station sends at another interval than its bundle was trained on."""

from __future__ import annotations

import numpy as np

from edge.readings.gaps import MOST_DISAGREEMENT, median_interval
from edge.readings.reading import Reading

_LEAST = 6  # readings that are looked at, or nothing is said
_MOST = 1000  # readings that are looked at
_SAME = 1.2  # ratio of two medians that differ by chance alone


class CadenceWatch:
    """Compares the intervals between readings in a row with those of the training.

    Parameters
    ----------
    trained
        Interval between the readings of the training [s]; ``None``: unknown, so that nothing is compared.
    """

    __slots__ = ("_reported", "_sentence", "_times", "_trained")

    def __init__(self, trained: float | None) -> None:
        self._trained = trained
        self._times: list[float] = []
        self._reported = 0.0
        self._sentence: str | None = None

    def look(self, reading: Reading) -> None:
        """Look at the time of the next reading: its stamp, or else its arrival."""
        if self._trained is not None and len(self._times) < _MOST:
            self._times.append(reading.received if reading.ts is None else reading.ts)

    def problem(self) -> str | None:
        """Say that the readings since the last call have another interval, and what to do; ``None`` if they have not.

        While the interval stays the same, so does the sentence.
        """
        own = median_interval(np.array(self._times)) if len(self._times) >= _LEAST else None
        self._times.clear()
        if self._trained is None or own is None:
            return self._sentence
        if 1 / MOST_DISAGREEMENT < own / self._trained < MOST_DISAGREEMENT:
            self._sentence = None
        elif self._sentence is None or not 1 / _SAME < own / self._reported < _SAME:
            self._reported = own
            ratio = own / self._trained
            how = f"{max(ratio, 1 / ratio):.2g} times too {'long' if ratio > 1 else 'short'}"
            self._sentence = (
                f"its readings are {own:.3g} s apart, and those of its bundle's training were {self._trained:.3g} s: "
                f"windows are counts of readings, so they are {how} in time, and scores are not calibrated for that; "
                "fix: train on a record with the station's interval"
            )
        return self._sentence
