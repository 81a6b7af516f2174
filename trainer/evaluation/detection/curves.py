"""Holds what figures of an evaluation need beside its numbers, for one split of one station's record."""

from __future__ import annotations

import msgspec

from edge.arrays import Floats
from trainer.figures.axis import Axis


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One fault on a timeline.

    Parameters
    ----------
    family, case
        As in :mod:`trainer.evaluation.detection.faults`.
    start, end
        Rows of the record, end exclusive.
    channel
        Key of the column at fault; ``None`` where the fault is not in a single column.
    found
        Whether the consistency exceeds in at least one of its rows.
    """

    family: str
    case: str
    start: int
    end: int
    channel: str | None
    found: bool


class ScoreTimeline(msgspec.Struct, frozen=True, kw_only=True):
    """One held-out block with one fault after the other in it, as an operator would see it.

    Parameters
    ----------
    start, end
        Rows of the record, end exclusive.
    row
        First row of each of N bins, [N].
    scores
        ``consistency``, ``reconstruction`` -> largest score of each bin, -log10 p, [N]; nan without a score.
    thresholds
        ``consistency`` -> threshold of a gateway with default settings where each bin begins, [N]; nan while it warms
        up.
    gas
        Mean of the clean gas column in each bin, in its unit, [N]; ``None`` without such a column.
    faults
        The faults, in order.
    alarms
        ``(start, end)`` rows of each alarm that a gateway with default settings raises.
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
        Axis of both, in the gas's unit.
    joint
        Rows in percent, [40, 40]: first by the reference, then by the virtual gas.
    reference
        Centre of each bin of the reference, [M].
    low, median, high
        10, 50 and 90 % quantile of the virtual gas in the rows of that bin, [M].
    sd
        Standard deviation of the virtual gas's natural logarithm that the model itself states: the band reaches from
        the virtual gas times e^-sd to the virtual gas times e^sd.
    row
        First row of each bin of the record, [N].
    line, virtual
        Mean of the reference and of the virtual gas in that bin, [N]; nan between blocks.
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
    """All curves of one fold.

    Parameters
    ----------
    rates
        False positives per undisturbed row, [R], evenly spaced on a logarithmic axis from 1e-4 to 1.
    roc
        Detector -> recall at each rate, the mean over the families of the means over their cases, [R].
    requested
        Requested rates, [Q].
    realised
        ``detector, mode`` -> share of undisturbed held-out rows that exceed, [Q].
    timelines
        The first few held-out blocks.
    virtual
        ``None`` if the station has no virtual gas.
    """

    rates: Floats
    roc: dict[str, Floats]
    requested: Floats
    realised: dict[str, Floats]
    timelines: tuple[ScoreTimeline, ...]
    virtual: VirtualGasCurve | None
