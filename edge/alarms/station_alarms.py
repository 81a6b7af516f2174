"""Alarm state: what there is to remember of one station's alarms, and how it is written down."""

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
        Of a kind that does not stand: its last readings, from an exceedance on; ``None`` for one that did not exceed.
    standing
        Those that stand, the oldest first.
    shelves
        What is put aside.
    version
        Of what is written down.
    """

    windows: dict[AlarmKind, list[Condition | None]] = {}
    standing: dict[AlarmKind, ActiveAlarm] = {}
    shelves: dict[AlarmKind, Shelf] = {}
    version: Literal[1] = 1

    def __bool__(self) -> bool:
        """Whether there is anything to remember."""
        return bool(self.windows or self.standing or self.shelves)

    def raised_by(self, sign: Condition, rule: AlarmRule) -> list[Condition]:
        """Count a reading; return the exceedances that raise an alarm with it, or none."""
        window = self.windows.get(sign.kind, [])
        # What did not exceed counts for nothing until something does.
        if not window and not sign.exceeds:
            return []
        window.append(sign if sign.exceeds else None)
        del window[: -rule.n]
        exceedances = [past for past in window if past is not None]
        if not exceedances or (sign.exceeds and len(exceedances) >= rule.m):
            self.windows.pop(sign.kind, None)
            return exceedances
        self.windows[sign.kind] = window
        return []

    def write(self, epoch: float) -> bytes:
        """Write it down (msgpack), its times on the wall's clock: ``epoch`` is that of the monotonic zero [s]."""
        return _WRITER.encode(replace(self, standing=self._moved(epoch)))

    @classmethod
    def read(cls, written: bytes, station: str, *, epoch: float, now: float) -> StationAlarms:
        """Read what was written of ``station``, at the monotonic time ``now`` [s].

        Raises
        ------
        ValueError
            It was not, or by another version.
        """
        try:
            state = _READER.decode(written)
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
            if not math.isfinite(alarm.told + alarm.seen):
                raise ValueError(f"alarms of {station}: got a time that is none")
        state.standing = state._moved(-epoch, latest=now)  # noqa: SLF001  it is of this class
        return state

    def _moved(self, seconds: float, latest: float = math.inf) -> dict[AlarmKind, ActiveAlarm]:
        # A clock that was set back meanwhile must not silence what stands: nothing was told later than now.
        return {
            kind: replace(alarm, told=min(alarm.told + seconds, latest), seen=min(alarm.seen + seconds, latest))
            for kind, alarm in self.standing.items()
        }


_WRITER = msgspec.msgpack.Encoder()
_READER = msgspec.msgpack.Decoder(StationAlarms)
