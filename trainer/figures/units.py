"""Units, shares and counts as people write them."""

from __future__ import annotations

_WRITTEN = {"[ppb]": "ppb", "[ppm]": "ppm", "Cel": "°C", "Ohm": "Ω", "1": ""}  # from UCUM


def unit(code: str) -> str:
    """Write a UCUM code as people do."""
    return _WRITTEN.get(code, code)


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
