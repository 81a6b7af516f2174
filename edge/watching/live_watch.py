"""The live table of ``davylamp watch``: one loop over the broker, the keys and the terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, TextIO

from config.settings.broker import Broker
from edge.clock import Clock, SystemClock
from edge.mqtt.command_link import command_link
from edge.mqtt.link import Link
from edge.stop import Stop
from edge.watching.agent_subscriptions import WatchedKind, agent_subscriptions
from edge.watching.alarm_keys import AlarmKeys
from edge.watching.keyboard import Keyboard
from edge.watching.live_table import LiveTable
from edge.watching.pending_requests import PendingRequests
from edge.watching.station_board import StationBoard
from edge.watching.summary_lines import summary_lines

if TYPE_CHECKING:
    from rich.live import Live

_KINDS: tuple[WatchedKind, ...] = ("state", "availability", "alarm", "score", "deadletter")
_VERBS = ("alarm/+",)
_KEY_WAIT = 0.1  # [s] in which a key is answered
_FASTEST, _SLOWEST = 0.25, 1.0  # [s] between two drawings: of something new, and of ages that only grow


class LiveScreen:
    """The screen of a board: takes messages and keys, and draws no more often than a person can follow.

    Parameters
    ----------
    link
        Link to the broker.
    live
        Screen to draw on.
    broker
        Address of the broker, for the title.
    clock
        Paces the drawing.

    Attributes
    ----------
    board : StationBoard
        What is known so far.
    """

    def __init__(self, link: Link, live: Live, broker: str, clock: Clock) -> None:
        self.board = StationBoard(clock)
        self._link = link
        self._live = live
        self._clock = clock
        self._table = LiveTable(self.board, broker, live.console.encoding)
        self._keys = AlarmKeys()
        self._requests = PendingRequests(link, clock)
        self._drawn = -_SLOWEST
        self._news = True

    def turn(self, pressed: Iterable[str]) -> bool:
        """Take the keys that were pressed and what the broker has; draw if it is time; returns whether to go on."""
        for key in pressed:
            request = self._keys.press(key, self.board.alarms)
            if request is not None:
                self._requests.send(request)
            self._news, self._drawn = True, -_SLOWEST
        messages = self._link.poll(_KEY_WAIT)
        for message in messages:
            take = self._requests.take if "/response/" in message.topic else self.board.take
            self._news |= take(message)
        self._link.acknowledge(messages)
        self._link.flush()
        self._news |= self._requests.settle()
        now = self._clock.monotonic()
        if now - self._drawn >= (_FASTEST if self._news else _SLOWEST):
            self._draw()
            self._news, self._drawn = False, now
        return not self._keys.quitting

    def _draw(self) -> None:
        self._keys.follow(self.board.alarms)
        size = self._live.console.size
        drawing = self._table.draw(
            self._keys, size.width, size.height,
            connected=self._link.connected, news=self._requests.news, bad=self._requests.bad,
        )  # fmt: skip
        self._live.update(drawing, refresh=True)


def live_watch(broker: Broker, base: str, *, out: TextIO, keyboard: TextIO | None = None) -> int:
    """Draw what the agents below a base topic publish, until SIGINT, SIGTERM or the key ``q``.

    Parameters
    ----------
    broker
        Broker to connect to.
    base
        Base topic of the agents, ``+`` for any level.
    out
        Terminal to draw on.
    keyboard
        Terminal whose keys are read; ``None``: standard input if it is one.

    Returns
    -------
    int
        0.

    Raises
    ------
    BrokerError
        The broker cannot be reached.
    ModuleNotFoundError
        rich is not installed.
    """
    from rich.console import Console
    from rich.live import Live

    console = Console(file=out)
    clock = SystemClock()
    started = clock.monotonic()
    source = keyboard or sys.stdin
    descriptor = source.fileno() if source is not None and source.isatty() else None
    with (
        Stop() as stop,
        command_link(broker, "watch", agent_subscriptions(base, _KINDS, _VERBS), stop) as link,
        Keyboard(descriptor) as keys,
        Live(console=console, screen=True, auto_refresh=False) as live,
    ):
        screen = LiveScreen(link, live, f"{broker.host}:{broker.port}", clock)
        while not stop.requested and screen.turn(keys.read()):
            pass
    for line in summary_lines(screen.board, clock.monotonic() - started):
        print(line, file=out)
    return 0
