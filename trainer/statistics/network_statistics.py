"""What networks give back of rows, channel by channel, and their codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import torch
from numpy.typing import ArrayLike

from edge.arrays import Arrays, Floats, Indices
from edge.models.scoring_model import ScoringModel
from trainer.data.record import Record
from trainer.figures.axis import Axis
from trainer.generation.fitted_generator import FittedGenerator
from trainer.networks.autoencoder import TabularVAE
from trainer.scoring.measure import walk
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
    every = np.arange(len(record.values))
    recording = replace(model, network=network, virtual=None)
    inputs, residuals, all_codes = network.recorded([o for o, _ in walk(recording, record, every, calibrated=False)])
    known = np.isfinite(inputs).all(axis=1) & record.intact  # rows with a past
    seen, back, codes = (
        {part: values[rows[known[rows]]] for part, rows in parts.items()}
        for values in (inputs, inputs - residuals, all_codes)
    )
    axes = [axis(key, "1", "linear", column) for key, column in zip(model.keys, seen["train"].T, strict=True)]
    return _network_statistics(kind, axes, seen, back, codes)


class _Recorder:
    """A network that records its inputs, residuals and codes."""

    def __init__(self, network: WhitenedReconstruction) -> None:
        self._network = network
        self._calls: list[tuple[Floats, Floats, Floats]] = []

    def run(self, **inputs: ArrayLike) -> Arrays:
        found = self._network.run(**inputs)
        seen = np.asarray(inputs["features"], dtype=np.float64)
        module = self._network.module
        with torch.no_grad():
            rows = torch.from_numpy(seen.astype(np.float32))
            code = module.encode(rows)[0] if isinstance(module, TabularVAE) else module.encode(rows)
        residuals = np.asarray(found["residuals"], dtype=np.float64)
        self._calls.append((seen, residuals, code.numpy().astype(np.float64)))
        return found

    def recorded(self, orders: Sequence[Indices]) -> tuple[Floats, Floats, Floats]:
        """Return inputs, residuals and codes by row; ``orders`` are the numbers of the rows of each call."""
        order = np.concatenate(orders)
        back = np.argsort(order, kind="stable")
        inputs, residuals, codes = (
            # A call is filled up to whole blocks of rows.
            np.concatenate([call[: len(rows)] for call, rows in zip(calls, orders, strict=True)])[back]
            for calls in zip(*self._calls, strict=True)
        )
        return inputs, residuals, codes


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
