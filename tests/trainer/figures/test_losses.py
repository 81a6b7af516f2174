"""draw_curves: a picture that shows both networks."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from matplotlib.image import imread

from trainer.figures.losses import draw_curves


def curves(*suffixes: str) -> dict[str, Any]:
    curve = [1 / epoch for epoch in range(1, 9)]
    names = [part + suffix for part in ("train", "validation") for suffix in ("", *suffixes)]
    return {**dict.fromkeys(names, curve), "chosen": 6}


AE, VAE = curves(), curves("_reconstruction", "_kl")


def size(png: bytes) -> tuple[int, int]:
    height, width, _ = imread(io.BytesIO(png), format="png").shape
    return height, width


def test_a_row_of_panels_a_network_and_the_variational_parts_beside_their_sum() -> None:
    height, width = size(draw_curves({"ae": AE}))
    assert size(draw_curves({"vae": VAE})) == (height, 3 * width)
    assert size(draw_curves({"ae": AE, "vae": VAE})) == (2 * height, 3 * width)


def test_the_same_curves_give_the_same_bytes_and_another_choice_others() -> None:
    assert draw_curves({"ae": AE}) == draw_curves({"ae": AE})
    assert draw_curves({"ae": AE}) != draw_curves({"ae": AE | {"chosen": 3}})


def test_something_is_drawn() -> None:
    pixels = imread(io.BytesIO(draw_curves({"ae": AE})), format="png")
    assert np.ptp(pixels[..., :3]) > 0.9


def test_a_loss_below_zero_is_drawn_too() -> None:
    below = AE | {name: [value - 0.5 for value in AE[name]] for name in ("train", "validation")}
    assert size(draw_curves({"generator": below})) == size(draw_curves({"ae": AE}))
    assert draw_curves({"generator": below}) != draw_curves({"generator": AE})
