"""Settings of one channel's unit, if a text does not say everything: a divider, a concentration by mass, a scale."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from msgspec import Meta, Struct

Positive = Annotated[float, Meta(gt=0)]


class UnitSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the numbers of one channel become values in the column's unit."""

    unit: Annotated[str | None, Meta(description="unit of the numbers; null: the column's, V after counts")] = None
    factor: Annotated[float, Meta(description="value in unit = factor x number + offset, e.g. 0.1 for tenths")] = 1.0
    offset: float = 0.0
    counts: Annotated[
        Positive | None, Meta(description="[counts] of the converter at reference: 4095, 32768, ...; null: not counts")
    ] = None
    reference: Annotated[Positive | None, Meta(description="[V] at which counts are reached; null: supply")] = None
    load_ohm: Annotated[
        Positive | None, Meta(description="[Ohm] in series with the sensor; null: there is no divider")
    ] = None
    supply: Annotated[Positive | None, Meta(description="[V] across sensor and load resistor together")] = None
    across: Annotated[
        Literal["load", "sensor"], Meta(description="load | sensor: across which the voltage is measured")
    ] = "load"
    temperature_c: Annotated[
        float, Meta(gt=-273.15, description="[Cel] of the air, to convert mg/m3 to a mole fraction or back")
    ] = 25.0
    pressure_hpa: Annotated[Positive, Meta(description="[hPa] of the air, for the same")] = 1013.25
    molar_mass: Annotated[
        Positive | None, Meta(description="[g/mol], for the same; null: methane's, or water's in the moisture column")
    ] = None

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield (path, sentence) for every broken rule that a type cannot express."""
        if self.factor == 0:
            yield "factor", "got 0, expected another number: all values would be the same"
        if self.load_ohm is not None and self.supply is None:
            yield "supply", "missing, expected the voltage [V] across sensor and load resistor (load_ohm is given)"
        if self.load_ohm is None and self.counts is None and self.supply is not None:
            yield "supply", f"got {self.supply:g} without load_ohm, expected the resistor in series [Ohm] as well"
        if self.counts is None:
            if self.reference is not None:
                yield "reference", f"got {self.reference:g} without counts, expected the counts at this voltage as well"
        else:
            if self.reference is None and self.supply is None:
                yield "reference", "missing, expected the voltage [V] at which counts are reached"
            if self.unit is not None:
                yield "unit", f'got "{self.unit}" beside counts, expected one of the two: counts become volts'
            if (self.factor, self.offset) != (1, 0):
                yield "factor", "got a scale beside counts, expected one of the two"
