"""The panel of densities: each column on both scales, with its modes."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from config.settings.station import Scale
from trainer.exploring.densities import LEAST, Density
from trainer.exploring.exploration import Exploration
from trainer.figures.ticks import few_ticks
from trainer.page import BLUE, ORANGE, Panel, figure, quantity

_COLOURS = {"linear": BLUE, "log": ORANGE}
_ACROSS = 3
_MOST_ON_BOTH = 15  # columns, beyond which each is drawn on its own scale only
_MOST_MODES = 5


def densities_panel(found: Exploration) -> Panel:
    """Draw the densities, linear and logarithmic one above the other."""
    by_key: dict[str, dict[Scale, Density]] = {}
    for one in found.densities:
        by_key.setdefault(one.key, {})[one.scale] = one
    if not by_key:
        return Panel(
            key="densities",
            title="Densities",
            says="How often each column has which value.",
            missing="No column moves; give a record in which one does.",
        )
    drawn = [list(both.values()) for both in by_key.values()]
    how = "Above as it is (blue), below on a logarithmic axis (orange); triangles are modes."
    if len(drawn) > _MOST_ON_BOTH:
        own = {feature.key: feature.scale for feature in found.sheet.station.features}
        drawn = [[both.get(own[key], both["linear"])] for key, both in by_key.items()]
        how = "Each on the scale of the station file (linear blue, logarithmic orange); triangles are modes."
    if any(one.modes for one in found.densities):
        several = sum(len(both["linear"].modes) > 1 for both in by_key.values())
        how += f" {several} of {len(by_key)} columns have more than one, which a single bell would miss."
    else:
        how += f" No mode is told of less than {LEAST} rows."
    return Panel(
        key="densities",
        title="Densities",
        says=how,
        figure=_draw(drawn),
        alt="Densities and their modes: "
        + "; ".join(
            f"{key} {', '.join(f'{mode:.4g}' for mode in both['linear'].modes[:_MOST_MODES])}"
            for key, both in by_key.items()
        )
        + ".",
        numbers={
            f"{one.key}, {one.scale}": {"points": one.points, "density": one.density, "modes": one.modes}
            for several in drawn
            for one in several
        },
        wide=True,
    )


def _draw(drawn: Sequence[Sequence[Density]]) -> Figure:
    deep = max(len(several) for several in drawn)
    blocks, columns = -(-len(drawn) // _ACROSS), min(_ACROSS, len(drawn))
    picture = figure(10.0 if columns == _ACROSS else 3.3 * columns, (0.15 + 1.15 * deep) * blocks)
    grid = picture.subplots(deep * blocks, columns, squeeze=False)
    for axes in grid.flat:
        axes.set_axis_off()
    for place, several in enumerate(drawn):
        for half, one in enumerate(several):
            axes = grid[deep * (place // columns) + half, place % columns]
            _density(axes, one)
            if half == 0:
                axes.set_title(quantity(one.key, one.unit))
    return picture


def _density(axes: Axes, one: Density) -> None:
    colour, modes, top = _COLOURS[one.scale], one.modes[:_MOST_MODES], one.density.max()
    axes.set_axis_on()
    axes.set_xscale(one.scale)
    axes.set_xlim(one.points[0], one.points[-1])
    axes.fill_between(one.points, one.density, facecolor=colour, edgecolor=colour, alpha=0.35)
    axes.plot(modes, [1.08 * top] * len(modes), "v", color=colour, markersize=4)
    axes.set_ylim(0, 1.2 * top)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    few_ticks(axes.xaxis, 5)
