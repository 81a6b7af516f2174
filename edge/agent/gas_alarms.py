"""Chooses the gas levels that exceed at the stations of an entry, in the unit of their gas column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from config.errors import ConfigError
from config.gas_units import PPB_PER_UNIT
from config.settings.alarms import MethaneAlarm
from config.settings.gateway import StationEntry
from config.settings.station import Station
from edge.bundles.bundle import Bundle

_ABSURD = 10.0  # times less than the bundle's own enhancement: clean readings exceed


class GasAlarms(NamedTuple):
    """The gas levels that exceed.

    Parameters
    ----------
    enhancement
        Level above the background [unit of the gas column]; ``None``: the bundle's.
    limit
        Absolute level [unit of the gas column]; ``None``: no limit.
    """

    enhancement: float | None = None
    limit: float | None = None

    @classmethod
    def from_settings(
        cls, methane: MethaneAlarm, entries: Sequence[StationEntry], bundles: Sequence[Bundle]
    ) -> list[GasAlarms]:
        """Choose them for every entry: its own, or those of ``alarms.methane``.

        Raises
        ------
        ConfigError
            A level of ``alarms.methane`` would apply to gas columns of different units, or is in ppb where the unit
            cannot be converted; or an entry has levels but no gas column.
        """
        problems: list[str] = []
        found = []
        for place, (entry, bundle) in enumerate(zip(entries, bundles, strict=True)):
            levels = dict.fromkeys(cls._fields)
            for name in cls._fields:
                try:
                    levels[name] = _choose(name, methane, entry, bundle.station)
                except ValueError as error:
                    problems.append(f"gateway.yaml: stations[{place}].{name}: {error}")
            found.append(cls(**levels))
        for name in cls._fields:
            problems += (
                f"gateway.yaml: alarms.methane.{problem}" for problem in _mixed(name, methane, entries, bundles)
            )
        if problems:
            raise ConfigError(problems)
        return found

    def warnings(self, bundle: Bundle) -> Iterator[str]:
        """Yield a sentence for every level that makes no sense in the unit of the bundle's gas column."""
        station = bundle.station
        if station.gas_index is None:
            return
        feature = station.features[station.gas_index]
        low, high = feature.range
        unit = feature.unit.strip("[]")
        span = f"{feature.key} can only be {low:g} to {high:g} {unit}"
        if self.limit is not None and not low < self.limit <= high:
            yield f"limit: got {self.limit:g} {unit}, but {span}; fix: give it in {unit}"
        if self.enhancement is None:
            return
        if self.enhancement > high - max(bundle.background, low):
            yield f"enhancement: got {self.enhancement:g} {unit}, but {span}; fix: give it in {unit}"
        elif self.enhancement * _ABSURD < bundle.enhancement:
            yield (
                f"enhancement: got {self.enhancement:g} {unit}, but clean readings of {feature.key} vary by more; "
                f"fix: give it in {unit}, or leave it out for {bundle.enhancement:g}"
            )


def _choose(name: str, methane: MethaneAlarm, entry: StationEntry, station: Station) -> float | None:
    """Return the level of an entry [unit of its gas column]; ValueError if there is none for a level that is given."""
    own: float | None = getattr(entry, name)
    if not _measures(entry, station):
        if own is not None:
            raise ValueError(f"got {own:g}, but these stations send no gas level; fix: remove it")
        return None
    ppb: float | None = getattr(methane, f"{name}_ppb")
    if own is not None or ppb is None:
        return own or getattr(methane, name)
    unit = _unit(station)
    if unit not in PPB_PER_UNIT:
        raise ValueError(
            f"missing, because alarms.methane.{name}_ppb: {ppb:g} cannot be converted to {unit}, the unit of "
            f"{station.gas}; fix: give it in {unit}"
        )
    return ppb / PPB_PER_UNIT[unit]


def _mixed(
    name: str, methane: MethaneAlarm, entries: Sequence[StationEntry], bundles: Sequence[Bundle]
) -> Iterator[str]:
    """Yield a sentence if one level would apply to gas columns of different units."""
    level: float | None = getattr(methane, name)
    units: dict[str, int] = {}
    for place, (entry, bundle) in enumerate(zip(entries, bundles, strict=True)):
        if _measures(entry, bundle.station) and getattr(entry, name) is None:
            units.setdefault(_unit(bundle.station), place)
    if level is not None and len(units) > 1:
        where = ", ".join(f"{unit.strip('[]')} (stations[{place}])" for unit, place in units.items())
        yield f"{name}: got {level:g} for gas columns in {where}, expected one unit; fix: {name} in each entry"


def _measures(entry: StationEntry, station: Station) -> bool:
    return station.gas is not None and station.gas not in entry.absent


def _unit(station: Station) -> str:
    assert station.gas_index is not None
    return station.units[station.gas_index]
