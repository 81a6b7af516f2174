"""Says what is wrong with a station's clock, and what to do about it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal, NamedTuple

NoteKind = Literal["set_back", "ahead", "restless", "offset", "adrift", "crowded", "backlog", "recovered"]

_MINUTE, _HOUR, _YEAR = 60.0, 3600.0, 365.25 * 86400.0
_QUARTER = 900.0  # [s] zones differ by multiples of it ...
_WIDEST = 14 * _HOUR  # [s] ... and by at most this from UTC
_LEAST_ZONE = _HOUR  # [s] no zone is nearer to UTC
_NEVER = 978307200.0  # [s] 2001-01-01: a clock that shows less has never been set; many begin at 2000
_EPOCHS = (
    (315_964_800.0, "1980 as GPS receivers do"),
    (978_307_200.0, "2001 as Apple's systems do"),
    (946_684_800.0, "2000 as MicroPython does"),
    (-2_208_988_800.0, "1900 as NTP does"),
    (-2_082_844_800.0, "1904"),
)
"""By how much counts of seconds from other years than 1970 lag [s], and what to call them."""


class ClockNote(NamedTuple):
    """What has to be said about a station's clock.

    Parameters
    ----------
    kind
        ``set_back`` or ``ahead``: the clock jumped. ``restless``: it does so again and again. ``offset``: it differs
        from the gateway's. ``adrift``: its stamps do not advance. ``crowded``: many stamps do not follow. These
        are problems until a ``recovered`` comes. ``backlog``: stored readings came after newer ones, which is no
        problem.
    sentence
        What is to be logged or reported, with the fix; without a running number unless it is a ``backlog``.
    seconds
        By how much the clock jumped or differs; 0 where that means nothing [s].
    """

    kind: NoteKind
    sentence: str
    seconds: float = 0.0

    @property
    def is_problem(self) -> bool:
        """Whether it lasts until a note of the kind ``recovered``."""
        return self.kind not in ("backlog", "recovered")


def jump_note(moved: float, bias: float, ts: float, slack: float) -> ClockNote:
    """Make the note of a clock that jumped.

    Parameters
    ----------
    moved
        By how much the clock jumped ahead; negative if it was set back [s].
    bias
        By how much it lags behind the gateway's clock now [s].
    ts
        What it shows, Unix time [s].
    slack
        A smaller bias is none [s].
    """
    kind: NoteKind = "set_back" if moved < 0 else "ahead"
    if ts < _NEVER and bias > slack:
        jump = f"the station's clock restarted at {datetime.fromtimestamp(ts, UTC).year}"
        fix = "set it from a time server after every start, or write `ts: received`"
    else:
        jump = f"the station's clock jumped {'back' if moved < 0 else 'ahead'} by {_duration(moved)}"
        if abs(bias) <= slack:
            jump += " and agrees with the gateway's now"
            fix = "none is needed, if it was set on purpose"
        else:
            fix = _fix(bias)
    return ClockNote(kind, f"{jump}; readings are scored in the order of their arrival; fix: {fix}", moved)


def restless_note() -> ClockNote:
    """Make the note of a clock that jumps again and again."""
    return ClockNote(
        "restless",
        "the station's clock jumps again and again; readings are scored in the order of their arrival; fix: set it "
        "from one source only, give each of two stations that share this name a name of its own, or write "
        "`ts: received`",
    )


def offset_note(bias: float, ts: float) -> ClockNote:
    """Make the note of a clock that lags ``bias`` [s] behind the gateway's, or is ahead if that is negative.

    Parameters
    ----------
    bias
        The lag [s].
    ts
        What the clock shows, Unix time [s].
    """
    for epoch, name in _EPOCHS:
        if abs(bias - epoch) <= _WIDEST:
            return ClockNote(
                "offset",
                f"the station's clock counts the seconds from {name}, not from 1970; fix: send Unix time or RFC 3339, "
                "or write `ts: received`",
                -bias,
            )
    if ts < _NEVER and bias > 0:
        return ClockNote(
            "offset",
            "the station's clock shows a year before 2001: it was never set, or counts from the start of the board; "
            "fix: set it from a time server after every start, or write `ts: received`",
            -bias,
        )
    side = "ahead of" if bias < 0 else "behind"
    looks = ", which looks like local time" if _is_zone(bias) else ""
    return ClockNote(
        "offset", f"the station's clock is {_duration(bias)} {side} the gateway's{looks}; fix: {_fix(bias)}", -bias
    )


def adrift_note() -> ClockNote:
    """Make the note of stamps without any order."""
    return ClockNote(
        "adrift",
        "the station's time stamps do not advance; readings are scored in the order of their arrival; "
        "fix: repair its clock, or write `ts: received`",
    )


def crowded_note() -> ClockNote:
    """Make the note of many stamps that do not follow."""
    return ClockNote(
        "crowded",
        "more than a quarter of the readings have time stamps that do not follow those before; fix: give each of two "
        "stations that share this name a name of its own, or write `ts: received`",
    )


def backlog_note(readings: int) -> ClockNote:
    """Make the note of stored readings that came after newer ones."""
    return ClockNote("backlog", f"{readings} stored readings came after newer ones")


def stored_jump_note(moved: float) -> ClockNote:
    """Make the note of stamps that jumped by so much [s] among stored readings."""
    way = "back" if moved < 0 else "ahead"
    fix = "fix: write `timezone:` if the station sends local time"
    return ClockNote(
        "backlog",
        f"time stamps went {way} by {_duration(moved)} among stored readings, which are scored in the order of their "
        f"arrival; {fix}",
    )


def recovered_note() -> ClockNote:
    """Make the note of a clock that is right again."""
    return ClockNote("recovered", "the station's time stamps follow one another again")


def _is_zone(bias: float) -> bool:
    return _LEAST_ZONE <= round(abs(bias) / _QUARTER) * _QUARTER <= _WIDEST and (
        abs(abs(bias) - round(abs(bias) / _QUARTER) * _QUARTER) <= _MINUTE
    )


def _fix(bias: float) -> str:
    if _is_zone(bias):
        return "write `timezone:` if it sends local time, set its clock, or write `ts: received`"
    return "set its clock or the gateway's, or write `ts: received`"


def _duration(seconds: float) -> str:
    """Write a duration.

    Examples
    --------
    >>> _duration(-3600.0), _duration(172800.0), _duration(90.0)
    ('1 h 00 min', '2 d 0 h', '90 s')
    """
    seconds = abs(seconds)
    if seconds < 3 * _MINUTE:
        return f"{seconds:.0f} s"
    minutes = round(seconds / _MINUTE)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 2 * 24 * 60:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    if seconds > 2 * _YEAR:
        return f"{seconds / _YEAR:.0f} years"
    hours = round(seconds / _HOUR)
    return f"{hours // 24} d {hours % 24} h"
