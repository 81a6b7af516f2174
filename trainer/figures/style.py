"""Picture: an empty figure in the page's style."""

from __future__ import annotations

from typing import Any

from cycler import cycler
from matplotlib import rcParams
from matplotlib.figure import Figure

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
    "figure.constrained_layout.w_pad": 0.08,  # the last tick of one picture is not read with the first of the next
    "axes.facecolor": "none",
    "font.family": "DejaVu Sans",  # wider than what readers have: text that fits with it fits with theirs
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

    Its style becomes this process's default of matplotlib, since axes and text are added later.

    Parameters
    ----------
    width, height
        [inch]; 10 is the page's whole width, 5 half of it. Draw what is dense with ``rasterized=True``.
    """
    rcParams.update(_STYLE)  # type: ignore[arg-type]
    return Figure(figsize=(width, height), layout="constrained")
