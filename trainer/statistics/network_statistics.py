"""What networks give back of rows, channel by channel, and their codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import torch
from numpy.typing import ArrayLike

from edge.arrays import Arrays, Floats, Indices
from edge.models.scores import ScoreState, score_rows
from edge.models.scoring_model import ScoringModel
from trainer.data.record import Record
from trainer.figures.axis import Axis
from trainer.generation.fitted_generator import FittedGenerator
from trainer.networks.autoencoder import TabularVAE
from trainer.scoring.reconstruction import WhitenedReconstruction
from trainer.statistics.binning import axis, bin_samples, joint_histogram
from trainer.statistics.run_statistics import ChannelReconstruction, NetworkStatistics

Part = Literal["train", "test"]


def generator_statistics(
    fitted: FittedGenerator, axes: Sequence[Axis], parts: Mapping[Part, Floats]
) -> NetworkStatistics | None:
    """Describe a generator's network by rows [N, F] of each part; ``None`` if it has no network.

    The channels are the columns in their units, on the given axes.
    """
    if fitted.spec.network is None:
        return None
    codes = {part: fitted.codec.encode(rows)["mean"].astype(np.float64) for part, rows in parts.items()}
    # Without the noise that generated rows get: only the network is described.
    back = {
        part: np.asarray(fitted.codec.decode(codes[part], np.zeros_like(rows)), dtype=np.float64)
        for part, rows in parts.items()
    }
    return _network_statistics(fitted.spec.network.kind, axes, parts, back, codes)


def scorer_statistics(
    model: ScoringModel, kind: Literal["ae", "vae"], record: Record, parts: Mapping[Part, Indices]
) -> NetworkStatistics:
    """Describe a scoring network by rows of a record, as they come to it: with their past.

    The channels are distances from their baselines (in the published form z-scores), in standard deviations.
    """
    assert isinstance(model.network, WhitenedReconstruction)
    network = _Recorder(model.network)
    runs = [(ScoreState(model), end - start) for start, end in record.segments]
    score_rows(replace(model, network=network, virtual=None), record.values[:, model.columns], runs, calibrated=False)
    known = np.asarray(np.isfinite(network.seen).all(axis=1))  # rows with a past
    seen, back, codes = (
        {part: values[rows[known[rows]]] for part, rows in parts.items()}
        for values in (network.seen, network.seen - network.residuals, network.codes)
    )
    axes = [axis(key, "1", "linear", column) for key, column in zip(model.keys, seen["train"].T, strict=True)]
    return _network_statistics(kind, axes, seen, back, codes)


@dataclass
class _Recorder:
    """A network that records its last input, residuals and codes."""

    network: WhitenedReconstruction
    seen: Floats = field(init=False)
    residuals: Floats = field(init=False)
    codes: Floats = field(init=False)

    def run(self, **inputs: ArrayLike) -> Arrays:
        found = self.network.run(**inputs)
        self.seen = np.asarray(inputs["features"], dtype=np.float64)
        self.residuals = np.asarray(found["residuals"], dtype=np.float64)
        module = self.network.module
        with torch.no_grad():
            rows = torch.from_numpy(self.seen.astype(np.float32))
            code = module.encode(rows)[0] if isinstance(module, TabularVAE) else module.encode(rows)
        self.codes = code.numpy().astype(np.float64)
        return found


def _network_statistics(
    kind: Literal["ae", "vae"],
    axes: Sequence[Axis],
    seen: Mapping[Part, Floats],
    back: Mapping[Part, Floats],
    codes: Mapping[Part, Floats],
) -> NetworkStatistics:
    explained = {part: _explained(rows, back[part]) for part, rows in seen.items()}
    return NetworkStatistics(
        kind=kind,
        channels=tuple(
            ChannelReconstruction(
                axis=one,
                explained={part: float(shares[i]) for part, shares in explained.items()},
                joint=joint_histogram(one, seen["test"][:, i], one, back["test"][:, i]),
            )
            for i, one in enumerate(axes)
        ),
        codes=bin_samples(
            [axis(f"z{i}", "1", "linear", column) for i, column in enumerate(codes["train"].T, 1)],
            {str(part): rows for part, rows in codes.items()},
        ),
    )


def _explained(seen: Floats, back: Floats) -> Floats:
    """Return the share of each channel's variance that comes back [F]; nan for a constant channel."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(1 - np.square(seen - back).mean(axis=0) / seen.var(axis=0))
