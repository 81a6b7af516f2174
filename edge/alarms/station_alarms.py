"""Holds the alarm state of one station, and its form in the journal."""

from __future__ import annotations

import math
from typing import Literal

import msgspec
from msgspec.structs import replace

from config.settings.alarms import AlarmKind, AlarmRule
from edge.alarms.active_alarm import ActiveAlarm
from edge.alarms.condition import Condition
from edge.alarms.shelf import Shelf
from edge.clock import parse_time


class StationAlarms(msgspec.Struct, array_like=True):
    """The alarms of one station, by kind.

    Parameters
    ----------
    windows
        The last readings, from an exceedance on, of each kind that does not stand; ``None`` for a reading that did not
        exceed.
    standing
        The active alarms, the oldest first.
    shelves
        The shelved kinds.
    version
        Version of the journalled form.
    """

    windows: dict[AlarmKind, list[Condition | None]] = {}
    standing: dict[AlarmKind, ActiveAlarm] = {}
    shelves: dict[AlarmKind, Shelf] = {}
    version: Literal[1] = 1

    def __bool__(self) -> bool:
        """Whether there is anything to remember."""
        return bool(self.windows or self.standing or self.shelves)

    def raised_by(self, condition: Condition, rule: AlarmRule) -> list[Condition]:
        """Count a reading; return the exceedances that raise an alarm with it, or an empty list."""
        window = self.windows.get(condition.kind, [])
        # Readings that do not exceed count for nothing until one does.
        if not window and not condition.exceeds:
            return []
        window.append(condition if condition.exceeds else None)
        del window[: -rule.n]
        exceedances = [past for past in window if past is not None]
        if not exceedances or (condition.exceeds and len(exceedances) >= rule.m):
            self.windows.pop(condition.kind, None)
            return exceedances
        self.windows[condition.kind] = window
        return []

    def to_bytes(self, epoch: float) -> bytes:
        """Encode it (msgpack) with its times on the wall clock; ``epoch`` is the Unix time of monotonic zero [s]."""
        return _ENCODER.encode(replace(self, standing=_shifted(self.standing, epoch)))

    @classmethod
    def from_bytes(cls, snapshot: bytes, station: str, *, epoch: float, now: float) -> StationAlarms:
        """Decode what :meth:`to_bytes` made for ``station``, at the monotonic time ``now`` [s].

        Raises
        ------
        ValueError
            The bytes are no such snapshot, or one of another version.
        """
        try:
            state = _DECODER.decode(snapshot)
            for alarm in state.standing.values():
                parse_time(alarm.ts)
                parse_time(alarm.event.opened)
            for shelf in state.shelves.values():
                parse_time(shelf.until)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise ValueError(f"alarms of {station}: {error}") from error
        for kind, alarm in state.standing.items():
            if (alarm.event.station, alarm.event.kind) != (station, kind):
                raise ValueError(f"alarms of {station}: got one of {alarm.event.station}, {alarm.event.kind}")
            if not math.isfinite(alarm.reported_at + alarm.seen):
                raise ValueError(f"alarms of {station}: got a time that is not finite")
        state.standing = _shifted(state.standing, -epoch, latest=now)
        return state


def _shifted(
    standing: dict[AlarmKind, ActiveAlarm], seconds: float, latest: float = math.inf
) -> dict[AlarmKind, ActiveAlarm]:
    # A clock that was set back meanwhile must not silence an alarm: nothing was published later than now.
    return {
        kind: replace(
            alarm, reported_at=min(alarm.reported_at + seconds, latest), seen=min(alarm.seen + seconds, latest)
        )
        for kind, alarm in standing.items()
    }


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(StationAlarms)
