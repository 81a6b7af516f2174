"""The panels of scatters: two columns against each other, coloured by time."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize

from trainer.exploring.exploration import Exploration
from trainer.exploring.raw_record import RawRecord
from trainer.figures.ticks import few_ticks
from trainer.page import Panel, every, figure, quantity

_MOST_COLUMNS = 6
_MOST_POINTS = 12_000
# Neither end is lost on dark or on light paper.
_COLOURS = ListedColormap(colormaps["plasma"](np.linspace(0.33, 0.9, 256)))
_WIDTH = 10.0


def environment_panel(found: Exploration) -> Panel:
    """Draw the scatter matrix of the environment; where there is none, of the first columns."""
    sheet = found.sheet
    environment = [j for j, feature in enumerate(sheet.station.features) if feature.role == "environment"]
    what = "The environment" if len(environment) > 1 else "Scatters"
    chosen = (environment if len(environment) > 1 else list(range(sheet.station.size)))[:_MOST_COLUMNS]
    side = len(chosen) - 1
    cell = min(_WIDTH / (side + 0.6), 3.6)
    picture = figure(min(_WIDTH, cell * side + 1.6), max(0.8 * cell * side, 2.6) + 0.3)
    grid = picture.subplots(side, side, squeeze=False, sharex="col", sharey="row")
    for (row, y), (column, x) in ((a, b) for a in enumerate(chosen[1:]) for b in enumerate(chosen[:-1])):
        axes = grid[row, column]
        if column > row:
            axes.set_axis_off()
            continue
        _scatter(axes, sheet, x, y)
        if row == side - 1:
            axes.set_xlabel(_named(sheet, x))
        if column == 0:
            axes.set_ylabel(_named(sheet, y))
    _time(picture, grid, sheet)
    pairs = [(sheet.station.keys[x], sheet.station.keys[y]) for x, y in combinations(chosen, 2)]
    return Panel(
        key="environment",
        title=f"{what}, by time",
        says="Colour is time: where the same place is passed in different colours or in loops, one column does not "
        "tell the other (hysteresis, or another season)." + _drawn(sheet),
        figure=picture,
        alt=f"Scatters of {'; '.join(f'{y} over {x}' for x, y in pairs)}, coloured by time.",
        numbers=_numbers(found, pairs),
        wide=True,
    )


def pairs_panel(found: Exploration, pairs: Sequence[tuple[str, str]]) -> Panel:
    """Draw the pairs of columns that were asked for."""
    sheet = found.sheet
    keys = sheet.station.keys
    columns = min(3, len(pairs))
    rows = -(-len(pairs) // columns)
    picture = figure(3.1 * columns + 0.8, 2.6 * rows + 0.3)
    grid = picture.subplots(rows, columns, squeeze=False)
    for axes in grid.flat[len(pairs) :]:
        axes.set_axis_off()
    for axes, (x, y) in zip(grid.flat, pairs, strict=False):
        _scatter(axes, sheet, keys.index(x), keys.index(y))
        axes.set(xlabel=_named(sheet, keys.index(x)), ylabel=_named(sheet, keys.index(y)))
    _time(picture, grid, sheet)
    return Panel(
        key="pairs",
        title="Pairs asked for, by time",
        says="Colour is time: a cloud that moves as a whole is drift; a loop is one column lagging behind the other."
        + _drawn(sheet),
        figure=picture,
        alt=f"Scatters of {'; '.join(f'{y} over {x}' for x, y in pairs)}, coloured by time.",
        numbers=_numbers(found, pairs),
        wide=True,
    )


def _scatter(axes: Axes, sheet: RawRecord, x: int, y: int) -> None:
    rows = np.arange(0, sheet.rows, _step(sheet))
    rows = np.random.default_rng(0).permutation(rows)  # no time lies on top of all others
    axes.scatter(
        sheet.values[rows, x],
        sheet.values[rows, y],
        c=rows,
        cmap=_COLOURS,
        norm=Normalize(0, sheet.rows),
        s=2.2,
        linewidths=0,
        rasterized=True,
    )
    for one, place in ((axes.xaxis, x), (axes.yaxis, y)):
        there = sheet.thin[:, place]
        there = there[np.isfinite(there)]
        if sheet.station.features[place].role == "gas" and len(there) and there.min() > 0:
            (axes.set_xscale if one is axes.xaxis else axes.set_yscale)("log")
        few_ticks(one, 4)


def _step(sheet: RawRecord) -> int:
    return max(sheet.every, -(-sheet.rows // _MOST_POINTS))


def _drawn(sheet: RawRecord) -> str:
    return f" Drawn: {every(_step(sheet))}." if _step(sheet) > 1 else ""


def _time(picture: object, grid: np.ndarray, sheet: RawRecord) -> None:
    colours = ScalarMappable(Normalize(0, sheet.rows), _COLOURS)
    bar = grid.flat[0].figure.colorbar(colours, ax=grid, label="row", aspect=35, pad=0.02)
    few_ticks(bar.ax.yaxis, 5)


def _named(sheet: RawRecord, column: int) -> str:
    feature = sheet.station.features[column]
    return quantity(feature.key, feature.unit)


def _numbers(found: Exploration, pairs: Sequence[tuple[str, str]]) -> dict[str, dict[str, float]]:
    keys = found.sheet.station.keys
    both = found.correlations
    return {
        f"{y} over {x}": {
            "pearson": float(both.pearson[keys.index(x), keys.index(y)]),
            "spearman": float(both.spearman[keys.index(x), keys.index(y)]),
        }
        for x, y in pairs
    }
