"""The panel of correlations."""

from __future__ import annotations

import numpy as np

from edge.arrays import Floats
from trainer.exploring.exploration import Exploration
from trainer.figures.heatmap import draw_correlations
from trainer.page.panel import Panel


def correlations_panel(found: Exploration) -> Panel:
    """Show Pearson's and Spearman's correlations side by side."""
    keys = found.record.station.keys
    both = {"Pearson": found.correlations.pearson, "Spearman": found.correlations.spearman}
    strongest = _strongest(both["Spearman"])
    caption = (
        "Blue: they rise together; orange: one falls as the other rises. A strong Spearman with a weak Pearson is "
    )
    caption += "a bent line."
    if strongest is not None:
        one, other = strongest
        caption = f"Strongest: {keys[one]} and {keys[other]} ({both['Spearman'][one, other]:+.2f}). {caption}"
    return Panel(
        key="correlations",
        title="Correlations",
        caption=caption,
        figure=draw_correlations(both, keys),
        alt=f"Heat maps of Pearson's and Spearman's correlation of {len(keys)} columns. {caption}",
        numbers={"columns": list(keys)} | {name.lower(): values for name, values in both.items()},
        wide=True,
    )


def _strongest(values: Floats) -> tuple[int, int] | None:
    size = np.abs(np.triu(np.nan_to_num(values), 1))
    if not size.any():
        return None
    one, other = np.unravel_index(int(np.argmax(size)), size.shape)
    return int(one), int(other)
