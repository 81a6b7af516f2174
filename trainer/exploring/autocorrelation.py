"""How long a column stays similar to itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge.arrays import Floats, Indices, Mask
from trainer.exploring.raw_record import RawRecord

LONGEST = 5000
_LOST = np.exp(-1)


@dataclass(frozen=True)
class Autocorrelation:
    """Autocorrelation of a column.

    Parameters
    ----------
    key
        The column.
    lags
        Lags [rows].
    correlation
        Autocorrelation at the lags [-].
    length
        First lag at which it is below 1/e; nan: it stays above, up to a third of the longest segment.
    """

    key: str
    lags: Indices
    correlation: Floats
    length: float


def autocorrelations(record: RawRecord) -> tuple[Autocorrelation, ...]:
    """Return the autocorrelation of every column that moves.

    Pairs of rows count if they lie within one segment and neither is missing.
    """
    longest = max(end - start for start, end in record.segments)
    most = min(LONGEST, longest // 3)
    if most < 2:
        return ()
    lags = np.unique(np.geomspace(1, most, 160).astype(np.int64))
    found = []
    for key, column in zip(record.station.keys, record.values.T, strict=True):
        there = np.isfinite(column)
        if there.sum() < 2 or np.ptp(column[there]) == 0:
            continue
        correlation = _autocorrelation(np.where(there, column - column[there].mean(), 0.0), there, record, most)
        low = np.flatnonzero(correlation < _LOST)
        found.append(Autocorrelation(key, lags, correlation[lags], float(low[0]) if len(low) else float("nan")))
    return tuple(found)


def _autocorrelation(values: Floats, there: Mask, record: RawRecord, most: int) -> Floats:
    products, pairs = np.zeros(most + 1), np.zeros(most + 1)
    for start, end in record.segments:
        reach = min(most, end - start - 1) + 1
        products[:reach] += _lagged(values[start:end])[:reach]
        pairs[:reach] += _lagged(there[start:end].astype(np.float64))[:reach]
    with np.errstate(invalid="ignore", divide="ignore"):
        covariance = np.where(pairs > 0.5, products / pairs, np.nan)
        return np.asarray(covariance / covariance[0])


def _lagged(values: Floats) -> Floats:
    """Return the sums of products at every lag [N], by Fourier transform."""
    size = 1 << (2 * len(values) - 1).bit_length()
    spectrum = np.fft.rfft(values, size)
    return np.asarray(np.fft.irfft(spectrum * spectrum.conj(), size)[: len(values)])
