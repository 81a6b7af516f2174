"""Draws a progress bar for each phase of a training, whichever function does the work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TextIO

from tqdm import tqdm

SHOWN = 20_000
"""Rows from which a phase is shown: fewer take less than a second."""

_BAR: ContextVar[tqdm | None] = ContextVar("bar", default=None)


@contextmanager
def phase(label: str, total: int, progress: TextIO | None, *, unit: str = "row", least: int = SHOWN) -> Iterator[None]:
    """Draw the bar of a phase, which :func:`move_bar` moves; a phase within another has a bar of its own.

    Parameters
    ----------
    label
        What is done.
    total
        How much there is to do [unit].
    progress
        Where the bar is drawn; ``None`` draws none.
    unit
        What is counted.
    least
        Total from which the bar is drawn.
    """
    silent = progress is None or total < least
    with tqdm(total=total, desc=label, unit=unit, unit_scale=True, file=progress, disable=silent, leave=False) as bar:
        token = _BAR.set(bar)
        try:
            yield
        finally:
            _BAR.reset(token)


def move_bar(count: int) -> None:
    """Say that so much has been done in the present phase, if there is one."""
    bar = _BAR.get()
    if bar is not None:
        bar.update(count)
