"""Fading: colour scales that begin with nothing, so that they serve on light and on dark paper."""

from __future__ import annotations

import numpy as np
from matplotlib.colors import ListedColormap, to_rgb

from trainer.page.colours import BLUE, ORANGE


def fading(colour: str) -> ListedColormap:
    """Return a scale from nothing to a colour."""
    return ListedColormap([(*to_rgb(colour), alpha) for alpha in np.linspace(0.0, 1.0, 128)])


def diverging(most: float = 1.0) -> ListedColormap:
    """Return a scale from orange over nothing to blue; ``most``: opacity at its ends, less where it is written on."""
    steps = np.linspace(-1.0, 1.0, 255)
    return ListedColormap([(*to_rgb(ORANGE if step < 0 else BLUE), most * abs(step)) for step in steps])
