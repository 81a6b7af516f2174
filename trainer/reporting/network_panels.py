"""The panels of a network's inside: what it gives back of each channel, and its codes."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.lines import Line2D

from trainer.page import BLUE, INK, ORANGE, Panel, figure, percent
from trainer.reporting.axes import scale
from trainer.reporting.correlations import matrix
from trainer.reporting.display_names import NETWORKS
from trainer.reporting.scatter_panels import joint
from trainer.statistics.run_statistics import NetworkStatistics
from trainer.statistics.samples import BinnedSamples

_EVERY = 4  # points drawn
_NARROW = 0.005  # of the highest density: less is the margin of an axis


def mirrors_panel(name: str, inside: NetworkStatistics) -> Panel:
    """Draw what comes out of a network over what went in, channel by channel."""
    count = len(inside.mirrors)
    columns = min(5, count)
    rows = -(-count // columns)
    picture = figure(2.0 * columns, 2.05 * rows)
    grid = picture.subplots(rows, columns, squeeze=False).ravel()
    for axes, mirror in zip(grid, inside.mirrors, strict=False):
        joint(axes, mirror.axis, mirror.axis, mirror.joint)
        met = np.flatnonzero(mirror.joint.sum(axis=0) + mirror.joint.sum(axis=1))
        edges = mirror.axis.edges
        low, high = (edges[met[0]], edges[met[-1] + 1]) if len(met) else (edges[0], edges[-1])
        scale(axes, mirror.axis, "x", ticks=3, limits=(low, high))
        scale(axes, mirror.axis, "y", ticks=3, limits=(low, high))
        axes.plot([low, high], [low, high], color=INK, linewidth=0.8, linestyle=":")
        axes.set_title(f"{mirror.axis.key}: {percent(mirror.explained['test'], 1)}")
    for axes in grid[count:]:
        axes.set_axis_off()
    picture.supxlabel("in")
    picture.supylabel("out")
    worst = min(inside.mirrors, key=lambda mirror: mirror.explained["test"])
    title = f"Reconstruction: {NETWORKS.get(name, name)} ({inside.kind.upper()})"
    explained = {mirror.axis.key: mirror.explained for mirror in inside.mirrors}
    return Panel(
        key=f"reconstruction-{name}",
        title=title,
        says="What lies on the line comes back as it went in; the percentage is the share of the held-out variance "
        f"that does, least for {worst.axis.key}.",
        figure=picture,
        alt=f"{title}, share of held-out variance that comes back: "
        + ", ".join(f"{key} {of['test']:.2f}" for key, of in explained.items()),
        numbers={"explained share of variance": explained},
        wide=True,
    )


def codes_panel(name: str, inside: NetworkStatistics) -> Panel:
    """Draw the density of every dimension of a network's codes, and how they correlate."""
    gallery = inside.codes
    count = len(gallery.axes)
    columns = min(3, math.ceil(math.sqrt(count)))
    rows = -(-count // columns)
    picture = figure(9.6, max(3.0, 1.3 * rows))
    left, right = picture.subfigures(1, 2, squeeze=False, width_ratios=(5.6, 3.4))[0]
    grid = left.subplots(rows, columns, squeeze=False).ravel()
    for place, (axes, axis) in enumerate(zip(grid, gallery.axes, strict=False)):
        for sample, colour in (("train", BLUE), ("test", ORANGE)):
            axes.plot(
                axis.points[::_EVERY], gallery.samples[sample].densities[place][::_EVERY], color=colour, label=sample
            )
        axes.set(yticks=[], xlim=_reach(gallery, place))
        axes.annotate(axis.key, (0.03, 0.84), xycoords="axes fraction", color=INK)
        axes.spines[["left", "right", "top"]].set_visible(False)
        axes.grid(visible=False)
    for axes in grid[count:]:
        axes.set_axis_off()
    handles = [Line2D([], [], color=BLUE, label="train"), Line2D([], [], color=ORANGE, label="test")]
    left.legend(handles=handles, loc="outside upper left", ncols=2)
    axes = right.subplots()
    correlations = gallery.samples["train"].correlations
    keys = [axis.key for axis in gallery.axes]
    drawn = matrix(axes, correlations, keys, keys)
    axes.set_title("correlation, train")
    right.colorbar(drawn, ax=axes, shrink=0.7)
    used = int(np.sum([_spread(gallery, place) > 0.1 for place in range(count)]))
    title = f"Latent space: {NETWORKS.get(name, name)} ({inside.kind.upper()})"
    return Panel(
        key=f"latent-{name}",
        title=title,
        says=f"{used} of {count} dimensions are in use; where held-out rows lie beside the training rows, "
        "the network sees what it was not trained on.",
        figure=picture,
        alt=f"{title}: density of {count} dimensions, and their correlation matrix.",
        numbers={
            "correlation, train": correlations,
            **{
                axis.key: {"points": axis.points[::_EVERY]}
                | {sample: of.densities[place][::_EVERY] for sample, of in gallery.samples.items()}
                for place, axis in enumerate(gallery.axes)
            },
        },
        wide=True,
    )


def _reach(gallery: BinnedSamples, place: int) -> tuple[float, float]:
    """Give the part of an axis where something lies."""
    points = gallery.axes[place].points
    densities = np.max([of.densities[place] for of in gallery.samples.values()], axis=0)
    there = np.flatnonzero(densities > _NARROW * densities.max())
    return (float(points[there[0]]), float(points[there[-1]])) if len(there) > 1 else (points[0], points[-1])


def _spread(gallery: BinnedSamples, place: int) -> float:
    """Return the standard deviation of a dimension of the training rows' codes."""
    points, density = gallery.axes[place].points, gallery.samples["train"].densities[place]
    total = density.sum()
    if not total:
        return 0.0
    mean = (points * density).sum() / total
    return float(np.sqrt((density * (points - mean) ** 2).sum() / total))
