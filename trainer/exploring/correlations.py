"""Correlations of each pair of columns, by value and by rank."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from edge.arrays import Floats
from trainer.exploring.raw_record import RawRecord

_LEAST = 10  # rows in which neither column is missing


@dataclass(frozen=True)
class Correlations:
    """Square matrices [F, F]; nan where a column is constant or too few rows have both."""

    pearson: Floats
    spearman: Floats


def correlations(record: RawRecord) -> Correlations:
    """Correlate the rows in which neither column is missing; ranks are those within a column."""
    frame = pd.DataFrame(record.thin)
    return Correlations(
        pearson=frame.corr(min_periods=_LEAST).to_numpy(),
        spearman=frame.rank().corr(min_periods=_LEAST).to_numpy(),
    )
