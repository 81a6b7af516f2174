"""What alarms make of readings that are old news, or that were scored beside the order."""

from __future__ import annotations

import pytest

from edge.clock import rfc3339
from tests.edge.alarms.panel_station import BETWEEN, EXCEEDING, QUIET, START, PanelStation, types


def test_a_reading_beside_the_order_counts_among_the_last_n() -> None:
    station = PanelStation()
    assert station.feed(EXCEEDING, late=True) == []
    assert types(station.feed(EXCEEDING)) == ["open"]


def test_an_alarm_opened_by_old_news_is_historical_until_a_live_reading_follows() -> None:
    station = PanelStation()
    (opened,) = station.feed(EXCEEDING, EXCEEDING, historical=True)
    assert opened.historical
    assert station.feed(EXCEEDING, QUIET, historical=True) == []
    assert station.panel.message("st-01").fault == "ON"
    (update,) = station.feed(BETWEEN)
    assert (update.event_type, update.id, update.historical) == ("update", opened.id, False)
    assert station.feed(BETWEEN, EXCEEDING) == []
    assert not any(event.historical for event in station.panel.standing())


def test_a_live_reading_makes_every_historical_alarm_live_whatever_it_says_about_it() -> None:
    station = PanelStation()
    station.feed(EXCEEDING, EXCEEDING, historical=True)
    (update,) = station.feed(None)  # a reading without a score
    assert (update.event_type, update.kind, update.historical) == ("update", "reconstruction", False)


def test_an_alarm_that_old_news_opens_and_closes_stays_historical() -> None:
    station = PanelStation()
    events = station.feed(EXCEEDING, EXCEEDING, *[QUIET] * 4, historical=True)
    assert [(event.event_type, event.historical) for event in events] == [("open", True), ("close", True)]


def test_old_news_joins_a_live_alarm_that_stays_live() -> None:
    station = PanelStation()
    station.feed(EXCEEDING, EXCEEDING)
    station.feed(EXCEEDING, historical=True)
    (standing,) = station.panel.standing()
    assert (standing.historical, standing.count) == (False, 3)


@pytest.mark.parametrize("past", [{"historical": True}, {"late": True}])
def test_what_is_older_than_the_latest_reading_cannot_close_an_alarm(past: dict[str, bool]) -> None:
    station = PanelStation()
    station.feed(EXCEEDING, EXCEEDING)
    assert station.feed(*[QUIET] * 20, ts=rfc3339(START), **past) == []
    assert types(station.feed(QUIET, QUIET, QUIET)) == ["close"]


def test_a_live_reading_closes_an_alarm_although_its_clock_was_set_back() -> None:
    station = PanelStation()
    station.feed(EXCEEDING, EXCEEDING)
    assert types(station.feed(*[QUIET] * 4, ts=rfc3339(START - 86400))) == ["close"]
