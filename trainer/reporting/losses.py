"""The panel of the losses: what every network learnt, epoch by epoch, and where it was stopped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from trainer.figures.ticks import few_ticks
from trainer.page import BLUE, INK, ORANGE, Panel, figure
from trainer.reporting.display_names import NETWORKS

Losses = Mapping[str, Mapping[str, Any]]
"""Contents of ``losses.json``: network -> curve -> value by epoch, and the ``chosen`` epoch."""

_PARTS = {"": "loss", "_reconstruction": "reconstruction", "_kl": "KL divergence"}


def losses_panel(losses: Losses) -> Panel:
    """Draw training and validation curves of every network; a VAE's two parts have axes of their own."""
    curves = [(name, part) for name in losses for part in _PARTS if f"train{part}" in losses[name]]
    columns = min(3, len(curves))
    rows = -(-len(curves) // columns)
    picture = figure(3.3 * columns, 2.7 * rows)
    grid = picture.subplots(rows, columns, squeeze=False).ravel()
    for axes, (name, part) in zip(grid, curves, strict=False):
        _draw(axes, losses[name], part)
        axes.set_title(f"{NETWORKS.get(name, name)}: {_PARTS[part]}")
    for axes in grid[len(curves) :]:
        axes.set_axis_off()
    grid[0].legend(loc="best")
    chosen = ", ".join(
        f"{NETWORKS.get(name, name)} {of['chosen']} of {len(of['train'])}" for name, of in losses.items()
    )
    return Panel(
        key="losses",
        title="Loss curves",
        says="Where validation turns up while training still falls, a network learns its rows by heart; "
        f"the weights kept are those of the dotted epoch ({chosen}).",
        figure=picture,
        alt=f"Training and validation loss by epoch. Epoch kept: {chosen}.",
        numbers=losses,
        wide=True,
    )


def _draw(axes: Axes, of: Mapping[str, Any], part: str) -> None:
    train: Sequence[float] = of[f"train{part}"]
    validation: Sequence[float] = of[f"validation{part}"]
    epochs = range(1, len(train) + 1)
    axes.plot(epochs, train, color=BLUE, label="training")
    axes.plot(epochs, validation, color=ORANGE, label="validation")
    axes.axvline(of["chosen"], color=INK, linestyle=":", label="weights kept")
    # A negative log-likelihood may well be negative; its first epochs would flatten all the others.
    both = np.array([*train, *validation])
    if min(both) > 0 and not part.endswith("kl"):
        axes.set_yscale("log")
        few_ticks(axes.yaxis)
    else:
        low, high = both.min(), np.quantile(both, 0.94)
        axes.set_ylim(low - 0.05 * (high - low), high + 0.1 * (high - low))
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
