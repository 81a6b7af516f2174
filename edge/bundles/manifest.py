"""Defines the manifest of a bundle: its description, as readable JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from config.settings.station import Station
from edge.models.column_digits import ColumnDigits
from edge.models.scaler import Scaler
from edge.models.windows import BACKGROUND_WINDOW, WARM_UP, Windows

FORMAT = 3
"""The bundle format that this davylamp writes and reads."""

SCORER, SCORER_ABSENT = "scorer", "scorer-absent"
"""Names of the scoring models: for stations that send every column, and for those without the gas level."""


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
        ``mse`` or ``mae`` of the reconstruction, or ``likelihood`` with a learnt observation spread.
    beta
        Weight of the KL divergence; 0 for an autoencoder.
    """

    kind: Literal["ae", "vae"]
    hidden: tuple[int, ...]
    latent: int
    loss: Literal["mse", "mae", "likelihood"]
    beta: float


class GeneratorSpec(msgspec.Struct, frozen=True, kw_only=True):
    """The description of a generator; its arrays are in ``tables.npz``.

    Parameters
    ----------
    kind
        Kind of its network; a mixture has none.
    network
        Network between readings and codes; ``None``: codes are whitened rows.
    transform
        ``quantile``: normal scores, whitened; ``scaler``: the manifest's scaler, as published.
    sigma
        Standard deviation [F] of the observation noise, in the space of the network; 0: none.
    components
        Number of Gaussians in the mixture from which codes are drawn.
    likelihood
        Mean log-density [nat] of the validation rows' codes, measured on the fit that left those rows out.
    baseline
        The same under a single Gaussian in place of the mixture.
    regimes
        Name -> least and largest gas level [its unit]; empty without a gas column.
    digits
        How many decimals each column's values have; ``None`` for a quantised column. Bundles of davylamp 0.2 have none.
    """

    kind: Literal["ae", "vae", "mixture"]
    network: NetworkSpec | None
    transform: Literal["quantile", "scaler"]
    sigma: tuple[float, ...]
    components: int
    likelihood: float
    baseline: float
    regimes: dict[str, tuple[float, float]]
    digits: tuple[ColumnDigits | None, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a description that contradicts itself (ValueError)."""
        if (self.network is None) != (self.kind == "mixture"):
            raise ValueError("generator: expected a network, or a mixture without one")

    def latent_size(self, features: int) -> int:
        """Return the size of a code, for a station with ``features`` columns."""
        return features if self.network is None else self.network.latent


class ScoringSpec(msgspec.Struct, frozen=True, kw_only=True):
    """The description of a scoring model; its arrays are in ``tables.npz``, see :mod:`edge.bundles.scoring_tables`.

    Parameters
    ----------
    keys
        Keys of the columns that it scores, in the station's order.
    network
        The reconstruction network.
    scaler
        Scaler of these columns.
    raw
        Scaler of a network that reads whole levels, as published; ``None``: it reads distances from the baseline.
    recenter
        Readings in the rolling median that residuals are compared with; ``None``: off.
    recenter_stride, background, background_stride, warm_up, lag, cadence
        The other windows [readings], see :class:`edge.models.windows.Windows`, and the interval [s] that they were
        resolved with. Bundles of davylamp 0.2 have none of them: they are as they were there.
    chunks, rows
        Number of folds and of rows from which the p-value tables were made.
    responsive
        Keys of the sensors that respond to the gas; without any there is no virtual gas.
    domain
        Key of each gas and climate column -> least and largest value in training.
    notes
        Sentences about parts that the record did not allow.
    onset_refused
        Why there is no onset score although there is a virtual gas; ``None``: there is one.
    """

    keys: tuple[str, ...]
    network: NetworkSpec
    scaler: Scaler
    raw: Scaler | None
    recenter: int | None
    recenter_stride: int = 1
    background: int = BACKGROUND_WINDOW
    background_stride: int = 1
    warm_up: int = WARM_UP
    lag: int = 1
    cadence: float | None = None
    chunks: int
    rows: int
    responsive: tuple[str, ...]
    domain: dict[str, tuple[float, float]]
    notes: tuple[str, ...]
    onset_refused: str | None = None

    @property
    def windows(self) -> Windows:
        """How far back the model remembers [readings] (ValueError if that is impossible)."""
        return Windows(**{name: getattr(self, name) for name in Windows.__struct_fields__})


class TrainingData(msgspec.Struct, frozen=True, kw_only=True):
    """The training data: file names, number of rows used, SHA-256 of the files' bytes."""

    files: tuple[str, ...]
    rows: int
    sha256: str


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """Hash and size of one member, as packed."""

    sha256: str
    bytes: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The description of a bundle.

    Parameters
    ----------
    format
        Version of the bundle format.
    davylamp
        Version of davylamp that trained it.
    created
        End of the training run, RFC 3339.
    station
        The trained station.
    features
        Keys of its columns, in the order of the encoder and the decoder.
    scaler
        Scaler of the space in which differences between readings are measured.
    generator
        Description of the generator.
    scorers
        Descriptions of the scoring models: ``scorer``, and with a gas column ``scorer-absent`` for stations that do
        not send it.
    exceedances_per_1000
        Requested exceedances per kind in 1000 undisturbed readings, unless a gateway requests another rate.
    metrics
        Metrics measured by the trainer, with their split.
    data
        The training data.
    versions
        Versions of the libraries that trained it.
    seed
        Seed of the training.
    members
        Hash and size of every other member of the zip.
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
        if len(self.generator.digits) not in (0, len(self.features)):
            raise ValueError("manifest: the generator's digits are of another number of columns than the station")
        if {name: spec.keys for name, spec in self.scorers.items()} != scorer_keys(self.station):
            raise ValueError(
                "manifest: expected a scorer of all columns, and one without the gas column if there is one"
            )

    @property
    def reconstruction(self) -> NetworkSpec:
        """The reconstruction network for stations that send every column."""
        return self.scorers[SCORER].network

    def to_json(self) -> bytes:
        """Encode it as UTF-8 JSON, indented, keys sorted: the same manifest gives the same bytes."""
        return msgspec.json.format(msgspec.json.encode(self, order="sorted"), indent=2) + b"\n"

    @classmethod
    def from_json(cls, text: bytes) -> Manifest:
        """Decode :meth:`to_json` (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError)."""
        return msgspec.json.decode(text, type=cls)


def measured_fit(metrics: Mapping[str, Any]) -> str:
    """Say on which fit a training's metrics were measured; those of earlier versions name none."""
    return str(metrics.get("fit", "the bundle's own fit"))


def scorer_keys(station: Station) -> dict[str, tuple[str, ...]]:
    """Map the name of each scoring model of a station to the keys of the columns that it scores."""
    found = {SCORER: station.keys}
    if station.gas is not None:
        found[SCORER_ABSENT] = tuple(key for key in station.keys if key != station.gas)
    return found
