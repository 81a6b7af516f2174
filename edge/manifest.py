"""Manifest: what a bundle says about itself, in JSON that reads well."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from config.station import Station
from edge.scaler import Scaler

FORMAT = 1
"""The bundle format that this davylamp writes and reads."""


class Network(msgspec.Struct, frozen=True, kw_only=True):
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
        Of the reconstruction: ``mse`` or ``mae``.
    beta
        Weight of the KL divergence; 0 for an autoencoder.
    """

    kind: Literal["ae", "vae"]
    hidden: tuple[int, ...]
    latent: int
    loss: Literal["mse", "mae"]
    beta: float


class Data(msgspec.Struct, frozen=True, kw_only=True):
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
        The readings, the keys in the graphs' order, and the scaling inside the graphs.
    reconstruction, generator
        The network that scores, and the one that makes synthetic rows; one and the same with ``--model ae|vae``.
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
    reconstruction: Network
    generator: Network
    exceedances_per_1000: float = 1.0
    metrics: dict[str, Any]
    data: Data
    versions: dict[str, str]
    seed: int
    members: dict[str, Member]

    def __post_init__(self) -> None:
        """Refuse a manifest that contradicts itself (ValueError)."""
        if self.features != self.station.keys:
            raise ValueError("manifest: features differ from the station's keys")
        if len(self.scaler.scale) != len(self.features):
            raise ValueError("manifest: the scaler has another number of columns than the station")

    def to_json(self) -> bytes:
        """UTF-8 JSON, indented, keys sorted: the same manifest gives the same bytes."""
        return msgspec.json.format(msgspec.json.encode(self, order="sorted"), indent=2) + b"\n"

    @classmethod
    def from_json(cls, text: bytes) -> Manifest:
        """Read :meth:`to_json` again (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError)."""
        return msgspec.json.decode(text, type=cls)
