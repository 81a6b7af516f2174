"""The page when agents, alarms and stations are not as usual."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser import DESK, PHONE, Browser
from tests.edge.dashboard import sample_server
from tests.edge.dashboard.made_up_page import MadeUpPage, show, text, until
from tests.edge.dashboard.sample_server import BASE, STARTED, _event, _iso


def _other_version(overview: dict[str, Any]) -> None:
    gateway = overview["gateways"][0]
    gateway |= {"version": None, "exceedances_per_1000": None}
    gateway["health"] |= {"journal": None, "cpu_s": None, "uptime_s": None, "rss_mib": None}
    gateway["bundles"][0] |= {"created": None, "enhancement": None, "file": ""}


def test_an_agent_that_says_less_is_shown(browser: Browser, page: MadeUpPage) -> None:
    page.change = _other_version
    show(browser, page)
    until(browser, "document.getElementById('gateway-facts').innerText.includes('a1b2c3d4')")
    assert "1970" not in text(browser, "#gateway")
    assert "null" not in text(browser, "#gateway")
    assert browser.errors == []


def test_an_alarm_says_what_to_do_and_how_far_the_station_has_drifted(browser: Browser, page: MadeUpPage) -> None:
    event = _event(STARTED - 60, closed=None, kind="retrain") | {"advice": "train again with collected readings"}
    drift = {"state": "drifted", "drifted": {"r_ohm_1": 1.31}, "farthest": {"r_ohm_1": 1.31}, "reason": None}

    def drifted(station: dict[str, Any]) -> None:
        station["standing"] = [event]
        station["health"]["drift"] = drift

    page.change_station = drifted
    show(browser, page)
    until(browser, "document.querySelector('.alarm[data-kind=retrain]') !== null")
    assert "train again with collected readings" in text(browser, ".alarm[data-kind=retrain]")
    until(browser, "document.getElementById('gateway-facts').innerText.includes('No longer as in training')")
    assert "131 % of what an alarm takes: train again" in text(browser, "#gateway-facts")


def test_the_year_of_a_channel_keeps_its_span_when_a_reading_comes(browser: Browser, page: MadeUpPage) -> None:
    show(browser, page)
    assert text(browser, "#verdict") == "Methane alarm"
    assert text(browser, "#trend").endswith("↗ Rising over the last hour, by about 13 ppb.")
    browser.run("document.querySelector('[data-span=year]').click()")
    browser.run("document.querySelectorAll('.channel')[1].click()")
    until(browser, "document.getElementById('history-title').innerText === 'Temperature at st-1'")
    until(browser, "document.getElementById('history-span').innerText.includes(' to now')")
    begun = text(browser, "#history-span")
    seen = text(browser, "#now-facts")
    until(browser, f"document.getElementById('now-facts').innerText !== {seen!r}")
    assert text(browser, "#history-span").partition(" to ")[0] == begun.partition(" to ")[0]


def test_a_bundle_that_waits_and_one_that_was_refused_are_said(browser: Browser, page: MadeUpPage) -> None:
    waiting = {
        "model": {"bundle": "9c44e019", "file": "new.davy"}, "phase": "shadow", "readings": 120, "of": 500,
        "comparison": {"agreement": 0.992},
    }  # fmt: skip
    last = {"outcome": "refused", "bundle": "77aa01bc", "reason": "it is not signed", "at": _iso(STARTED)}
    page.change_station = lambda station: station.update(model={"waiting": waiting, "last": last})
    show(browser, page)
    until(browser, "document.getElementById('gateway-facts').innerText.includes('9c44e019')")
    words = text(browser, "#gateway")
    assert "scores in shadow, 120 of 500 readings, agrees on 99.2 %" in words
    assert "77aa01bc was refused" in words
    assert "it is not signed" in words


def test_older_alarms_begin_where_the_list_ends_and_not_at_one_that_stands(
    browser: Browser, page: MadeUpPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = [_event(STARTED - 1000 * i, closed=STARTED - 1000 * i + 60) for i in range(1, 41)]
    standing = _event(STARTED - 9e6, closed=None)

    def alarms(query: dict[str, str]) -> dict[str, Any]:
        rest = [each for each in events if "before" not in query or each["opened"] < query["before"]]
        limit = int(query["limit"])
        found = [{"station_id": f"{BASE}/st-1", "standing": False, "event": each} for each in rest[:limit]]
        return {"alarms": found, "more": len(rest) > limit}

    monkeypatch.setattr(sample_server, "_alarms", alarms)
    page.change_station = lambda station: station.update(standing=[standing])
    show(browser, page)
    for _ in range(2):
        browser.run("document.getElementById('alarms-more').click()")
    until(browser, "document.querySelectorAll('.alarm').length === 41")
    assert browser.run("document.getElementById('alarms-more').hidden")


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_a_hundred_stations_with_long_names_fit(browser: Browser, page: MadeUpPage, width: int) -> None:
    def many(overview: dict[str, Any]) -> None:
        one = overview["stations"][1]
        overview["stations"] += [
            one | {"id": f"{BASE}/{i}", "station": f"well-pad-north-compressor-{'x' * 30}-{i}"} for i in range(100)
        ]

    page.change = many
    show(browser, page, width)
    until(browser, "document.querySelectorAll('#health-rows tr').length === 102")
    assert browser.run("document.documentElement.scrollWidth") == width
    assert browser.run("document.getElementById('health').offsetHeight") < 1100  # the rest of the page is not far below
    assert browser.errors == []
