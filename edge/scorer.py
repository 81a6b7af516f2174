"""Scorer: readings become verdicts, many stations in one run of the network."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from edge.bundle import Bundle
from edge.clock import rfc3339
from edge.features import StationState
from edge.quality import GOOD, flag
from edge.reading import Reading
from edge.verdict import Methane, Reconstruction, State, Verdict

SUSPECT_TIMES = 10.0
"""A reading is suspect when its p-value is at most this many times the requested rate."""

_PPB = {"[ppb]": 1.0, "nmol/mol": 1.0, "[ppm]": 1e3, "umol/mol": 1e3, "%": 1e7}  # of one unit of the gas column
_BLOCK = 16  # rows; the widest vector that ONNX Runtime's kernels work in, in float32
_NAMED = 3  # contributions that a verdict names


class Scorer:
    """Scores readings with the networks of one bundle; the stations' pasts are the caller's.

    Parameters
    ----------
    bundle
        The trained station.
    exceedances_per_1000
        Requested rate, per kind: readings in 1000 that may exceed by chance, in (0, 1000]; ``None``: the bundle's.
    enhancement_ppb
        Gas level above the background that exceeds [ppb].
    limit_ppb
        Absolute gas level that exceeds [ppb]; ``None``: none.

    Attributes
    ----------
    thresholds
        Per kind with a score: the least score that exceeds.

    Raises
    ------
    ValueError
        The rate is not in (0, 1000].
    """

    def __init__(
        self,
        bundle: Bundle,
        *,
        exceedances_per_1000: float | None = None,
        enhancement_ppb: float = 1000.0,
        limit_ppb: float | None = None,
    ) -> None:
        per_1000 = bundle.manifest.exceedances_per_1000 if exceedances_per_1000 is None else exceedances_per_1000
        if not 0 < per_1000 <= 1000:
            raise ValueError(f"exceedances_per_1000: got {per_1000:g}, expected more than 0 and at most 1000")
        self.thresholds = {"reconstruction": -math.log10(per_1000 / 1000)}
        self._bundle = bundle
        self._station = bundle.station
        self._enhancement = enhancement_ppb
        self._limit = math.inf if limit_ppb is None else limit_ppb
        gas = self._station.gas_index
        # A gas in another unit (mg/m3 needs temperature and pressure) has no level in ppb, so no level rule either.
        self._gas = gas if gas is not None and self._station.units[gas] in _PPB else None
        self._ppb = 1.0 if self._gas is None else _PPB[self._station.units[self._gas]]
        self._highest = math.inf if self._gas is None else self._station.features[self._gas].range[1]

    def new_state(self, cadence: float | None = None) -> StationState:
        """Begin a station, or a new segment of one; ``cadence`` [s] as configured, ``None``: the bundle's, if any."""
        background = None if self._gas is None else float(self._bundle.tables["background_ppb"][0]) * self._ppb
        return StationState(self._station.size, background=background, cadence=cadence or self._station.cadence)

    def score(self, batch: Sequence[tuple[StationState, Reading]]) -> list[Verdict]:
        """Score readings in the order in which they came.

        A flagged channel is scored with its last good value, for at most 12 readings; after that there is no
        reconstruction score. Either way the reading is at least ``suspect``. A late reading has no score and changes
        nothing; it is ``suspect``, too, because nobody vouches for it.

        Parameters
        ----------
        batch
            Each reading with the state of its station; a station may come more than once.

        Returns
        -------
        list of Verdict
            One per reading, in order, the same whether they came together or one by one.
        """
        if not batch:
            return []
        flags = flag([reading.values for _, reading in batch], self._station)
        good = flags == GOOD
        faulty = {i: flags[i].tolist() for i in np.flatnonzero(~good.all(axis=1)).tolist()}
        pasts = [self._take(state, reading, faulty.get(i)) for i, (state, reading) in enumerate(batch)]
        # Whatever else the batch holds, the network sees each row alone.
        errors = iter(self._reconstruct([past.values for past in pasts if past.values is not None]))
        return [
            self._verdict(reading, faulty.get(i), past, next(errors) if past.values is not None else None)
            for i, ((_, reading), past) in enumerate(zip(batch, pasts, strict=True))
        ]

    def _take(self, state: StationState, reading: Reading, flags: list[int] | None) -> _Past:
        """Let the state go on by one reading; ``flags`` [F] is ``None`` when all channels are good."""
        if not state.arrive(reading.ts, reading.received):
            return _Past(n=state.n, late=True)
        values = state.fill(reading.values, None if flags is None else [flag == GOOD for flag in flags])
        if self._gas is None:
            return _Past(n=state.n, values=values)
        # The background is that of the readings before this one.
        background = state.background
        gas = reading.values[self._gas]
        level = gas * self._ppb
        if flags is None or flags[self._gas] == GOOD:
            state.rise(level)
        # A level above the physical range still counts: an analyser at its stop must not silence the alarm.
        usable = flags is None or flags[self._gas] == GOOD or gas > self._highest
        return _Past(n=state.n, values=values, level=level if usable else None, background=background)

    def _reconstruct(self, rows: Sequence[Sequence[float]]) -> list[_Error]:
        """Errors of complete readings [N, F]."""
        if not rows:
            return []
        # Whole blocks of rows, and the sum taken here: a reading's last bit must not depend on what came with it, and
        # ONNX Runtime's kernels treat the last rows of an odd batch, and its sums every row, by their place.
        padding = [rows[0]] * (-len(rows) % _BLOCK)
        contributions = self._bundle.scorer.run(readings=[*rows, *padding])["contributions"][: len(rows)]
        errors = contributions.sum(axis=1, dtype=np.float64)
        scores = self._bundle.p_values.score(errors)
        largest = np.argsort(-contributions, axis=1, kind="stable")[:, :_NAMED]
        shares = np.take_along_axis(contributions, largest, axis=1)
        keys = self._station.keys
        columns = zip(errors.tolist(), scores.tolist(), largest.tolist(), shares.tolist(), strict=True)
        return [
            _Error(error, score, {keys[j]: _significant(share, 4) for j, share in zip(channels, row, strict=True)})
            for error, score, channels, row in columns
        ]

    def _verdict(self, reading: Reading, flags: list[int] | None, past: _Past, error: _Error | None) -> Verdict:
        by = self._by_level(past)
        exceeds = ("methane",) if by else ()
        suspect = flags is not None or error is None
        reconstruction = None
        if error is not None:
            threshold = self.thresholds["reconstruction"]
            if error.score >= threshold:
                exceeds = (*exceeds, "reconstruction")
            suspect = suspect or error.score >= threshold - math.log10(SUSPECT_TIMES)
            reconstruction = Reconstruction(
                score=round(error.score, 4) + 0.0, p=_significant(10**-error.score, 3), error=_significant(error.raw, 4)
            )
        methane = None
        if past.level is not None or past.background is not None:
            methane = Methane(level_ppb=_tenths(past.level), background_ppb=_tenths(past.background))
        state: State = "alarm" if exceeds else "suspect" if suspect else "ok"
        return Verdict(
            station=reading.station,
            n=past.n,
            seq=reading.seq,
            ts=None if reading.ts is None else rfc3339(reading.ts),
            received=rfc3339(reading.received),
            reconstruction=reconstruction,
            methane=methane,
            exceeds=exceeds,
            by=by,
            flags={} if flags is None else {k: f for k, f in zip(self._station.keys, flags, strict=True) if f != GOOD},
            contributions={} if error is None else error.contributions,
            state=state,
            late=past.late,
            bundle=self._bundle.id,
        )

    def _by_level(self, past: _Past) -> Literal["limit", "enhancement"] | None:
        """Why the gas level exceeds, if it does."""
        if past.level is None or past.background is None:
            return None
        if past.level >= self._limit:
            return "limit"
        return "enhancement" if past.level >= past.background + self._enhancement else None


class _Past(NamedTuple):
    """One reading, seen with its station's past."""

    n: int
    values: Sequence[float] | None = None
    level: float | None = None
    background: float | None = None
    late: bool = False


class _Error(NamedTuple):
    """What the network says about one reading."""

    raw: float
    score: float
    contributions: dict[str, float]


def _significant(value: float, digits: int) -> float:
    return float(f"{value:.{digits}g}")


def _tenths(level: float | None) -> float | None:
    return None if level is None else round(level, 1)
