"""Streams and requests when the other side is slow, silent or gone."""

from __future__ import annotations

import asyncio
import threading
from types import SimpleNamespace
from typing import Any, cast

import pytest

from edge.dashboard.broker_thread import BrokerThread, Outgoing
from edge.dashboard.page_messages import HistoryView, LinkView, Overview
from edge.dashboard.page_routes import _answered
from edge.dashboard.page_views import PageViews
from edge.dashboard.request_desk import AgentRefusalError, RequestDesk
from edge.dashboard.stream_hub import MOST_BROWSERS, StreamHub

LINK = LinkView(state="connected", broker="b", detail=None, since="")
OVERVIEW = Overview(
    ts="", version="", timezone="", link=LINK, history=HistoryView(state="ok", detail=None, mb=0.0, since=None),
    gateways=(), stations=(),
)  # fmt: skip


class QuietBroker:
    """A broker's thread whose agent does not answer, unless the test does."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.watched = False
        self.link_view = LINK
        self.sent: list[Outgoing] = []
        self.forgotten: list[str] = []

    def send(self, outgoing: Outgoing) -> None:
        self.sent.append(outgoing)

    def forget(self, transaction: str) -> None:
        self.forgotten.append(transaction)


class NewViews:
    """Views that always have something new."""

    def take_news(self) -> tuple[list[Any], list[Any], bool]:
        return [], [], True


def hub_of(broker: QuietBroker) -> StreamHub:
    return StreamHub(cast("BrokerThread", broker), cast("PageViews", NewViews()), lambda: OVERVIEW)


def test_a_browser_that_does_not_read_loses_its_stream_and_nobody_elses_memory() -> None:
    async def run() -> None:
        hub = hub_of(QuietBroker())
        slow = hub.stream()
        assert (await anext(slow))["event"] == "overview"
        for _ in range(2600):
            hub._send({"event": "reading", "data": "{}"})
        assert [each async for each in slow] == []

    asyncio.run(run())


def test_a_reading_of_each_of_a_thousand_stations_at_once_ends_no_stream() -> None:
    async def run() -> None:
        hub = hub_of(QuietBroker())
        stream = hub.stream()
        await anext(stream)
        for _ in range(2 * 1000):
            hub._send({"event": "reading", "data": "{}"})
        assert [(await anext(stream))["event"] for _ in range(2000)] == ["reading"] * 2000

    asyncio.run(run())


def test_an_overview_that_cannot_be_made_ends_no_stream(caplog: pytest.LogCaptureFixture) -> None:
    made: list[Overview] = []

    def overview() -> Overview:
        if len(made) == 1:
            made.append(OVERVIEW)
            raise OverflowError("a time that is none")
        made.append(OVERVIEW)
        return OVERVIEW

    async def run() -> None:
        hub = StreamHub(cast("BrokerThread", QuietBroker()), cast("PageViews", NewViews()), overview)
        sending = asyncio.create_task(hub.run())
        stream = hub.stream()
        await anext(stream)
        hub.wake()
        while len(made) < 2:
            await asyncio.sleep(0.01)
        assert not sending.done()
        hub.wake()
        while (event := await asyncio.wait_for(anext(stream), 5))["event"] != "overview":
            assert event["event"] == "link"
        sending.cancel()

    asyncio.run(run())
    assert "news cannot be sent" in caplog.text


def test_streams_are_counted_and_ended() -> None:
    async def run() -> None:
        broker = QuietBroker()
        hub = hub_of(broker)
        streams = [hub.stream() for _ in range(MOST_BROWSERS)]
        for each in streams:
            await anext(each)
        assert (hub.full, broker.watched) == (True, True)
        hub.close()
        for each in streams:
            assert [event async for event in each] == []
        assert (hub.full, broker.watched) == (False, False)

    asyncio.run(run())


def test_news_wake_the_hub_and_an_overview_follows() -> None:
    async def run() -> None:
        hub = hub_of(QuietBroker())
        sending = asyncio.create_task(hub.run())
        stream = hub.stream()
        await anext(stream)
        hub.wake()
        names = [(await asyncio.wait_for(anext(stream), 5))["event"] for _ in range(2)]
        assert sorted(map(str, names)) == ["link", "overview"]
        sending.cancel()

    asyncio.run(run())


def test_an_agent_that_does_not_answer_is_said_and_forgotten() -> None:
    async def run() -> None:
        broker = QuietBroker()
        desk = RequestDesk(cast("BrokerThread", broker), patience=0.01)
        with pytest.raises(AgentRefusalError, match=r"no answer within 0\.01 s; fix: start the agent") as refusal:
            await desk.ask("davylamp/gw1", "alarm/shelve", {"id": "a"})
        assert refusal.value.status == 504
        assert broker.forgotten == [broker.sent[0].body["transaction"]]

    asyncio.run(run())


def test_a_fault_of_the_page_is_logged_and_answered(caplog: pytest.LogCaptureFixture) -> None:
    async def fail(request: Any) -> Any:
        raise KeyError("no such station")

    request = SimpleNamespace(url=SimpleNamespace(path="/api/overview"))
    answer = asyncio.run(_answered(fail)(cast("Any", request)))
    assert answer.status_code == 500
    assert "a request cannot be answered path=/api/overview" in caplog.text


def test_news_that_cannot_be_shown_end_no_stream(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(NewViews):
        def take_news(self) -> tuple[list[Any], list[Any], bool]:
            raise KeyError("st-1")

    async def run() -> None:
        hub = StreamHub(cast("BrokerThread", QuietBroker()), cast("PageViews", Broken()), lambda: OVERVIEW)
        sending = asyncio.create_task(hub.run())
        hub.wake()
        await asyncio.sleep(0.05)
        assert not sending.done()
        sending.cancel()

    asyncio.run(run())
    assert "news cannot be sent" in caplog.text
