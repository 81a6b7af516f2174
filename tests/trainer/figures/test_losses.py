"""draw_curves: a picture that shows both networks."""

from __future__ import annotations

import io

import numpy as np
from matplotlib.image import imread

from trainer.figures.losses import draw_curves
from trainer.networks.history import History


def history(*suffixes: str) -> History:
    curve = [1 / epoch for epoch in range(1, 9)]
    names = [part + suffix for part in ("train", "validation") for suffix in ("", *suffixes)]
    return History(losses=dict.fromkeys(names, curve), chosen=6, cpu_seconds=curve, seconds=1.0)


AE, VAE = history(), history("_reconstruction", "_kl")


def size(png: bytes) -> tuple[int, int]:
    height, width, _ = imread(io.BytesIO(png), format="png").shape
    return height, width


def test_a_row_of_panels_a_network_and_the_variational_parts_beside_their_sum():
    height, width = size(draw_curves({"ae": AE}))
    assert size(draw_curves({"vae": VAE})) == (height, 3 * width)
    assert size(draw_curves({"ae": AE, "vae": VAE})) == (2 * height, 3 * width)


def test_the_same_history_gives_the_same_bytes_and_another_choice_others():
    assert draw_curves({"ae": AE}) == draw_curves({"ae": AE})
    other = History(losses=AE.losses, chosen=3, cpu_seconds=[], seconds=2.0)
    assert draw_curves({"ae": AE}) != draw_curves({"ae": other})


def test_something_is_drawn():
    pixels = imread(io.BytesIO(draw_curves({"ae": AE})), format="png")
    assert np.ptp(pixels[..., :3]) > 0.9


def test_a_loss_below_zero_is_drawn_too():
    below = History(
        losses={name: [value - 0.5 for value in curve] for name, curve in AE.losses.items()},
        chosen=6,
        cpu_seconds=[],
        seconds=1.0,
    )
    assert size(draw_curves({"generator": below})) == size(draw_curves({"ae": AE}))
    assert draw_curves({"generator": below}) != draw_curves({"generator": AE})
