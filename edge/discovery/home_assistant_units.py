"""Units as Home Assistant writes them."""

from __future__ import annotations

_WRITTEN = {
    "cel": "°C", "degc": "°C", "°c": "°C", "c": "°C", "[degf]": "°F", "degf": "°F", "°f": "°F", "f": "°F", "k": "K",
    "ohm": "Ω", "kohm": "kΩ", "mohm": "MΩ", "ug/m3": "µg/m³", "mg/m3": "mg/m³", "g/m3": "g/m³", "1": None,
}  # fmt: skip


def home_assistant_unit(unit: str) -> str | None:
    """Return a unit as Home Assistant writes it; ``None`` for numbers without one.

    Parameters
    ----------
    unit
        UCUM code of a column, or a unit of gateway.yaml.

    Examples
    --------
    >>> [home_assistant_unit(each) for each in ("[ppb]", "Cel", "Ohm", "%", "{counts}", "1")]
    ['ppb', '°C', 'Ω', '%', 'counts', None]
    """
    return _WRITTEN.get(unit.lower(), unit.strip("[]{}"))
