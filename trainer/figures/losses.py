"""The picture of a training: loss curves as PNG."""

from __future__ import annotations

import io
from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from trainer.networks.history import History

_PANELS = {"": "loss", "_reconstruction": "reconstruction error", "_kl": "KL divergence"}


def _panel(axes: Axes, history: History, suffix: str, title: str) -> None:
    epochs = range(1, history.epochs + 1)
    axes.plot(epochs, history.losses["train" + suffix], label="training")
    axes.plot(epochs, history.losses["validation" + suffix], label="validation")
    axes.axvline(history.chosen, color="0.4", linestyle=":", label=f"weights kept: epoch {history.chosen}")
    # A negative log-likelihood may well be negative.
    positive = min(history.losses["train" + suffix] + history.losses["validation" + suffix]) > 0
    axes.set(title=title, xlabel="epoch", yscale="log" if positive else "linear")
    axes.legend()


def draw_curves(histories: Mapping[str, History]) -> bytes:
    """Draw every network's training and validation curves; a VAE's two parts have panels of their own.

    Parameters
    ----------
    histories
        Network name (``ae``, ``vae``) -> its history.

    Returns
    -------
    bytes
        A PNG without time stamp or versions, so that the same training gives the same picture.
    """
    panels = {name: [s for s in _PANELS if "train" + s in history.losses] for name, history in histories.items()}
    columns = max(len(suffixes) for suffixes in panels.values())
    figure = Figure(figsize=(5.2 * columns, 3.8 * len(panels)), layout="constrained")
    grid = figure.subplots(len(panels), columns, squeeze=False)
    for row, (name, suffixes) in zip(grid, panels.items(), strict=True):
        for axes, suffix in zip(row, suffixes, strict=False):
            _panel(axes, histories[name], suffix, f"{name.upper()}: {_PANELS[suffix]}")
        for axes in row[len(suffixes) :]:
            axes.set_axis_off()
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=100, metadata={"Software": None})
    return png.getvalue()
