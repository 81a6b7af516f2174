"""The panel of correlations: matrices side by side, and the errors of generated rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge.arrays import Floats
from trainer.figures.heatmap import draw_correlation_errors
from trainer.page.panel import Panel
from trainer.statistics.samples import BinnedSamples


def sample_correlations_panel(
    binned: BinnedSamples, real: str, made: Sequence[str], *, key: str, title: str, caption: str
) -> Panel:
    """Show the correlations of real and of generated rows, and below these the difference.

    Parameters
    ----------
    binned
        Sets of rows on the same axes.
    real, made
        Names of the sample of real rows, and of those of generated ones.
    key, title, caption
        As in :class:`~trainer.page.panel.Panel`.
    """
    names = [axis.key for axis in binned.axes]
    matrices = {name: binned.samples[name].correlations for name in (real, *made)}
    errors = {name: _mean_error(matrices[name] - matrices[real]) for name in made}
    return Panel(
        key=key,
        title=title,
        caption=caption,
        figure=draw_correlation_errors(matrices, errors, names),
        alt=f"Correlation matrices of {real}, {', '.join(made)}, and their differences; "
        + "; ".join(f"{name}: mean error {error:.3f}" for name, error in errors.items()),
        numbers={"columns": names} | {name: np.round(values, 4) for name, values in matrices.items()},
        wide=True,
    )


def _mean_error(difference: Floats) -> float:
    """Return the mean over all pairs of columns."""
    pairs = np.abs(difference[np.triu_indices(len(difference), 1)])
    return float(np.nanmean(pairs)) if len(pairs) else 0.0
