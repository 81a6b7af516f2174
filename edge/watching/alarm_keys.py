"""Turns keys into requests about the alarm that is selected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from edge.alarms.event import Event, Label
from edge.watching.station_board import BoardRow

_LABELS: dict[str, Label | None] = {"p": "plume", "f": "fault", "x": "false", "enter": None}
_MINUTES = {"1": 60, "8": 480, "d": 1440, "w": 10080, "0": 0}

LEGEND = "↑↓ select   a acknowledge   s shelve   q quit"
_PROMPTS = {
    "label": "acknowledge as: p plume   f fault   x false alarm   Enter without a label   Esc back",
    "minutes": "shelve for: 1 an hour   8 hours   d a day   w a week   0 off the shelf   Esc back",
}


@dataclass(frozen=True)
class AlarmRequest:
    """A request about one alarm.

    Parameters
    ----------
    base
        Base topic of its gateway.
    verb
        ``alarm/acknowledge`` or ``alarm/shelve``.
    body
        The request's body, without a transaction.
    done
        What to say when the agent has done it.
    """

    base: str
    verb: str
    body: dict[str, object]
    done: str


class AlarmKeys:
    """Which alarm is selected, and what a key means now.

    Attributes
    ----------
    selected : str or None
        Id of the selected alarm.
    quitting : bool
        Whether somebody has pressed ``q``.
    """

    def __init__(self) -> None:
        self.selected: str | None = None
        self.quitting = False
        self._asked: Literal["label", "minutes"] | None = None

    @property
    def legend(self) -> str:
        """What the keys do now."""
        return _PROMPTS[self._asked] if self._asked else LEGEND

    def follow(self, alarms: Sequence[tuple[BoardRow, Event]]) -> None:
        """Select another alarm if the selected one has closed: the oldest that nobody has acknowledged."""
        if any(event.id == self.selected for _, event in alarms):
            return
        self._asked = None  # a key that was meant for another alarm must not answer this one
        open_ones = [event.id for _, event in alarms if not event.acknowledged] or [event.id for _, event in alarms]
        self.selected = next(iter(open_ones), None)

    def press(self, key: str, alarms: Sequence[tuple[BoardRow, Event]]) -> AlarmRequest | None:
        """Take a key; returns the request that it completes, if it does."""
        self.follow(alarms)
        if self._asked:
            return self._answer(key, alarms)
        if key == "q":
            self.quitting = True
        elif key in ("up", "k", "down", "j") and alarms:
            ids = [event.id for _, event in alarms]
            step = -1 if key in ("up", "k") else 1
            self.selected = ids[(ids.index(self.selected or "") + step) % len(ids)]
        elif key in ("a", "s") and alarms:
            self._asked = "label" if key == "a" else "minutes"
        return None

    def _answer(self, key: str, alarms: Sequence[tuple[BoardRow, Event]]) -> AlarmRequest | None:
        row, event = next(each for each in alarms if each[1].id == self.selected)
        asked, what = self._asked, f"{event.kind} of {row.station}"
        if key == "escape":
            self._asked = None
        elif asked == "label" and key in _LABELS:
            self._asked = None
            label = _LABELS[key]
            body: dict[str, object] = {"id": event.id} if label is None else {"id": event.id, "label": label}
            done = f"{what} is acknowledged" + (f" as {label}" if label else "")
            return AlarmRequest(row.base, "alarm/acknowledge", body, done)
        elif asked == "minutes" and key in _MINUTES:
            self._asked = None
            minutes = _MINUTES[key]
            done = f"{what} is shelved for {minutes // 60} h" if minutes else f"{what} is off the shelf"
            return AlarmRequest(row.base, "alarm/shelve", {"id": event.id, "minutes": minutes}, done)
        return None
