"""Sends what is new to every browser that is connected."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import msgspec

from edge.dashboard.broker_thread import BrokerThread
from edge.dashboard.page_messages import Overview
from edge.dashboard.page_views import PageViews
from edge.log import Log

ServerEvent = dict[str, str | int]
"""A server-sent event, as sse-starlette takes it."""

MOST_BROWSERS = 32
"""Streams at one time."""

_PACE = 0.25  # [s] between two sendings
_OVERVIEW_PACE = 1.0  # [s] between two overviews
_RETRY = 2000  # [ms] after which a browser connects again
_MOST_WAITING = 2500  # events that wait for a slow browser: more than one of each station, of which 1000 may be


class StreamHub:
    """The streams of all browsers; used on the loop's thread.

    Parameters
    ----------
    broker
        Whose lock the board is read under.
    views
        What is new, as browsers receive it.
    overview
        Makes the overview.
    """

    def __init__(self, broker: BrokerThread, views: PageViews, overview: Callable[[], Overview]) -> None:
        self._broker = broker
        self._views = views
        self._overview = overview
        self._news = asyncio.Event()
        self._streams: set[asyncio.Queue[ServerEvent | None]] = set()
        self._link = ""
        self._overview_due = False
        self._log = Log("dashboard")

    @property
    def full(self) -> bool:
        """Whether there are as many streams as there may be."""
        return len(self._streams) >= MOST_BROWSERS

    def wake(self) -> None:
        """Note that something is new."""
        self._news.set()

    async def run(self) -> None:
        """Send news until it is cancelled."""
        loop = asyncio.get_running_loop()
        sent = 0.0
        while True:
            timeout = max(0.0, sent + _OVERVIEW_PACE - loop.time()) if self._overview_due else None
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), timeout)
            self._news.clear()
            try:
                self._send_news()
                if self._overview_due and loop.time() - sent >= _OVERVIEW_PACE:
                    self._overview_due, sent = False, loop.time()
                    if self._streams:
                        self._send(self._overview_event())
            except Exception as error:  # one thing that cannot be shown must not end every stream
                self._log.error("news cannot be sent", every=60.0, error=repr(error))
            await asyncio.sleep(_PACE)

    async def stream(self) -> AsyncIterator[ServerEvent]:
        """Yield the overview, and from then on what is new."""
        events: asyncio.Queue[ServerEvent | None] = asyncio.Queue(_MOST_WAITING)
        self._streams.add(events)
        self._broker.watched = True
        try:
            yield self._overview_event() | {"retry": _RETRY}
            while (event := await events.get()) is not None:
                yield event
        finally:
            self._streams.discard(events)
            self._broker.watched = bool(self._streams)

    def close(self) -> None:
        """End every stream."""
        for events in list(self._streams):
            self._end(events)

    def _send_news(self) -> None:
        with self._broker.lock:
            readings, alarms, changed = self._views.take_news()
            link = self._broker.link_view
        self._overview_due |= changed
        events = [_event("reading", each) for each in readings] + [_event("alarm", each) for each in alarms]
        if (text := f"{link.state} {link.detail}") != self._link:
            self._link = text
            events.append(_event("link", link))
        for event in events if self._streams else ():
            self._send(event)

    def _overview_event(self) -> ServerEvent:
        return _event("overview", self._overview())

    def _send(self, event: ServerEvent) -> None:
        for events in list(self._streams):
            if events.full():  # its browser connects again, and begins with the overview
                self._end(events)
            else:
                events.put_nowait(event)

    @staticmethod
    def _end(events: asyncio.Queue[ServerEvent | None]) -> None:
        while not events.empty():
            events.get_nowait()
        events.put_nowait(None)


def _event(name: str, body: msgspec.Struct) -> ServerEvent:
    return {"event": name, "data": msgspec.json.encode(body).decode()}
