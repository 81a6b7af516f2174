"""Shows scores and alarms in the terminal as the readings arrive."""

from __future__ import annotations

from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.padding import Padding
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

_ROWS = 10
_STATE_STYLE = {
    "ok": "green",
    "suspect": "yellow",
    "alarm": "bold red",
    "warming_up": "dim",
    "out_of_domain": "magenta",
}
_EVENT_STYLE = {"open": "bold red", "update": "yellow", "close": "green"}


class LiveView:
    """A table of the latest scores below the events so far; event lines only, if the output is no terminal.

    Parameters
    ----------
    console
        Console to draw on.
    total
        Readings to come.
    """

    def __init__(self, console: Console, total: int) -> None:
        self._console = console
        self._total = total
        self._events = 0
        self._live = Live(console=console, refresh_per_second=8, transient=True, auto_refresh=False)

    def __enter__(self) -> LiveView:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._console.is_terminal:
            self._live.stop()

    def show(self, scores: dict[int, dict[str, Any]], events: list[dict[str, Any]]) -> None:
        """Draw the current state; each new event is also printed once, permanently."""
        for event in events[self._events :]:
            if event["event_type"] != "update":
                self._console.print(event_line(event))
        self._events = len(events)
        if self._console.is_terminal:
            self._live.update(Group(_bar(len(scores), self._total), _table(scores)), refresh=True)


def event_line(event: dict[str, Any]) -> Text:
    """Format one event as a line."""
    kind = event["event_type"]
    why = f" by {event['by']}" if event.get("by") else ""
    culprit = f", most from {event['culprit']}" if event.get("culprit") else ""
    return Text.assemble(
        (f"  {kind:<6}", _EVENT_STYLE[kind]), f"{event['kind']}{why}{culprit}  ", (f"{event['ts']}", "dim")
    )


def _bar(done: int, total: int) -> Group:
    bar = Padding(ProgressBar(total=total, completed=done, width=60), (0, 0, 0, 2))
    return Group(Text(f"  {done} of {total} readings scored"), bar)


def _table(scores: dict[int, dict[str, Any]]) -> Panel:
    table = Table(box=None, pad_edge=False, padding=(0, 2))
    for name in ("reading", "methane", "virtual", "background", "consistency", "culprit", "reconstruction", "state"):
        table.add_column(name, justify="left" if name in ("culprit", "state") else "right")
    for n in sorted(scores)[-_ROWS:]:
        table.add_row(*_cells(n, scores[n]))
    return Panel(table, title="live scores", title_align="left", width=106)


def _cells(n: int, score: dict[str, Any]) -> tuple[str | Text, ...]:
    methane, consistency, network = (score[name] or {} for name in ("methane", "consistency", "reconstruction"))
    state = score["state"]
    return (
        str(n),
        _number(methane.get("level_ppb"), "{:.0f} ppb"),
        _number(methane.get("virtual_ppb"), "{:.0f} ppb"),
        _number(methane.get("background_ppb"), "{:.0f} ppb"),
        _number(consistency.get("score"), "{:.2f}"),
        consistency.get("culprit", ""),
        _number(network.get("score"), "{:.2f}"),
        Text(state, _STATE_STYLE[state]),
    )


def _number(value: float | None, shape: str) -> str:
    return "" if value is None else shape.format(value)
