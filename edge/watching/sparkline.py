"""Draws a series of scores as a line of blocks."""

from __future__ import annotations

from collections.abc import Iterable

BLOCKS = "▁▂▃▄▅▆▇█"
ASCII_BLOCKS = "_.-:=+*#"
"""For a terminal whose encoding has no blocks."""

_STEP = 0.5  # decades of p for each block: scores are -log10 of p, and the highest block begins at 3.5


def sparkline(scores: Iterable[float | None], blocks: str = BLOCKS) -> str:
    """Draw scores [-log10 of p], a block each; the scale is fixed, so that lines can be compared.

    Parameters
    ----------
    scores
        The oldest first; ``None`` where a reading has no score, which leaves a gap.
    blocks
        From the lowest to the highest.

    Returns
    -------
    str
        As many characters as there are scores.

    Examples
    --------
    >>> sparkline([0.1, 0.6, None, 2.2, 9.0, 1e308])
    '▁▂ ▅██'
    """
    highest = len(blocks) - 1
    steps = (None if score is None else min(max(0.0, score), highest * _STEP) / _STEP for score in scores)
    return "".join(" " if step is None else blocks[int(step)] for step in steps)
