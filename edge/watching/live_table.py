"""Draws a board: a table of stations, below it the alarms that stand, what became of the last request, and the keys."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from config.printable import escape_commands
from edge.alarms.event import Event
from edge.clock import parse_time
from edge.scoring.verdict import Methane
from edge.watching.alarm_keys import AlarmKeys
from edge.watching.sparkline import ASCII_BLOCKS, BLOCKS, sparkline
from edge.watching.station_board import KINDS, BoardRow, StationBoard
from edge.watching.summary_lines import age
from edge.watching.table_room import TableRoom, share_room

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

_STATE_STYLES = {
    "ok": "green", "suspect": "yellow", "alarm": "bold red", "warming_up": "dim", "out_of_domain": "magenta",
    "silent": "bold yellow", "no agent": "bold yellow", "historical": "dim",
}  # fmt: skip
_WIDTHS = {
    "last": 5, "state": 13, "level": 11, "background": 10, "methane": 7, "consistency": 11, "reconstruction": 14,
}  # fmt: skip  # least width of each column, in their order [characters]
_DROPPED = ("background", "reconstruction", "consistency", "methane", "last", "level")  # where there is no room
_ALARM_DROPPED = ("readings", "by", "peak", "culprit", "since")
_MARGIN = 2  # between columns
_SCORE = 5  # of a score and the blank before it
_LONGEST_STATION = 24
_WIDEST, _NARROWEST = 40, 4  # characters of a sparkline; below that there is none
_ROOMY = 12  # lines from which on there are blank ones, and news may take three
_HEADINGS = 2  # lines
_APART = "   "  # between two keys


class LiveTable:
    """Draws a board for a terminal of a given size.

    Parameters
    ----------
    board
        What is known.
    broker
        Address of the broker, for the title.
    encoding
        Encoding of the terminal: one without blocks gets ASCII.
    """

    def __init__(self, board: StationBoard, broker: str, encoding: str = "utf-8") -> None:
        self._board = board
        self._broker = broker
        self._plain = not _encodes(encoding, BLOCKS + "▶↑↓…")

    def draw(
        self, keys: AlarmKeys, width: int, height: int, *, connected: bool = True, news: str = "", bad: bool = False
    ) -> RenderableType:
        """Draw everything.

        Parameters
        ----------
        keys
            Which alarm is selected, and what the keys do.
        width, height
            Size of the terminal [characters, lines].
        connected
            Whether the broker is connected.
        news, bad
            What became of the last request, and whether that was not what was asked for.

        Returns
        -------
        RenderableType
            For a rich console.
        """
        from rich.console import Group

        roomy = height >= _ROOMY
        if self._board.refusal is not None and not news:
            news, bad = f"{self._board.refused} readings cannot be used; the last: {self._board.refusal}", True
        below = [_text(line, "bold red" if bad else "green") for line in _wrapped(news, width, 3 if roomy else 1)]
        below += [_text("")] if roomy and not below else []
        below += [_text(line, "dim") for line in _joined(self._ascii(keys.legend).split(_APART), width)]
        blank = [_text("")] if roomy else []
        room = height - 1 - len(below) - 2 * len(blank) - _HEADINGS
        for_rows, for_alarms = share_room(room, len(self._board.rows), len(self._board.alarms))
        stations, alarms = self._stations(width, for_rows), self._alarms(keys, width, for_alarms)
        return Group(self._title(connected), *blank, *stations, *blank, *alarms, *below)

    def _title(self, connected: bool) -> Text:
        from rich.text import Text

        board = self._board
        states = ", ".join(f"{base} {state.state}" for base, state in sorted(board.gateways.items())) or "no agent"
        title = Text.assemble(("davylamp", "bold"), "  ")
        if not connected:  # in front: a narrow terminal must show it
            title.append(f"{self._broker} is not connected   ", "bold red")
        title.append(f"{escape_commands(states)}   {board.readings:,} readings")
        title.append(f"   {self._broker}" if connected else "")
        title.no_wrap, title.overflow = True, "ellipsis"
        return title

    def _stations(self, width: int, room: TableRoom) -> list[RenderableType]:
        from rich.table import Table

        rows = self._chosen(room.drawn)
        names = [self._name(row) for row in rows]
        first = room.heading("station")
        columns, blocks = _fit(width - max(map(len, (*names, first))) - 2)
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        for heading in (first, *columns):
            left = heading in (first, "state")
            table.add_column(heading, justify="left" if left else "right", no_wrap=True, overflow="ellipsis")
        for name, row in zip(names, rows, strict=True):
            cells = self._cells(row, blocks)
            table.add_row(_text(name, "bold red" if row.standing else ""), *(cells[column] for column in columns))
        if not rows:
            return [_text("waiting for stations", "dim")]
        return [table, *_more(room)]

    def _chosen(self, shown: int) -> list[BoardRow]:
        """Choose the rows that there is room for: those with an alarm first, drawn in the order of their names."""
        rows = list(self._board.rows.values())
        first = sorted(rows, key=lambda row: not row.standing)[:shown]
        kept = {id(row) for row in first}
        return [row for row in rows if id(row) in kept]

    def _name(self, row: BoardRow) -> str:
        several = len({each for each, _ in self._board.rows}) > 1
        name = escape_commands(f"{row.base.rpartition('/')[2]}/{row.station}" if several else row.station)
        return name if len(name) <= _LONGEST_STATION else name[: _LONGEST_STATION - 1] + self._ascii("…")

    def _cells(self, row: BoardRow, blocks: int) -> dict[str, Text]:
        """Return the cells of a row: heading -> text."""
        verdict, state = row.verdict, self._state(row)
        seen = "" if verdict is None else age(self._board.clock.monotonic() - row.seen)
        level, background = self._levels(None if verdict is None else verdict.methane)
        cells = {
            "last": _text(seen),
            "state": _text(state, _STATE_STYLES.get(state, "")),
            "level": _text(level),
            "background": _text(background, "dim"),
        }
        for kind in KINDS:
            scores = list(row.scores[kind])
            line = sparkline(scores[-blocks:], ASCII_BLOCKS if self._plain else BLOCKS) if blocks else ""
            score = next(iter(scores[-1:]), None)
            exceeds = verdict is not None and kind in verdict.exceeds
            cells[kind] = _text(line + (f" {score:4.1f}" if score is not None else "    -"), "red" if exceeds else "")
        return cells

    def _levels(self, methane: Methane | None) -> tuple[str, str]:
        """Return the gas level with its unit, the virtual one without an analyser, and the background."""
        if methane is None:
            return "", ""
        unit = (methane.unit or "").strip("[]")
        level = ""
        if methane.level is not None:
            level = f"{_number(methane.level)} {unit}"
        elif methane.virtual is not None:
            level = f"{self._ascii('≈')}{_number(methane.virtual)} {unit}"
        return level, "" if methane.background is None else _number(methane.background)

    def _state(self, row: BoardRow) -> str:
        """Return the word of a station: whether it is available comes before what its last score said."""
        state = self._board.gateways.get(row.base)
        if state is not None and state.state != "online":
            return "no agent"
        if row.availability is not None and row.availability.state == "offline":
            return "silent"
        if row.verdict is None:
            return "no reading yet"
        return "historical" if row.verdict.historical and row.verdict.state == "ok" else row.verdict.state

    def _alarms(self, keys: AlarmKeys, width: int, room: TableRoom) -> list[RenderableType]:
        from rich.table import Table

        alarms = self._board.alarms
        if not alarms:
            return [_text("no alarm stands", "dim")]
        fitting = room.drawn
        chosen = next((i for i, (_, event) in enumerate(alarms) if event.id == keys.selected), 0)
        start = min(max(0, chosen - fitting + 1), max(0, len(alarms) - fitting))
        part = alarms[start : start + fitting]
        rows = [self._alarm(row, event, chosen=event.id == keys.selected) for row, event in part]
        first = room.heading("alarm")
        rows = [{first if name == "alarm" else name: cell for name, cell in cells.items()} for cells in rows]
        widths = {name: max(len(name.strip()), *(len(cells[name]) for cells in rows)) for name in rows[0]}
        widths = {name: each for name, each in widths.items() if any(cells[name] for cells in rows)}
        for dropped in _ALARM_DROPPED:
            if sum(each + _MARGIN for each in widths.values()) <= width:
                break
            widths.pop(dropped, None)
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        for heading in widths:
            right = heading in ("since", "peak", "readings")
            table.add_column(heading, justify="right" if right else "left", no_wrap=True, overflow="ellipsis")
        for (_, event), cells in zip(part, rows, strict=True):
            style = "dim" if event.shelved_until else "" if event.acknowledged else "bold red"
            table.add_row(*(_text(cells[heading], style) for heading in widths))
        return [table, *_more(room)]

    def _alarm(self, row: BoardRow, event: Event, *, chosen: bool) -> dict[str, str]:
        """Return the cells of an alarm: heading -> text."""
        answer = [f"acknowledged{f' as {event.label}' if event.label else ''}"] if event.acknowledged else []
        if event.shelved_until:
            answer.append(f"shelved until {event.shelved_until[:16].replace('T', ' ')}Z")
        peak = event.peak
        highest = "" if peak.score is None else f"{peak.score:.1f}"
        if peak.level is not None:
            highest = f"{_number(peak.level)} {(peak.unit or '').strip('[]')}"
        return {
            "": self._ascii("▶") if chosen else " ",
            "alarm": event.kind,
            "by": event.by or "",
            "station": self._name(row),
            "since": self._since(event.opened),
            "peak": highest,
            "culprit": event.culprit or "",
            "readings": f"{event.count:,}",
            " ": ", ".join(answer) or "not acknowledged",
        }

    def _since(self, opened: str) -> str:
        try:
            return age(self._board.clock.now() - parse_time(opened))
        except ValueError:
            return ""

    def _ascii(self, text: str) -> str:
        if not self._plain:
            return text
        return text.replace("↑↓", "j/k").replace("▶", ">").replace("…", "~").replace("≈", "~")


def _fit(width: int) -> tuple[list[str], int]:
    """Choose the columns that fit beside the stations' names, and how many blocks a sparkline has."""
    columns = list(_WIDTHS)
    for dropped in _DROPPED:
        if sum(_WIDTHS[column] + _MARGIN for column in columns) <= width:
            break
        columns.remove(dropped)
    for blocks in range(_WIDEST, _NARROWEST - 1, -1):
        widths = (max(_WIDTHS[each], blocks + _SCORE if each in KINDS else 0) + _MARGIN for each in columns)
        if sum(widths) <= width:
            return columns, blocks
    return columns, 0


def _more(room: TableRoom) -> list[Text]:
    return [_text(f"and {room.others} more", "dim")] if room.others else []


def _wrapped(text: str, width: int, most: int) -> list[str]:
    """Break a sentence into lines; the last of them says that there is more."""
    return textwrap.wrap(escape_commands(text), width, max_lines=most, placeholder=" ...")


def _joined(phrases: Sequence[str], width: int) -> list[str]:
    """Put phrases behind each other, and no phrase on two lines."""
    lines = [phrases[0]]
    for phrase in phrases[1:]:
        if len(lines[-1]) + len(_APART) + len(phrase) <= width:
            lines[-1] += _APART + phrase
        else:
            lines.append(phrase)
    return lines


def _number(level: float) -> str:
    return f"{level:,.0f}" if abs(level) >= 1000 else f"{level:.4g}"


def _text(text: str, style: str = "") -> Text:
    from rich.text import Text

    return Text(escape_commands(text), style, no_wrap=True, overflow="ellipsis")


def _encodes(encoding: str, text: str) -> bool:
    try:
        text.encode(encoding)
    except (LookupError, UnicodeEncodeError):
        return False
    return True
