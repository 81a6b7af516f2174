"""Alarms: when exceedances become an event, and when it is over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import fields, replace

AlarmKind = Literal["methane", "consistency", "reconstruction", "stale"]

MofN = Annotated[
    tuple[Annotated[int, Meta(ge=1)], Annotated[int, Meta(ge=1)]],
    Meta(
        description="[m, n]: opens when m of the last n readings exceed", extra={"expected": "[m, n] with 1 <= m <= n"}
    ),
]
Readings = Annotated[int, Meta(ge=1)]
Hold = Annotated[int, Meta(ge=0)]
Amount = Annotated[float, Meta(ge=0)]

_RENAME = {"m_of_n": "raise"}  # `raise` is a word of Python
_FOR_STALE = ("latch", "repeat")


class AlarmRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename=_RENAME):
    """How an alarm opens, stays and closes."""

    m_of_n: MofN = (3, 5)
    clear_after: Annotated[Readings, Meta(description="readings in a row that do not exceed")] = 10
    deadband: Annotated[Amount, Meta(description="[score] below the threshold that counts as not exceeding")] = 0.5
    hold: Annotated[Hold, Meta(description="readings an event stays open at least")] = 30
    latch: Annotated[bool, Meta(description="true: stays until it is acknowledged")] = False
    repeat: Annotated[Amount, Meta(description="[s] between reminders while it stands; 0: none")] = 3600.0

    @property
    def m(self) -> int:
        """Exceedances that open an event."""
        return self.m_of_n[0]

    @property
    def n(self) -> int:
        """Readings among which they are counted."""
        return self.m_of_n[1]

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield (path, sentence) for every rule that a type cannot say."""
        yield from _reversed(self.m_of_n)


class AlarmOverride(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename=_RENAME):
    """What one kind of alarm does differently; what is not given is as in ``default``."""

    m_of_n: MofN | UnsetType = UNSET
    clear_after: Readings | UnsetType = UNSET
    deadband: Amount | UnsetType = UNSET
    hold: Hold | UnsetType = UNSET
    latch: bool | UnsetType = UNSET
    repeat: Amount | UnsetType = UNSET

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield (path, sentence) for every rule that a type cannot say."""
        if self.m_of_n is not UNSET:
            yield from _reversed(self.m_of_n)


class MethaneAlarm(AlarmOverride, frozen=True, kw_only=True, forbid_unknown_fields=True, rename=_RENAME):
    """The levels of the gas column itself that exceed; the onset exceeds by the requested rate."""

    enhancement_ppb: Annotated[float, Meta(gt=0, description="[ppb] above the background")] = 1000.0
    limit_ppb: Annotated[
        Annotated[float, Meta(gt=0)] | None, Meta(description="[ppb] absolute, alarms even in warm-up; null: none")
    ] = None


class StaleAlarm(AlarmOverride, frozen=True, kw_only=True, forbid_unknown_fields=True, rename=_RENAME):
    """A station that has fallen silent; there is nothing to count, so that of a rule only latch and repeat hold."""

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield (path, sentence) for every rule that a type cannot say."""
        for field in fields(self):
            if field.name not in _FOR_STALE and getattr(self, field.name) is not UNSET:
                fix = "fix: remove it, and see stale_after"
                yield field.encode_name, f"a silence has none, expected {' or '.join(_FOR_STALE)}; {fix}"


class Alarms(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule for all kinds, and what each does differently."""

    default: Annotated[AlarmRule, Meta(description="every kind, unless it says otherwise below")] = AlarmRule()
    methane: Annotated[MethaneAlarm, Meta(description="may also hold any key of default, as may the kinds below")] = (
        MethaneAlarm()
    )
    consistency: AlarmOverride = AlarmOverride()
    reconstruction: AlarmOverride = AlarmOverride()
    stale: Annotated[StaleAlarm, Meta(description="a silent station, see stale_after: latch and repeat")] = StaleAlarm()

    def rule_for(self, kind: AlarmKind) -> AlarmRule:
        """Return the rule of one kind: ``default`` with that kind's changes."""
        change: AlarmOverride = getattr(self, kind)
        values = {name: getattr(change, name) for name in AlarmRule.__struct_fields__}
        return replace(self.default, **{name: value for name, value in values.items() if value is not UNSET})


def _reversed(m_of_n: tuple[int, int]) -> Iterator[tuple[str, str]]:
    if m_of_n[0] > m_of_n[1]:
        yield "raise", f"got {list(m_of_n)}, expected [m, n] with 1 <= m <= n"
