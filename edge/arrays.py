"""Array types: one name for each kind of numpy array that davylamp computes with."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
"""Readings, scores and everything that is computed from them, in double precision."""

Singles = NDArray[np.float32]
"""What goes into and comes out of a network, and what is stored, in single precision."""

AnyFloats = NDArray[np.floating]
"""Floating point numbers of either precision."""

Indices = NDArray[np.int64]
"""Row numbers."""

Flags = NDArray[np.uint8]
"""Quality flags, see :mod:`edge.readings.quality`."""

Mask = NDArray[np.bool_]
"""Which rows or channels something holds for."""

Texts = NDArray[np.str_]
"""Words about rows, such as their labels."""

Arrays = dict[str, NDArray[Any]]
"""Arrays by name: the members of an npz, or the outputs of a network."""
