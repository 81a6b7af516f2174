"""Units as people write them."""

from __future__ import annotations

_WRITTEN = {"[ppb]": "ppb", "[ppm]": "ppm", "Cel": "°C", "Ohm": "Ω", "1": ""}  # from UCUM


def unit(code: str) -> str:
    """Write a UCUM code as people do."""
    return _WRITTEN.get(code, code)


def percent(share: float, digits: int = 0) -> str:
    """Write a share as people do, on one line."""
    return f"{100 * share:.{digits}f}\N{NO-BREAK SPACE}%"


def quantity(name: str, code: str) -> str:
    """Name a column with its unit in brackets, for the axis of a picture."""
    written = unit(code).replace("$", r"\$")  # which begins a formula
    return f"{name} [{written}]" if written else name
