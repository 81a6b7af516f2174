"""The table that `davylamp score` writes: its columns, and the cells of a verdict."""

from __future__ import annotations

from collections.abc import Sequence

from edge.readings.csv.writer import CsvCell
from edge.scoring.verdict import Methane, Verdict

SCORE_COLUMNS = (
    "file", "row", "reconstruction", "reconstruction_p", "consistency", "consistency_p", "culprit",
    "methane", "methane_p", "virtual_ppb", "virtual_sd_ppb", "flag", "state", "alarm", "virtual", "virtual_sd", "unit",
    "shift_reconstruction", "shift_consistency", "shift_methane", "out_of_domain_degree",
)  # fmt: skip
"""Columns of the table."""


def score_cells(file: str, row: int, verdict: Verdict, flag: int) -> Sequence[CsvCell]:
    """Return the cells of a row of a file: of its verdict, and of its worst channel's flag."""
    reconstruction, consistency, methane = verdict.reconstruction, verdict.consistency, verdict.methane
    return (
        file,
        row,
        reconstruction.score if reconstruction else None,
        reconstruction.p if reconstruction else None,
        consistency.score if consistency else None,
        consistency.p if consistency else None,
        consistency.culprit if consistency else None,
        methane.score if methane else None,
        methane.p if methane else None,
        _virtual(methane, methane.virtual_ppb) if methane else None,
        methane.sd_ppb if methane else None,
        flag,
        verdict.state,
        "+".join(verdict.exceeds),
        _virtual(methane, methane.virtual) if methane else None,
        methane.sd if methane else None,
        methane.unit if methane else None,
        verdict.shift.reconstruction,
        verdict.shift.consistency,
        verdict.shift.methane,
        verdict.out_of_domain_degree,
    )


def _virtual(methane: Methane, level: float | None) -> CsvCell:
    return "over range" if methane.over_range else "under range" if methane.under_range else level
