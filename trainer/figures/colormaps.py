"""Fading: colour scales that begin with nothing, so that they serve on light and on dark paper."""

from __future__ import annotations

import numpy as np
from matplotlib.colors import ListedColormap, to_rgb

from trainer.figures.colours import BLUE, ORANGE

_WHITE = 0.2  # in a colour that is to be seen on dark paper as well as on light
_FAINTEST = 0.16  # of what is more than nothing


def fading(colour: str) -> ListedColormap:
    """Return a scale from nothing to a colour, a little lighter; what is hardly more than nothing is seen, too."""
    mixed = [part + _WHITE * (1 - part) for part in to_rgb(colour)]
    return ListedColormap([(*mixed, alpha) for alpha in (0.0, *np.linspace(_FAINTEST, 1.0, 127))])


def diverging(most: float = 1.0) -> ListedColormap:
    """Return a scale from orange over nothing to blue; ``most``: opacity at its ends, less where it is written on."""
    steps = np.linspace(-1.0, 1.0, 255)
    return ListedColormap([(*to_rgb(ORANGE if step < 0 else BLUE), most * abs(step)) for step in steps])
