"""What the board makes of messages: strange times, units that come and go, stations that leave."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from edge.clock import rfc3339
from edge.dashboard.broker_thread import BrokerThread
from edge.dashboard.channel_values import ChannelValues
from edge.dashboard.history_reader import HistoryReader
from edge.dashboard.page_board import PageBoard
from edge.dashboard.page_history import PageHistory
from edge.dashboard.page_views import PageViews
from edge.errors import DashboardError
from edge.mqtt.message import Message
from edge.scoring.verdict import Methane
from tests.doubles import FakeClock
from tests.edge.watching.messages import BASE, alarm, availability, event, message, score

STATION = f"{BASE}/st-1"
NOW = float(int(time.time()))
LEVEL = Methane(unit="[ppb]", level=2000.0, background=1950.0)


class Board:
    """A board with its history, at a time that stands."""

    def __init__(self, path: Path) -> None:
        self.clock = FakeClock(NOW)
        self.history = PageHistory(path, 64, self.clock)
        self.board = PageBoard("davylamp/+", self.history, ChannelValues(), self.clock)
        self.views = PageViews(self.board)
        self.reader = HistoryReader(path)

    def take(self, *messages: Message) -> None:
        for each in messages:
            self.board.take(each)

    def read(self, ts: float, **fields: Any) -> None:
        self.take(score(**{"ts": rfc3339(ts), "received": rfc3339(NOW), "methane": LEVEL, **fields}))

    def alarms(self) -> list[Any]:
        assert self.history.commit()
        return list(self.reader.alarms(None, 50, None)["alarms"])


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Board]:
    one = Board(tmp_path / "dashboard.db")
    yield one
    one.history.close()


@pytest.mark.parametrize("fields", [{"opened": "yesterday"}, {"closed": "soon"}, {"opened": "2026-13-01T00:00:00Z"}])
def test_an_alarm_with_a_time_that_is_none_does_not_end_the_history(board: Board, fields: dict[str, Any]) -> None:
    board.take(availability("st-1"), alarm("st-1", event("a-1", **fields), event("a-2")))
    board.take(message("st-1/event", event("a-3", **fields)))
    assert [each["event"]["id"] for each in board.alarms()] == ["a-2"]


def test_a_reading_without_a_gas_level_stays_in_the_series_of_the_others(board: Board) -> None:
    board.read(NOW - 20)
    board.read(NOW - 10, methane=None)
    assert board.history.commit()
    chart = board.reader.chart(STATION, NOW - 3600, NOW + 60, 600)
    assert (chart["unit"], [each for each in chart["level"] if each is not None]) == ("[ppb]", [2000.0])
    assert board.reader.days(STATION, time.localtime(NOW).tm_year)["days"][0]["readings"] == 2


def test_a_unit_that_comes_back_is_shown_again(board: Board) -> None:
    for ago, unit in ((3 * 86400.0, "[ppb]"), (2 * 86400.0, "[ppm]"), (60.0, "[ppb]")):
        board.read(NOW - ago, methane=Methane(unit=unit, level=2.0, background=1.9))
        assert board.history.commit()
    assert board.reader.chart(STATION, NOW - 3600, NOW + 60, 600)["unit"] == "[ppb]"


def test_a_station_that_goes_takes_its_alarms_and_values_along(board: Board) -> None:
    board.take(availability("st-1"), alarm("st-1", event("a-1")))
    board.read(NOW)
    assert [each["standing"] for each in board.alarms()] == [True]
    for topic in ("alarm", "availability", "model"):
        board.take(Message(f"{STATION}/{topic}", b""))
    assert [each["standing"] for each in board.alarms()] == [False]
    assert board.views.stations() == ()
    assert not board.board.pasts
    assert not board.board.models


def test_after_a_clock_that_was_ahead_the_last_hour_begins_anew(board: Board) -> None:
    for i in range(6):
        board.read(NOW + 40_000 + 60 * i, n=i)
    for i in range(6):
        board.read(NOW - 360 + 60 * i, n=10 + i)
    (station,) = board.views.stations()
    assert len(station.spark) == 6
    assert station.methane is not None
    assert station.methane.trend is not None


def test_a_late_reading_is_no_part_of_the_trend(board: Board) -> None:
    for i in range(6):
        board.read(NOW - 360 + 60 * i, n=i)
    board.read(NOW - 86_400, n=7, late=True, methane=Methane(unit="[ppb]", level=9e5, background=1950.0))
    (station,) = board.views.stations()
    assert [level for _, level in station.spark] == [2000.0] * 6


@pytest.mark.parametrize("ts", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "1969-12-31T23:59:59Z", "never"])
def test_a_time_that_is_far_off_is_no_fault_of_the_page(board: Board, ts: str) -> None:
    board.take(score(ts=ts, received=ts, methane=LEVEL))
    assert board.history.commit()
    assert len(board.views.stations()) == 1


def test_a_bundle_that_waits_is_shown_at_its_station(board: Board) -> None:
    comparison = {"readings": 120, "agreement": 0.992, "only_running": 1, "only_waiting": 0}
    waiting = {"model": {"bundle": "new1", "file": "n.davy"}, "phase": "shadow", "readings": 120, "of": 500}
    body = {"station": "st-1", "active": {}, "waiting": waiting | {"comparison": comparison}, "watched": 0, "kept": []}
    board.take(message("st-1/model", body | {"last": None}), availability("st-1"))
    (station,) = board.views.stations()
    found = station.model.waiting
    assert found is not None
    assert found.comparison is not None
    assert (found.model.bundle, found.phase, found.comparison.agreement) == ("new1", "shadow", 0.992)
    last = {"outcome": "refused", "bundle": "new1", "reason": "not signed", "at": rfc3339(NOW)}
    board.take(message("st-1/model", body | {"waiting": None, "last": last}))
    (station,) = board.views.stations()
    assert station.model.waiting is None
    assert station.model.last is not None
    assert station.model.last.reason == "not signed"


def test_a_message_that_cannot_be_shown_does_not_hide_the_next_one(
    board: Board, caplog: pytest.LogCaptureFixture
) -> None:
    class Faulty(PageBoard):
        def take(self, message: Message) -> None:
            if message.topic.startswith("davylamp/bad"):
                raise OverflowError("a fault of ours")
            super().take(message)

    faulty = Faulty("davylamp/+", board.history, ChannelValues(), board.clock)
    thread = BrokerThread(cast("Any", SimpleNamespace(address="b")), "davylamp/+", faulty, board.history, lambda: None)
    link = SimpleNamespace(connected=True, refused=(), failure=None, receipts=list)
    thread._turn(cast("Any", link), [Message("davylamp/bad/st-9/score", b"{}"), availability("st-1")])
    assert list(faulty.stations.rows) == [(BASE, "st-1")]
    assert "topic=davylamp/bad/st-9/score" in caplog.text


def test_two_pages_never_keep_one_history(board: Board) -> None:
    with pytest.raises(DashboardError, match=r"another page keeps this history; fix: stop it"):
        PageHistory(board.history.path, 64)
    board.history.close()
    PageHistory(board.history.path, 64).close()
