"""The panels of a network: what it gives back of each channel, and its codes."""

from __future__ import annotations

import numpy as np

from trainer.figures.densities import CODES_EVERY, draw_codes
from trainer.figures.joints import draw_reconstructions
from trainer.figures.units import percent
from trainer.page.panel import Panel
from trainer.reporting.display_names import NETWORKS
from trainer.statistics.run_statistics import NetworkStatistics
from trainer.statistics.samples import BinnedSamples

_USED = 0.1  # standard deviation of the codes from which a dimension is in use


def reconstruction_panel(name: str, network: NetworkStatistics) -> Panel:
    """Show what comes out of a network over what goes in, channel by channel."""
    worst = min(network.channels, key=lambda channel: channel.explained["test"])
    title = f"Reconstruction: {NETWORKS.get(name, name)} ({network.kind.upper()})"
    explained = {channel.axis.key: channel.explained for channel in network.channels}
    return Panel(
        key=f"reconstruction-{name}",
        title=title,
        caption="What lies on the line comes back as it went in; the percentage is the share of the held-out variance "
        f"that does, least for {worst.axis.key}.",
        figure=draw_reconstructions(
            [
                (channel.axis, channel.joint, f"{channel.axis.key}: {percent(channel.explained['test'], 1)}")
                for channel in network.channels
            ]
        ),
        alt=f"{title}, share of held-out variance that comes back: "
        + ", ".join(f"{key} {of['test']:.2f}" for key, of in explained.items()),
        numbers={"explained share of variance": explained},
        wide=True,
    )


def codes_panel(name: str, network: NetworkStatistics) -> Panel:
    """Show the density of every dimension of a network's codes, and how the dimensions correlate."""
    codes = network.codes
    correlations = codes.samples["train"].correlations
    count = len(codes.axes)
    used = sum(_spread(codes, place) > _USED for place in range(count))
    title = f"Latent space: {NETWORKS.get(name, name)} ({network.kind.upper()})"
    return Panel(
        key=f"latent-{name}",
        title=title,
        caption=f"{used} of {count} dimensions are in use; where held-out rows lie beside the training rows, "
        "the network sees what it was not trained on.",
        figure=draw_codes(codes.axes, {name: of.densities for name, of in codes.samples.items()}, correlations),
        alt=f"{title}: density of {count} dimensions, and their correlation matrix.",
        numbers={
            "correlation, train": correlations,
            **{
                axis.key: {"points": axis.points[::CODES_EVERY]}
                | {sample: of.densities[place][::CODES_EVERY] for sample, of in codes.samples.items()}
                for place, axis in enumerate(codes.axes)
            },
        },
        wide=True,
    )


def _spread(codes: BinnedSamples, place: int) -> float:
    """Return the standard deviation of a dimension of the training rows' codes."""
    points, density = codes.axes[place].points, codes.samples["train"].densities[place]
    total = density.sum()
    if not total:
        return 0.0
    mean = (points * density).sum() / total
    return float(np.sqrt((density * (points - mean) ** 2).sum() / total))
