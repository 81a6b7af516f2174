"""Measures what detectors find of plumes when they do not get the gas column."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge.arrays import Floats, Mask
from edge.models.scoring_model import ScoringModel
from edge.scoring.decider import QUIET
from trainer.data.onsets import onsets
from trainer.data.record import Record
from trainer.evaluation.detection.folds import Fold
from trainer.evaluation.detection.peers import Peer
from trainer.evaluation.detection.results import ONSET, WithoutGas
from trainer.evaluation.detection.roc import auroc
from trainer.scoring.measure import measure
from trainer.scoring.onset import IN_TIME


def evaluate_without_gas(
    record: Record, fold: Fold, model: ScoringModel, peers: Sequence[Peer], requested: Sequence[float]
) -> tuple[WithoutGas, ...]:
    """Measure the onset score and the peers on held-out rows, without the gas column.

    The onset's memory runs over the whole record, as it does on a gateway, and its score is read at the held-out rows.
    Its threshold is that of its table; a peer's is the quantile of all its training rows, as published.

    Parameters
    ----------
    record
        Record of a station with a gas column.
    fold
        Which of its rows are held out.
    model
        Model with a virtual gas, fitted on the training rows without the gas column.
    peers
        Detectors fitted on the same columns.
    requested
        Requested rates.
    """
    gas = record.values[:, record.station.gas_index]
    known = gas[record.intact_rows(fold.train)]
    background = float(np.quantile(known, 0.1))
    judged = fold.test[fold.judged]
    quiet = judged[gas[judged] < QUIET * background]
    high = judged[gas[judged] > np.quantile(known, 0.95)]
    held_out = np.isin(np.arange(len(gas)), fold.test)
    steps = [row for row in onsets(record, background) if held_out[row]]
    values = record.values[:, model.columns]
    other = record.without_gas
    measures = measure(model, other, np.arange(len(other.values)))
    here = np.searchsorted(other.places, record.places)  # this record's rows are among those
    rise, score = (measures.virtual - measures.background)[here], measures.onset[here]

    def result(detector: str, raw: Floats, exceeds: Mask, rate: float) -> WithoutGas:
        seen = exceeds & held_out
        return WithoutGas(
            detector=detector,
            auroc=auroc(raw[quiet], raw[high]),
            requested=rate,
            realised=float(exceeds[quiet].mean()),
            onsets=len(steps),
            found=sum(bool(seen[row : row + IN_TIME + 1].any()) for row in steps),
        )

    results = [result(ONSET, rise, score >= -np.log10(rate), rate) for rate in requested]
    for peer in peers:
        raw = peer.score(values)
        results += [result(peer.name, raw, raw > peer.threshold(rate), rate) for rate in requested]
    return tuple(results)
