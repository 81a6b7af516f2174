"""Curves: what pictures of an evaluation need beside its numbers, of one station's record on one split."""

from __future__ import annotations

import msgspec

from edge.arrays import Floats
from trainer.statistics.samples import Axis


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One fault on a timeline.

    Parameters
    ----------
    family, case
        As in :mod:`trainer.evaluation.detection.faults`.
    start, end
        Rows of the record, end exclusive.
    channel
        Key of the column at fault; ``None`` where it is not one column.
    found
        Whether the consistency exceeds in it.
    """

    family: str
    case: str
    start: int
    end: int
    channel: str | None
    found: bool


class ScoreTimeline(msgspec.Struct, frozen=True, kw_only=True):
    """One held-out block with faults in it, one after the other, as an operator would see it.

    Parameters
    ----------
    start, end
        Rows of the record, end exclusive.
    row
        First row of each of N bins, [N].
    scores
        ``consistency``, ``reconstruction`` -> largest score of each bin, -log10 p, [N]; nan where there is none.
    thresholds
        ``consistency`` -> threshold of the gateway where each bin begins, [N], default settings; nan while it warms up.
    gas
        Mean of the clean gas column in each bin, in its unit, [N]; ``None`` without such a column.
    faults
        In order.
    alarms
        ``(start, end)`` rows for which an alarm stood, default settings.
    """

    start: int
    end: int
    row: Floats
    scores: dict[str, Floats]
    thresholds: dict[str, Floats]
    gas: Floats | None
    faults: tuple[Fault, ...]
    alarms: tuple[tuple[int, int], ...]


class VirtualGasCurve(msgspec.Struct, frozen=True, kw_only=True):
    """Virtual gas against the gas column that was withheld, on held-out rows.

    Parameters
    ----------
    axis
        Of both, in the gas's unit.
    joint
        Rows in percent, [40, 40]: first by the reference, then by the virtual gas.
    reference, low, median, high
        [M]: of the rows of each bin of the reference, the bin's centre and the virtual gas's 10, 50 and 90 % quantile.
    sd
        Of its natural logarithm, as the model itself promises: the band is the virtual gas times e^-sd to e^sd.
    row, line, virtual
        [N]: first row of each bin of the record, and means of reference and virtual gas there; nan between blocks.
    """

    axis: Axis
    joint: Floats
    reference: Floats
    low: Floats
    median: Floats
    high: Floats
    sd: float
    row: Floats
    line: Floats
    virtual: Floats


class Curves(msgspec.Struct, frozen=True, kw_only=True):
    """Everything of one cell.

    Parameters
    ----------
    rates
        False positives per undisturbed row, [R], evenly spaced on a logarithmic axis from 1e-4 to 1.
    roc
        Detector -> share of fault rows found at each rate, mean over families of the mean over their cases, [R].
    requested
        Rates asked for, [Q].
    realised
        ``detector, mode`` -> share of undisturbed held-out rows that exceed, [Q].
    timelines
        One per held-out block, the first few.
    virtual
        ``None`` where there is no virtual gas.
    """

    rates: Floats
    roc: dict[str, Floats]
    requested: Floats
    realised: dict[str, Floats]
    timelines: tuple[ScoreTimeline, ...]
    virtual: VirtualGasCurve | None
