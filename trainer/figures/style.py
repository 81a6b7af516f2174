"""Makes empty figures in the page's style."""

from __future__ import annotations

from typing import Any

from cycler import cycler
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase

from trainer.figures.colours import CYCLE, GREY, GRID, INK

_STYLE: dict[str, Any] = {
    "axes.edgecolor": GREY,
    "axes.axisbelow": True,
    "axes.formatter.useoffset": False,
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.labelsize": 9,
    "axes.prop_cycle": cycler(color=CYCLE),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "figure.facecolor": "none",
    "figure.constrained_layout.w_pad": 0.08,  # keeps the last tick of one plot apart from the first of the next
    "axes.facecolor": "none",
    "font.family": "DejaVu Sans",  # wider than readers' fonts: text that fits in it fits in theirs
    "font.size": 9,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "lines.linewidth": 1.4,
    "path.simplify": True,
    "path.simplify_threshold": 0.2,
    "svg.fonttype": "none",
    "text.color": INK,
    "xtick.color": GREY,
    "xtick.labelcolor": INK,
    "xtick.labelsize": 8,
    "ytick.color": GREY,
    "ytick.labelcolor": INK,
    "ytick.labelsize": 8,
}


def figure(width: float = 6.4, height: float = 3.4) -> Figure:
    """Return an empty figure in the page's style.

    The style becomes matplotlib's default in this process, since axes and text are added later.

    Parameters
    ----------
    width, height
        Size [inch]; 10 is the page's whole width, 5 half of it. Draw what is dense with ``rasterized=True``.
    """
    rcParams.update(_STYLE)  # type: ignore[arg-type]
    return Figure(figsize=(width, height), layout="constrained")


def grid(parent: FigureBase, count: int, columns: int) -> list[Axes]:
    """Return ``count`` axes, row by row in that many columns; the places left over stay empty."""
    axes = parent.subplots(-(-count // columns), columns, squeeze=False).ravel()
    for left_over in axes[count:]:
        left_over.set_axis_off()
    return list(axes[:count])
