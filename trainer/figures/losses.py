"""The picture of a training: loss curves as PNG."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

Losses = Mapping[str, Mapping[str, Any]]
"""Contents of ``losses.json``: network -> curve -> value by epoch, and the epoch ``chosen``."""
_PANELS = {"": "loss", "_reconstruction": "reconstruction error", "_kl": "KL divergence"}


def _panel(axes: Axes, curves: Mapping[str, Any], suffix: str, title: str) -> None:
    train, validation, chosen = curves["train" + suffix], curves["validation" + suffix], curves["chosen"]
    epochs = range(1, len(train) + 1)
    axes.plot(epochs, train, label="training")
    axes.plot(epochs, validation, label="validation")
    axes.axvline(chosen, color="0.4", linestyle=":", label=f"weights kept: epoch {chosen}")
    # A negative log-likelihood may well be negative.
    positive = min(train + validation) > 0
    axes.set(title=title, xlabel="epoch", yscale="log" if positive else "linear")
    axes.legend()


def draw_curves(losses: Losses) -> bytes:
    """Draw every network's training and validation curves; a VAE's two parts have panels of their own.

    Parameters
    ----------
    losses
        Curves by name of the network (``generator``, ``scorer``, ``scorer-absent``).

    Returns
    -------
    bytes
        A PNG without time stamp or versions, so that the same training gives the same picture.
    """
    panels = {name: [s for s in _PANELS if "train" + s in curves] for name, curves in losses.items()}
    columns = max(len(suffixes) for suffixes in panels.values())
    figure = Figure(figsize=(5.2 * columns, 3.8 * len(panels)), layout="constrained")
    grid = figure.subplots(len(panels), columns, squeeze=False)
    for row, (name, suffixes) in zip(grid, panels.items(), strict=True):
        for axes, suffix in zip(row, suffixes, strict=False):
            _panel(axes, losses[name], suffix, f"{name.upper()}: {_PANELS[suffix]}")
        for axes in row[len(suffixes) :]:
            axes.set_axis_off()
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=100, metadata={"Software": None})
    return png.getvalue()
