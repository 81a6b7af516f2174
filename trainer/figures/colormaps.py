"""Colour maps that begin at transparent, so that they serve on light and on dark paper."""

from __future__ import annotations

import numpy as np
from matplotlib.colors import ListedColormap, to_rgb

from trainer.figures.colours import BLUE, ORANGE

_WHITE = 0.2  # share mixed into a colour, so that it is visible on dark paper as well
_FAINTEST = 0.16  # opacity of the smallest value above zero


def fading(colour: str) -> ListedColormap:
    """Return a scale from transparent to a slightly lighter colour, on which the smallest values are still visible."""
    mixed = [part + _WHITE * (1 - part) for part in to_rgb(colour)]
    return ListedColormap([(*mixed, alpha) for alpha in (0.0, *np.linspace(_FAINTEST, 1.0, 127))])


def diverging(most: float = 1.0) -> ListedColormap:
    """Return a scale from orange over transparent to blue.

    Parameters
    ----------
    most
        Opacity at both ends; lower it where text is written on the colours.
    """
    steps = np.linspace(-1.0, 1.0, 255)
    return ListedColormap([(*to_rgb(ORANGE if step < 0 else BLUE), most * abs(step)) for step in steps])
