"""A sampler of two latents and known numbers, without a network."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from config.settings.station import Feature, Station
from edge.arrays import Arrays
from edge.models.generator import Generator
from edge.synthesis.sampler import Sampler

Kind = Literal["ae", "vae", "mixture"]
COVARIANCE = np.array([[4.0, 1.0], [1.0, 0.5]])
PLUME = (10.0, 12.0)


class Identity:
    """Codes are the readings themselves; the posterior of every row has a standard deviation of 0.5."""

    def __init__(self, is_vae: bool) -> None:
        self.is_vae = is_vae
        self.largest = 0

    def run(self, **inputs: Any) -> Arrays:
        if "readings" in inputs:
            mean = np.asarray(inputs["readings"], np.float32)
            return {"mean": mean} | ({"log_variance": np.full_like(mean, 2 * np.log(0.5))} if self.is_vae else {})
        self.largest = max(self.largest, len(inputs["latent"]))
        return {"readings": np.asarray(inputs["latent"], np.float32)}


def plain_sampler(kind: Kind, gas: bool = True) -> tuple[Sampler, Identity]:
    """Make a sampler over two columns whose networks do nothing, with one Gaussian as two components."""
    station = Station(
        name="plain",
        features=tuple(
            Feature(name=key, key=key, unit="1", role="gas" if gas else "sensor", range=(-100, 100), missing=())
            for key in ("a", "b")
        ),
    )
    networks = Identity(kind == "vae")
    root = np.linalg.cholesky(COVARIANCE)
    generator = Generator(
        station=station,
        kind=kind,
        encoder=networks,
        decoder=networks,
        weights=np.array([0.75, 0.25], np.float32),
        means=np.array([[7.0, -3.0], [7.0, -3.0]], np.float32),
        roots=np.array([root, root], np.float32),
        latent_std=np.array([2.0, 0.8], np.float32),
        regimes={"background": (-9.0, 7.0), "plume": PLUME} if gas else {},
        low=np.array([-9.0, -9.0], np.float32),
        high=np.array([20.0, 9.0], np.float32),
    )
    return Sampler(generator), networks
