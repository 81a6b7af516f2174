"""Correlations: of each pair of columns, straight and by rank."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from edge.arrays import Floats
from trainer.exploring.raw_record import RawRecord

_LEAST = 10  # rows that have both


@dataclass(frozen=True)
class Correlations:
    """Square matrices [F, F] with nan where a column is constant or too little is there."""

    pearson: Floats
    spearman: Floats


def correlations(sheet: RawRecord) -> Correlations:
    """Correlate the rows in which both columns are there; ranks are those within a column."""
    frame = pd.DataFrame(sheet.thin)
    return Correlations(
        pearson=frame.corr(min_periods=_LEAST).to_numpy(),
        spearman=frame.rank().corr(min_periods=_LEAST).to_numpy(),
    )
