"""Units as people write them."""

from __future__ import annotations

_WRITTEN = {"[ppb]": "ppb", "[ppm]": "ppm", "Cel": "°C", "Ohm": "Ω", "1": ""}  # from UCUM


def unit(code: str) -> str:
    """Write a UCUM code as people do."""
    return _WRITTEN.get(code, code)


def percent(share: float, digits: int = 0) -> str:
    """Write a share as people do, on one line."""
    return f"{100 * share:.{digits}f}\N{NO-BREAK SPACE}%"


def every(count: int) -> str:
    """Say that of so many rows one is meant: every 2nd row."""
    if count == 1:
        return "every row"
    last = "th" if count % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(count % 10, "th")
    return f"every {count}{last} row"


def quantity(name: str, code: str) -> str:
    """Name a column with its unit in brackets, for the axis of a picture."""
    written = unit(code).replace("$", r"\$")  # which begins a formula
    return f"{name} [{written}]" if written else name
