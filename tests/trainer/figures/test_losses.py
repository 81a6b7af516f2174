"""Loss curves: a picture with every network and every part of its loss."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from matplotlib.image import imread

from trainer.figures.losses import losses_png


def curves(*suffixes: str) -> dict[str, Any]:
    curve = [1 / epoch for epoch in range(1, 9)]
    names = [part + suffix for part in ("train", "validation") for suffix in ("", *suffixes)]
    return {**dict.fromkeys(names, curve), "chosen": 6}


AE, VAE = curves(), curves("_reconstruction", "_kl")


def size(png: bytes) -> tuple[int, int]:
    height, width, _ = imread(io.BytesIO(png), format="png").shape
    return height, width


def test_each_part_of_each_networks_loss_has_axes_three_in_a_row() -> None:
    height, width = size(losses_png({"ae": AE}))
    assert size(losses_png({"vae": VAE})) == (height, 3 * width)
    assert size(losses_png({"ae": AE, "vae": VAE})) == (2 * height, 3 * width)


def test_equal_curves_give_equal_bytes_and_another_epoch_kept_others() -> None:
    assert losses_png({"ae": AE}) == losses_png({"ae": AE})
    assert losses_png({"ae": AE}) != losses_png({"ae": AE | {"chosen": 3}})


def test_something_is_drawn() -> None:
    pixels = imread(io.BytesIO(losses_png({"ae": AE})), format="png")
    assert np.ptp(pixels[..., :3]) > 0.9


def test_a_loss_below_zero_is_drawn_too() -> None:
    below = AE | {name: [value - 0.5 for value in AE[name]] for name in ("train", "validation")}
    assert size(losses_png({"generator": below})) == size(losses_png({"ae": AE}))
    assert losses_png({"generator": below}) != losses_png({"generator": AE})
