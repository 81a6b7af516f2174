"""Finding: measures of readings, in the words and with the digits in which a verdict tells them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import repeat, starmap
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.measures import Measures
from edge.model import ScoringModel
from edge.quality import FAIL, GOOD
from edge.verdict import SCORE_CAP, Consistency, Reconstruction

Rows = NDArray[np.float64]

Numbers = list[float | None]

_NAMED = 3  # contributions that a verdict names
_DECIMALS = 4  # of a score
_DIGITS = np.array([[3]] * 3 + [[4]] * (1 + _NAMED))  # of the p-values, the error and its contributions
_EXACT = 22  # largest power of ten that is a float
_UP = np.array([10.0 ** max(k, 0) for k in range(-_EXACT, _EXACT + 1)])
_DOWN = np.array([10.0 ** max(-k, 0) for k in range(-_EXACT, _EXACT + 1)])


class Virtual(NamedTuple):
    """Gas as the sensors tell it, see :class:`edge.verdict.Methane`."""

    score: float | None
    p: float | None
    level: float | None
    sd: float | None
    over_range: bool
    under_range: bool
    background: float | None


class Finding(NamedTuple):
    """What is said about one reading, but for its gas level and what exceeds."""

    consistency: Consistency | None = None
    reconstruction: Reconstruction | None = None
    virtual: Virtual | None = None
    contributions: dict[str, float] = {}  # noqa: RUF012  # nobody writes to it
    outside: tuple[str, ...] = ()


class Findings:
    """Makes the findings of one scoring model, whole batches at a time.

    Parameters
    ----------
    model
        Whose measures they are.
    ppb
        Of one unit of its gas [ppb]; ``None``: levels in that unit cannot be told in ppb.
    """

    def __init__(self, model: ScoringModel, ppb: float | None) -> None:
        self._model = model
        self._keys = model.keys
        self._ppb = ppb
        self._domain = [model.keys.index(key) for key in model.domain]
        self._domain_keys = tuple(model.domain)
        self._low, self._high = np.array(list(model.domain.values()), dtype=np.float64).reshape(-1, 2).T

    def of(self, measures: Measures, values: Rows, flags: NDArray[np.uint8] | None = None) -> list[Finding]:
        """Tell measures of N readings.

        Parameters
        ----------
        measures
            As measured.
        values, flags
            The readings as they were scored [N, F], and the flags of what came [N, F]; ``None``: all are good.
        """
        nothing = np.isnan(np.fmax.reduce(measures.components, axis=1))
        culprits = np.fmax(measures.strangeness, -1.0).argmax(axis=1)
        if flags is not None:
            # Whoever broke a rule is the culprit, before all that merely look strange.
            severity = _severity(flags)
            broken = severity.any(axis=1)
            nothing &= ~broken
            culprits = np.where(broken, severity.argmax(axis=1), culprits)
        consistency = np.where(nothing, np.nan, measures.consistency)
        scores = np.array([consistency, measures.reconstruction, measures.onset])
        largest = np.argsort(-measures.contributions, axis=1, kind="stable")[:, :_NAMED]
        shares = measures.contributions[np.arange(len(values))[:, None], largest]
        # All numbers of all readings are rounded at once: that is most of the work.
        numbers = significant(
            np.concatenate([10.0**-scores, measures.error[None], shares.T]), _DIGITS[: 4 + len(shares.T)]
        )
        told = [_present(row) for row in (np.round(scores, _DECIMALS) + 0.0).tolist()]
        rates = numbers[:3].tolist()
        keys = self._keys
        columns = (
            [
                None if score is None else Consistency(score=score, p=p, culprit=keys[j])
                for score, p, j in zip(told[0], rates[0], culprits.tolist(), strict=True)
            ],
            [
                None if score is None else Reconstruction(score=score, p=p, error=error)
                for score, p, error in zip(told[1], rates[1], numbers[3].tolist(), strict=True)
            ],
            self._virtual(measures, told[2], _present(rates[2])),
            [
                {} if row[0] != row[0] else {keys[j]: share for j, share in zip(channels, row, strict=True)}
                for channels, row in zip(largest.tolist(), numbers[4:].T.tolist(), strict=True)
            ],
            self._outside(values),
        )
        return list(starmap(Finding, zip(*columns, strict=True)))

    def unscored(self, flags: NDArray[np.uint8]) -> Finding:
        """Tell a reading that cannot be completed, by its flags [F]: a rule is broken, and that is all."""
        culprit = self._keys[int(_severity(flags).argmax())]
        return Finding(consistency=Consistency(score=SCORE_CAP, p=10**-SCORE_CAP, culprit=culprit))

    def _virtual(self, measures: Measures, scores: Numbers, p: Numbers) -> Iterable[Virtual | None]:
        virtual = self._model.virtual
        if virtual is None:
            return repeat(None, len(scores))
        logs, high = measures.virtual, math.log(virtual.high)
        over, under = logs > high, logs < math.log(virtual.low) - 2 * virtual.sd
        factor = math.nan if self._ppb is None else self._ppb
        levels = np.where(over | under, math.nan, factor * np.exp(np.minimum(logs, high)))
        told = np.round([levels, levels * virtual.sd, factor * np.exp(measures.background)], 1).tolist()
        level, sd, background = map(_present, told)
        columns = (scores, p, level, sd, over.tolist(), under.tolist(), background)
        return starmap(Virtual, zip(*columns, strict=True))

    def _outside(self, values: Rows) -> list[tuple[str, ...]]:
        found: list[tuple[str, ...]] = [()] * len(values)
        held = values[:, self._domain]
        outside = (held < self._low) | (held > self._high)
        for row in np.flatnonzero(outside.any(axis=1)).tolist():
            found[row] = tuple(key for key, out in zip(self._domain_keys, outside[row].tolist(), strict=True) if out)
        return found


def significant(values: Rows, digits: int | NDArray[np.int64]) -> Rows:
    """Round numbers, none negative, to so many significant digits, such that each is written with no more."""
    places = digits - 1 - np.floor(np.log10(np.where(values > 0, values, 1.0))).astype(np.int64)
    # A power of ten is exact up to 10^22, and a whole number over one is the nearest there is to the decimal.
    places = np.minimum(np.maximum(places, -_EXACT), _EXACT) + _EXACT
    up, down = _UP[places], _DOWN[places]
    return np.asarray(np.rint(values * up / down) / up * down)


def _severity(flags: NDArray[np.uint8]) -> NDArray[np.int8]:
    """2 for what is out of range, 1 for what is missing."""
    return np.asarray((flags != GOOD).astype(np.int8) + (flags == FAIL))


def _present(values: list[float]) -> Numbers:
    """Numbers; ``None`` for nan."""
    return [None if value != value else value for value in values]  # noqa: PLR0124  # the quick test for nan
