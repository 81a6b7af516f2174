"""Portrait: what ``train`` leaves in a run for its pictures."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import msgspec

from edge.arrays import Floats
from trainer.statistics.json_arrays import read_arrays
from trainer.statistics.samples import Axis, BinnedSamples

PORTRAIT = "portrait.json"
"""Its name in a run folder."""


class ChannelReconstruction(msgspec.Struct, frozen=True, kw_only=True):
    """What one network gives back of one channel that it is given.

    Parameters
    ----------
    axis
        Of what goes in and what comes out: the column in its unit, or, of a network that scores, the channel's
        distance from its baseline, in training standard deviations (unit ``1``).
    explained
        Share of the variance that comes back [-], of ``train`` and ``test`` rows.
    joint
        Test rows in percent, [40, 40]: first by what goes in, then by what comes out, on ``axis.edges``.
    """

    axis: Axis
    explained: dict[Literal["train", "test"], float]
    joint: Floats


class NetworkStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """The inside of one network.

    Parameters
    ----------
    kind
        Autoencoder or variational autoencoder.
    mirrors
        One per channel, in the station's order.
    codes
        Codes of the rows, samples ``train`` and ``test`` (a VAE's: the means); no pairs.
    """

    kind: Literal["ae", "vae"]
    mirrors: tuple[ChannelReconstruction, ...]
    codes: BinnedSamples


class RunStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """``portrait.json``: a run's rows and networks, binned.

    Parameters
    ----------
    rows
        All columns; samples ``train``, ``test`` and ``generated``. Pairs: those of the environment columns, then the
        gas column with each sensor.
    networks
        Name (``generator``, ``scorer``, ``scorer-absent``) -> its inside; a mixture has no network.
    """

    rows: BinnedSamples
    networks: dict[str, NetworkStatistics]

    @classmethod
    def read(cls, folder: str | os.PathLike[str]) -> RunStatistics | None:
        """Read a run folder's; ``None`` where there is none (TrainingError: it is damaged)."""
        return read_arrays(Path(folder) / PORTRAIT, cls, fix="train again into this folder")
