"""Manifest: what a bundle says about itself, in JSON that reads well."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from config.settings.station import Station
from edge.models.scaler import Scaler

FORMAT = 3
"""The bundle format that this davylamp writes and reads."""


SCORER, SCORER_ABSENT = "scorer", "scorer-absent"
"""Names of the scoring models: for stations that send every column, and for those that do not send the gas level."""


class NetworkSpec(msgspec.Struct, frozen=True, kw_only=True):
    """Architecture and loss of one network.

    Parameters
    ----------
    kind
        Autoencoder or variational autoencoder.
    hidden
        Widths of the encoder's hidden layers; the decoder mirrors them.
    latent
        Latent dimensions.
    loss
        ``mse`` or ``mae`` of the reconstruction, ``likelihood`` with a learned observation spread.
    beta
        Weight of the KL divergence; 0 for an autoencoder.
    """

    kind: Literal["ae", "vae"]
    hidden: tuple[int, ...]
    latent: int
    loss: Literal["mse", "mae", "likelihood"]
    beta: float


class GeneratorSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What makes synthetic rows, in words; its numbers are in ``tables.npz``.

    Parameters
    ----------
    kind
        Of its network; a mixture has none.
    network
        Between readings and codes; ``None``: codes are white rows.
    transform
        ``quantile``: normal scores, whitened; ``scaler``: the manifest's scaler, as published.
    sigma
        [F], standard deviation of the observation noise, where the network works; 0: none.
    components
        Gaussians in the mixture that codes are drawn from.
    likelihood, baseline
        Mean log-density [nat] of the validation rows' codes under that mixture, and under one Gaussian.
    regimes
        Name -> least and largest gas level [its unit]; empty without a gas column.
    """

    kind: Literal["ae", "vae", "mixture"]
    network: NetworkSpec | None
    transform: Literal["quantile", "scaler"]
    sigma: tuple[float, ...]
    components: int
    likelihood: float
    baseline: float
    regimes: dict[str, tuple[float, float]]

    def __post_init__(self) -> None:
        """Refuse one that contradicts itself (ValueError)."""
        if (self.network is None) != (self.kind == "mixture"):
            raise ValueError("generator: expected a network, or a mixture without one")

    def latent(self, features: int) -> int:
        """Size of a code, for so many columns."""
        return features if self.network is None else self.network.latent


class ScoringSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A scoring model in words; its numbers are in ``tables.npz``, see :mod:`edge.bundles.scoring_tables`.

    Parameters
    ----------
    keys
        Of the columns that it looks at, in the station's order.
    network
        The reconstruction network.
    scaler
        Of these columns.
    raw
        Scaler of a network that reads whole levels, as published; ``None``: it reads distances from the baseline.
    recenter
        Readings in the rolling median that residuals are compared with; ``None``: off.
    chunks, rows
        Folds and rows that the p-value tables come from.
    responsive
        Keys of the sensors that respond to the gas; with none there is no virtual gas.
    domain
        Key of each gas and climate column -> least and largest value trained on.
    notes
        Sentences about what the record did not allow.
    """

    keys: tuple[str, ...]
    network: NetworkSpec
    scaler: Scaler
    raw: Scaler | None
    recenter: int | None
    chunks: int
    rows: int
    responsive: tuple[str, ...]
    domain: dict[str, tuple[float, float]]
    notes: tuple[str, ...]


class TrainingData(msgspec.Struct, frozen=True, kw_only=True):
    """What the networks were trained on: file names, rows used, SHA-256 of the files' bytes."""

    files: tuple[str, ...]
    rows: int
    sha256: str


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One member of the bundle, as it was packed."""

    sha256: str
    bytes: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a bundle says about itself.

    Parameters
    ----------
    format
        Version of the bundle format.
    davylamp
        Version that trained it.
    created
        End of the training run, RFC 3339.
    station, features, scaler
        The readings, the keys in the order of the encoder and the decoder, and the scaling in which differences between
        readings are told.
    generator
        What makes synthetic rows.
    scorers
        What readings are scored with: ``scorer``, and with a gas column ``scorer-absent`` for stations that do not
        send it.
    exceedances_per_1000
        Requested rate of exceedances per kind and 1000 undisturbed readings, unless a gateway asks for another.
    metrics
        Measured by the trainer, with the split they belong to.
    members
        Every other member of the zip.
    """

    format: int = FORMAT
    davylamp: str
    created: str
    station: Station
    features: tuple[str, ...]
    scaler: Scaler
    generator: GeneratorSpec
    scorers: dict[str, ScoringSpec]
    exceedances_per_1000: float = 1.0
    metrics: dict[str, Any]
    data: TrainingData
    versions: dict[str, str]
    seed: int
    members: dict[str, Member]

    def __post_init__(self) -> None:
        """Refuse a manifest that contradicts itself (ValueError)."""
        if self.features != self.station.keys:
            raise ValueError("manifest: features differ from the station's keys")
        if len(self.scaler.scale) != len(self.features):
            raise ValueError("manifest: the scaler has another number of columns than the station")
        if len(self.generator.sigma) != len(self.features):
            raise ValueError("manifest: the generator has another number of columns than the station")
        if {name: fitted.keys for name, fitted in self.scorers.items()} != scorer_keys(self.station):
            raise ValueError(
                "manifest: expected a scorer of all columns, and one without the gas column if there is one"
            )

    @property
    def reconstruction(self) -> NetworkSpec:
        """The network that scores stations which send every column."""
        return self.scorers[SCORER].network

    def to_json(self) -> bytes:
        """UTF-8 JSON, indented, keys sorted: the same manifest gives the same bytes."""
        return msgspec.json.format(msgspec.json.encode(self, order="sorted"), indent=2) + b"\n"

    @classmethod
    def from_json(cls, text: bytes) -> Manifest:
        """Read :meth:`to_json` again (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError)."""
        return msgspec.json.decode(text, type=cls)


def scorer_keys(station: Station) -> dict[str, tuple[str, ...]]:
    """Name of each scoring model of a station -> keys of the columns that it looks at."""
    found = {SCORER: station.keys}
    if station.gas is not None:
        found[SCORER_ABSENT] = tuple(key for key in station.keys if key != station.gas)
    return found
