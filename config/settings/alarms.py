"""Settings of alarms: when exceedances open an event, and when it closes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import fields, replace

AlarmKind = Literal["methane", "consistency", "reconstruction", "stale", "clock", "retrain"]

UNSCORED: tuple[AlarmKind, ...] = ("stale", "clock", "retrain")
"""Kinds without a score: they are raised and cleared by what the agent sees of a station, and nothing is counted."""

MofN = Annotated[
    tuple[Annotated[int, Meta(ge=1)], Annotated[int, Meta(ge=1)]],
    Meta(
        description="[m, n]: an alarm opens when m of the last n readings exceed",
        extra={"expected": "[m, n] with 1 <= m <= n"},
    ),
]
Readings = Annotated[int, Meta(ge=1)]
Hold = Annotated[int, Meta(ge=0)]
Amount = Annotated[float, Meta(ge=0)]
Level = Annotated[float, Meta(gt=0)]

_RENAME = {"m_of_n": "raise"}  # `raise` is a keyword of Python
_FOR_UNSCORED = ("latch", "repeat")


class AlarmRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename=_RENAME):
    """When an alarm opens, stays open and closes."""

    m_of_n: MofN = (3, 5)
    clear_after: Annotated[
        Readings, Meta(description="closes after this many readings in a row clearly below the threshold")
    ] = 10
    deadband: Annotated[Amount, Meta(description="[score] how far below the threshold is clearly below")] = 0.5
    hold: Annotated[Hold, Meta(description="minimum readings an event stays open")] = 30
    latch: Annotated[bool, Meta(description="true: stays open until it is acknowledged")] = False
    repeat: Annotated[Amount, Meta(description="[s] between reminders while it is open; 0: no reminders")] = 3600.0

    @property
    def m(self) -> int:
        """Number of exceedances that open an event."""
        return self.m_of_n[0]

    @property
    def n(self) -> int:
        """Number of latest readings among which exceedances are counted."""
        return self.m_of_n[1]

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield (path, sentence) for every broken rule that a type cannot express."""
        yield from _reversed(self.m_of_n)


class AlarmOverride(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename=_RENAME):
    """The keys in which one kind of alarm differs from ``default``."""

    m_of_n: MofN | UnsetType = UNSET
    clear_after: Readings | UnsetType = UNSET
    deadband: Amount | UnsetType = UNSET
    hold: Hold | UnsetType = UNSET
    latch: bool | UnsetType = UNSET
    repeat: Amount | UnsetType = UNSET

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield (path, sentence) for every broken rule that a type cannot express."""
        if self.m_of_n is not UNSET:
            yield from _reversed(self.m_of_n)


class MethaneAlarm(AlarmOverride, frozen=True, kw_only=True, forbid_unknown_fields=True, rename=_RENAME):
    """The levels at which the gas column exceeds; the threshold of the onset follows from the requested rate."""

    enhancement: Annotated[
        Level | None,
        Meta(description="[unit of the gas column] above the background that exceeds; null: the bundle's"),
    ] = None
    limit: Annotated[
        Level | None,
        Meta(description="[unit of the gas column] that exceeds, even in warm-up; null: no limit"),
    ] = None
    enhancement_ppb: Annotated[
        Level | None, Meta(description="[ppb] in place of enhancement, for gas columns in ppb, ppm or %")
    ] = None
    limit_ppb: Annotated[Level | None, Meta(description="[ppb] in place of limit")] = None

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield (path, sentence) for every broken rule that a type cannot express."""
        yield from super().problems()
        for name in ("enhancement", "limit"):
            own, ppb = getattr(self, name), getattr(self, f"{name}_ppb")
            if own is not None and ppb is not None:
                yield name, f"got {own:g} beside {name}_ppb: {ppb:g}, expected one of the two; fix: remove {name}_ppb"


class StaleAlarm(AlarmOverride, frozen=True, kw_only=True, forbid_unknown_fields=True, rename=_RENAME):
    """A station that has fallen silent. Nothing is counted, so only ``latch`` and ``repeat`` apply."""

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield (path, sentence) for every broken rule that a type cannot express."""
        yield from _inapplicable(self, "a silent station", "remove it, and see stale_after")


class ClockAlarm(AlarmOverride, frozen=True, kw_only=True, forbid_unknown_fields=True, rename=_RENAME):
    """A station whose clock is of no use. Nothing is counted, so only ``latch`` and ``repeat`` apply."""

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield (path, sentence) for every broken rule that a type cannot express."""
        yield from _inapplicable(self, "a station's clock", "remove it")


class RetrainAlarm(AlarmOverride, frozen=True, kw_only=True, forbid_unknown_fields=True, rename=_RENAME):
    """A station that has drifted from its training. Nothing is counted, so only ``latch`` and ``repeat`` apply."""

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield (path, sentence) for every broken rule that a type cannot express."""
        yield from _inapplicable(self, "a drift", "remove it")


class Alarms(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule for all kinds of alarm, and what each kind overrides."""

    default: Annotated[AlarmRule, Meta(description="for every kind, unless overridden below")] = AlarmRule()
    methane: Annotated[MethaneAlarm, Meta(description="this and the kinds below may override any key of default")] = (
        MethaneAlarm()
    )
    consistency: AlarmOverride = AlarmOverride()
    reconstruction: AlarmOverride = AlarmOverride()
    stale: Annotated[StaleAlarm, Meta(description="a silent station (see stale_after); only latch and repeat")] = (
        StaleAlarm()
    )
    clock: Annotated[
        ClockAlarm, Meta(description="a station whose time stamps are of no use for long; only latch and repeat")
    ] = ClockAlarm()
    retrain: Annotated[
        RetrainAlarm, Meta(description="a station that has drifted from its bundle's training; only latch and repeat")
    ] = RetrainAlarm(repeat=86_400.0)

    def rule_for(self, kind: AlarmKind) -> AlarmRule:
        """Return the rule of one kind: ``default`` with that kind's overrides."""
        override: AlarmOverride = getattr(self, kind)
        values = {name: getattr(override, name) for name in AlarmRule.__struct_fields__}
        rule = replace(self.default, **{name: value for name, value in values.items() if value is not UNSET})
        # A station is silent or not, its clock is of use or not, it has drifted or not: there is nothing to count.
        return replace(rule, clear_after=1, hold=0) if kind in UNSCORED else rule


def _reversed(m_of_n: tuple[int, int]) -> Iterator[tuple[str, str]]:
    if m_of_n[0] > m_of_n[1]:
        yield "raise", f"got {list(m_of_n)}, expected [m, n] with 1 <= m <= n"


def _inapplicable(override: AlarmOverride, what: str, fix: str) -> Iterator[tuple[str, str]]:
    for field in fields(override):
        if field.name not in _FOR_UNSCORED and getattr(override, field.name) is not UNSET:
            expected = " or ".join(_FOR_UNSCORED)
            yield field.encode_name, f"does not apply to {what}, expected {expected}; fix: {fix}"
