"""Measures a station's drift over its life as a gateway that ran one bundle all the time would have published it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from edge.arrays import Floats
from edge.bundles.bundle import Bundle
from edge.drift.drift_state import DriftState
from edge.models.scores import Scores
from trainer.data.record import Record, Span
from trainer.scoring.onset import without_plume


class LifeDrift(NamedTuple):
    """How far a station is from the training of one bundle.

    Parameters
    ----------
    names
        Keys of the columns, and ``reconstruction`` [C].
    shares
        The farthest in each stretch, as a share of what raises the alarm ``retrain`` [stretches, C]; nan until the
        window is full.
    stands
        Whether the alarm stands at some time of each stretch.
    """

    names: tuple[str, ...]
    shares: Floats
    stands: tuple[bool, ...]


def measure_drift(
    bundle: Bundle, record: Record, scores: Scores, stretches: Sequence[Span], *, absent: bool
) -> LifeDrift | None:
    """Let everything that a station sent pass through the gateway's own measure of drift.

    Parameters
    ----------
    bundle
        The bundle.
    record
        Everything that the station sent.
    scores
        The bundle's scores of it.
    stretches
        ``(start, end)`` of rows; together they are all, in order.
    absent
        Whether they are rows for the model without the gas column.

    Returns
    -------
    LifeDrift or None
        ``None`` if the bundle does not know how its training was distributed.
    """
    reference = bundle.drift(absent)
    if reference is None:
        return None
    model = bundle.scoring(absent)
    columns = list(model.columns)
    state = DriftState(reference, model.keys, model.residuals, model.effects)
    # A gateway looks at no reading with a held cell, nor at one whose measured gas exceeds.
    looked_at = record.intact if absent else record.intact & without_plume(record, np.arange(len(record.values)))
    shares = np.full((len(stretches), len(state.names)), np.nan)
    stands = []
    for far, (start, end) in zip(shares, stretches, strict=True):
        stood = False
        for row in range(start, end):
            state.left -= 1
            if state.left < 0 and looked_at[row]:
                state.add(record.values[row, columns], float(scores.error[row]))
                stood |= bool(state.drifted)
                if state.full:
                    far[:] = np.fmax(far, list(state.shares.values()))
        stands.append(stood)
    return LifeDrift(state.names, shares, tuple(stands))
