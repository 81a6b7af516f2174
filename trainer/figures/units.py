"""Units, shares and counts as people write them."""

from __future__ import annotations

import math

import numpy as np

from edge.arrays import Floats

_WRITTEN = {"[ppb]": "ppb", "[ppm]": "ppm", "Cel": "°C", "Ohm": "Ω", "1": ""}  # from UCUM


def unit(code: str) -> str:
    """Write a UCUM code as people do."""
    return _WRITTEN.get(code, code)


def decimals(values: Floats) -> int:
    """Return how many decimals readings [N] are worth writing: three significant digits, and none that they lack.

    Examples
    --------
    >>> decimals(np.array([0.6, 2.6])), decimals(np.array([1.954, 2.007])), decimals(np.array([0.0002, 0.0013]))
    (1, 2, 4)
    """
    known = np.abs(values[np.isfinite(values)])
    usual = float(np.median(known[known > 0])) if (known > 0).any() else 1.0
    most = max(0, 2 - math.floor(math.log10(usual)))
    for digits in range(most):
        if np.allclose(known, np.round(known, digits), rtol=1e-9, atol=1e-6 * 10.0**-digits):
            return digits
    return most


def percent(share: float, digits: int = 0) -> str:
    """Write a share in percent, on one line."""
    return f"{100 * share:.{digits}f}\N{NO-BREAK SPACE}%"


def every(count: int) -> str:
    """Write which rows are taken, such as ``every 2nd row``."""
    if count == 1:
        return "every row"
    last = "th" if count % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(count % 10, "th")
    return f"every {count}{last} row"


def quantity(name: str, code: str) -> str:
    """Write a column's name with its unit in brackets, as the label of an axis."""
    written = unit(code).replace("$", r"\$")  # an unescaped $ would begin a formula
    return f"{name} [{written}]" if written else name
