"""Training: how the models are trained."""

from __future__ import annotations

from typing import Annotated, Literal, Self

import msgspec
from msgspec import Meta, Struct

Model = Literal["ae", "vae", "both"]


class Training(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of one training run.

    The defaults were measured on held-out blocks of three boards and of the simulator. Four latents are what moves
    there (temperature, humidity against moisture, methane, a slow drift of the sensors); with as many latents as the
    published ten for nine columns a copy would be perfect, and neither a score nor a comparison with a PCA would mean
    anything. With four, both networks leave .45 to .8 of the PCA's error on the boards; with a beta of .01 the VAE
    leaves all of it for some seeds.
    """

    model: Annotated[Model, Meta(description="ae | vae | both: the AE scores, the VAE generates")] = "both"
    generator: Annotated[
        Literal["ae", "vae", "mixture"] | None,
        Meta(description="ae | vae | mixture (no network) | null: as model says"),
    ] = None
    generator_hidden: Annotated[
        tuple[Annotated[int, Meta(ge=1)], ...], Meta(min_length=1, description="widths of the network that generates")
    ] = (64, 64)
    generator_beta: Annotated[float, Meta(ge=0, description="its VAE: weight of the KL term (both terms summed)")] = 0.1
    generator_epochs: Annotated[int, Meta(ge=1, description="its passes over the rows, batches of 256")] = 80
    generator_steps: Annotated[int, Meta(ge=1, description="its least batches: more passes where rows are few")] = 3000
    components: Annotated[
        Annotated[int, Meta(ge=1)] | Literal["auto"],
        Meta(description="Gaussians that codes are drawn from | auto: one for 30 rows, at most 300"),
    ] = "auto"
    search_k: Annotated[
        bool, Meta(description="auto: choose the count on held-out rows, which takes three more fits")
    ] = False
    hidden: Annotated[
        tuple[Annotated[int, Meta(ge=1)], ...], Meta(min_length=1, description="widths from the columns to the latent")
    ] = (96, 48)
    latent: Annotated[int, Meta(ge=1, description="dimensions of the latent; what scores has fewer than columns")] = 4
    loss: Annotated[Literal["mse", "mae"], Meta(description="mse | mae")] = "mse"
    beta: Annotated[float, Meta(ge=0, description="VAE: weight of the KL term (both terms averaged)")] = 0.003
    epochs: Annotated[int, Meta(ge=1, description="at most")] = 40
    patience: Annotated[int, Meta(ge=1, description="epochs without a better validation loss before it stops")] = 20
    restore_best: Annotated[bool, Meta(description="keep the best weights, not the last")] = True
    batch_size: Annotated[int, Meta(ge=1, description="rows")] = 256
    least_steps: Annotated[
        int, Meta(ge=1, description="of an epoch: batches are smaller where rows are few; 1: they are not")
    ] = 32
    learning_rate: Annotated[float, Meta(gt=0, description="Adam")] = 6e-3
    schedule: Annotated[
        Literal["cosine", "constant"],
        Meta(description="cosine: the learning rate falls to 0 over the epochs | constant"),
    ] = "cosine"
    scaler: Annotated[
        Literal["log", "standard"],
        Meta(description="log: logarithm of the columns with scale: log, then z-scores | standard: z-scores"),
    ] = "log"
    observation_noise: Annotated[
        bool, Meta(description="generated rows get back the noise that the decoder leaves out")
    ] = True
    split: Annotated[
        Literal["blocks", "random"],
        Meta(description="blocks: contiguous | random: leaks, for comparison only"),
    ] = "blocks"
    chunks: Annotated[
        Annotated[int, Meta(ge=2)] | Literal["auto"],
        Meta(description="folds of the out-of-fold p-values | auto: one per regime of the climate"),
    ] = "auto"
    seed: Annotated[int, Meta(ge=0, description="the same seed, the same weights")] = 42
    device: Annotated[Literal["auto", "cpu", "cuda"], Meta(description="auto: a GPU where there is one")] = "auto"

    @classmethod
    def reference(cls, *, model: Model = "both") -> Self:
        """Return the published settings exactly."""
        return cls(
            model=model,
            hidden=(64, 32),
            latent=10,
            beta=1.0,
            epochs=50,
            patience=5,
            restore_best=False,
            batch_size=64,
            least_steps=1,
            learning_rate=1e-3,
            schedule="constant",
            scaler="standard",
            observation_noise=False,
            split="random",
        )

    @classmethod
    def quick(cls, *, model: Model = "both") -> Self:
        """Return settings for a run of seconds: good enough to see the whole loop."""
        return msgspec.structs.replace(
            cls(model=model), epochs=12, chunks=3, generator_epochs=20, generator_steps=300, components=40
        )
