"""Draws loss curves: of one run, and of several runs side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from trainer.figures.colours import BLUE, INK, ORANGE
from trainer.figures.legend import add_legend
from trainer.figures.png import png
from trainer.figures.style import figure, grid
from trainer.figures.ticks import few_ticks

Losses = Mapping[str, Mapping[str, Any]]
"""Contents of ``losses.json``: network -> curve -> value by epoch, and the epoch ``chosen``."""

_PARTS = {"": "loss", "_reconstruction": "reconstruction", "_kl": "KL divergence"}
_DPI = 100


def losses_png(losses: Losses) -> bytes:
    """Draw :func:`draw_losses` as a picture that stands alone: it also names the epoch kept of every network."""
    picture = draw_losses(losses, {})
    kept = ", ".join(f"{name} {curves['chosen']}" for name, curves in losses.items())
    picture.supxlabel(f"epoch whose weights are kept: {kept}", fontsize="medium")
    return png(picture, _DPI)


def draw_losses(losses: Losses, titles: Mapping[str, str]) -> Figure:
    """Draw the training and validation curves of every network, and the epoch whose weights were kept.

    Parameters
    ----------
    losses
        Curves by network (``generator``, ``scorer``, ``scorer-absent``); the two parts of a VAE's loss have axes of
        their own.
    titles
        Network -> its name in the figure, where that is another.
    """
    curves = [(name, part) for name in losses for part in _PARTS if f"train{part}" in losses[name]]
    columns = min(3, len(curves))
    picture = figure(3.3 * columns, 2.7 * -(-len(curves) // columns))
    all_axes = grid(picture, len(curves), columns)
    for axes, (name, part) in zip(all_axes, curves, strict=True):
        train: Sequence[float] = losses[name][f"train{part}"]
        validation: Sequence[float] = losses[name][f"validation{part}"]
        epochs = range(1, len(train) + 1)
        axes.plot(epochs, train, color=BLUE, label="training")
        axes.plot(epochs, validation, color=ORANGE, label="validation")
        axes.axvline(losses[name]["chosen"], color=INK, linestyle=":", label="weights kept")
        both = np.array([*train, *validation])
        if part.endswith("kl") or not _logarithmic(axes, both):
            low, high = both.min(), np.quantile(both, 0.94)  # the first epochs would flatten all the others
            axes.set_ylim(low - 0.05 * (high - low), high + 0.1 * (high - low))
        axes.set(title=f"{titles.get(name, name)}: {_PARTS[part]}", xlabel="epoch")
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    all_axes[0].legend(loc="best")
    return picture


def compare_losses(runs: Mapping[str, Losses], colours: Mapping[str, str], titles: Mapping[str, str]) -> Figure:
    """Draw the validation curves of several runs, network by network; a dot is the epoch whose weights were kept.

    Parameters
    ----------
    runs
        Run -> its losses.
    colours
        Run -> its colour.
    titles
        Network -> its name in the figure, where that is another.
    """
    networks = dict.fromkeys(name for losses in runs.values() for name in losses)
    picture = figure(3.3 * len(networks), 3.0)
    for axes, name in zip(grid(picture, len(networks), len(networks)), networks, strict=True):
        curves = {run: losses[name] for run, losses in runs.items() if name in losses}
        for run, of in curves.items():
            validation: Sequence[float] = of["validation"]
            axes.plot(range(1, len(validation) + 1), validation, color=colours[run], label=run)
            axes.plot(of["chosen"], validation[of["chosen"] - 1], "o", color=colours[run], markersize=5)
        _logarithmic(axes, np.concatenate([of["validation"] for of in curves.values()]))
        axes.set(title=titles.get(name, name), xlabel="epoch")
    add_legend(picture, colours)
    return picture


def _logarithmic(axes: Axes, values: np.ndarray) -> bool:
    """Set a logarithmic y axis unless a value forbids it: a negative log-likelihood may well be negative."""
    if values.min() <= 0:
        return False
    axes.set_yscale("log")
    few_ticks(axes.yaxis)
    return True
