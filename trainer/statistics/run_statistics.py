"""What ``train`` leaves in a run for its figures."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import msgspec

from edge.arrays import Floats
from trainer.figures.axis import Axis
from trainer.statistics.json_arrays import read_arrays
from trainer.statistics.samples import BinnedSamples

STATISTICS = "portrait.json"
"""Name of the file in a run folder."""


class ChannelReconstruction(msgspec.Struct, frozen=True, kw_only=True):
    """What a network gives back of one channel.

    Parameters
    ----------
    axis
        Axis of what goes in and of what comes out: the column in its unit or, of a scoring network, the channel's
        distance from its baseline in training standard deviations (unit ``1``).
    explained
        Share of the variance that comes back [-], of ``train`` and ``test`` rows.
    joint
        Share of the test rows in each cell of ``axis.edges`` [%], [40, 40], first by what goes in.
    """

    axis: Axis
    explained: dict[Literal["train", "test"], float]
    joint: Floats


class NetworkStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """Reconstruction and codes of one network.

    Parameters
    ----------
    kind
        Autoencoder or variational autoencoder.
    channels
        Reconstruction of each channel, in the station's order.
    codes
        Codes of the ``train`` and ``test`` rows (of a VAE: their means); no pairs.
    """

    kind: Literal["ae", "vae"]
    channels: tuple[ChannelReconstruction, ...] = msgspec.field(name="mirrors")
    codes: BinnedSamples


class RunStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """``portrait.json``: a run's rows and networks, binned.

    Parameters
    ----------
    rows
        Samples ``train``, ``test`` and ``generated`` of all columns, and :func:`trainer.statistics.binning.pairs`.
    networks
        Name (``generator``, ``scorer``, ``scorer-absent``) -> its statistics; a mixture has no network.
    """

    rows: BinnedSamples
    networks: dict[str, NetworkStatistics]

    @classmethod
    def read(cls, folder: str | os.PathLike[str]) -> RunStatistics | None:
        """Read the statistics of a run folder; ``None`` if it has none (TrainingError if they are damaged)."""
        return read_arrays(Path(folder) / STATISTICS, cls, fix="train again into this folder")
