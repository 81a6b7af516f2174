"""What a reader does with the page in a real browser, and what it says when something is missing."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest

from tests.browser import DESK, PHONE, Browser
from tests.edge.dashboard.made_up_page import Change, MadeUpPage, show, text, until
from tests.edge.dashboard.sample_server import SampleHandler


def test_the_chart_is_also_a_sentence_and_a_table(browser: Browser, page: MadeUpPage) -> None:
    show(browser, page)
    until(browser, "document.querySelector('.plot canvas') !== null")
    sentence = browser.run("document.getElementById('plot').getAttribute('aria-label')")
    assert "Methane from" in sentence
    assert "methane alarms are marked" in sentence
    browser.run("document.querySelector('#as-table summary').click()")
    until(browser, "document.querySelectorAll('#history-table tbody tr').length >= 50")
    marks = browser.run(
        "[...document.querySelectorAll('#history-table tbody tr')].map((row) => row.lastChild.innerText)"
    )
    assert 10 <= marks.count("yes") <= 40


@pytest.mark.parametrize("span", ["hour", "week", "month", "year"])
def test_another_span_is_drawn(browser: Browser, page: MadeUpPage, span: str) -> None:
    show(browser, page)
    until(browser, "document.querySelector('.plot canvas') !== null")
    before = text(browser, "#history-span")
    browser.run(f"document.querySelector('[data-span={span}]').click()")
    until(browser, f"document.getElementById('history-span').innerText !== {before!r}")
    assert browser.run("document.querySelectorAll('[data-span][aria-pressed=true]').length") == 1
    if span == "year":
        assert "Highest 5,210 ppb" in text(browser, "#history-span")
    else:
        browser.run("document.getElementById('earlier').click()")
        until(browser, "!document.getElementById('history-span').innerText.endsWith('now')")
    assert browser.errors == []


def test_a_channel_is_seen_in_the_chart_and_left_again(browser: Browser, page: MadeUpPage) -> None:
    show(browser, page)
    until(browser, "document.querySelectorAll('.channel').length === 5")
    browser.run("document.querySelectorAll('.channel')[1].click()")
    until(browser, "document.getElementById('history-title').innerText === 'Temperature at st-1'")
    browser.run("document.getElementById('back').click()")
    until(browser, "document.getElementById('history-title').innerText === 'Methane at st-1'")


def test_an_alarm_is_acknowledged_by_keyboard(
    browser: Browser, page: MadeUpPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    posted: list[tuple[str, bytes]] = []
    answer = SampleHandler.do_POST

    def keep(self: SampleHandler) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        posted.append((self.path, body))
        self.rfile = BytesIO(body)
        answer(self)

    monkeypatch.setattr(SampleHandler, "do_POST", keep)
    show(browser, page)
    until(browser, "document.querySelector('.alarm[data-standing=true]') !== null")
    browser.run("document.querySelector('.alarm[data-standing=true] .actions button').focus()")
    browser.press("Enter")
    until(browser, "document.activeElement.name === 'label'")
    browser.run("document.activeElement.click()")  # a plume
    browser.run("document.querySelector('.alarm form').requestSubmit()")
    until(browser, "document.querySelector('.alarm .answer').innerText === 'Acknowledged.'")
    assert browser.run("document.activeElement.tagName") == "BUTTON"  # the focus has not got lost
    ((path, body),) = posted
    assert path == "/api/acknowledge"
    assert b'"label":"plume"' in body
    assert b'"comment":null' in body


def test_a_refusal_is_shown_where_it_was_caused(
    browser: Browser, page: MadeUpPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal = "gw1 does not answer within 5 s; fix: start the agent"
    monkeypatch.setattr(SampleHandler, "do_POST", lambda self: self._json({"error": refusal}, 504))
    show(browser, page)
    until(browser, "document.querySelector('.alarm[data-standing=true]') !== null")
    browser.run("document.querySelector('.alarm[data-standing=true] .actions button').click()")
    browser.run("document.querySelector('.alarm form').requestSubmit()")
    until(browser, f"document.querySelector('.alarm .answer').innerText === {refusal!r}")
    assert browser.run("document.querySelector('.alarm form') !== null")  # to try again


def test_what_is_typed_outlives_new_readings(browser: Browser, page: MadeUpPage) -> None:
    show(browser, page)
    until(browser, "document.querySelector('.alarm[data-standing=true]') !== null")
    browser.run("document.querySelector('.alarm[data-standing=true] .actions button').click()")
    browser.run("document.querySelector('.alarm form [name=comment]').value = 'valve 3'")
    seen = text(browser, "#now-facts")
    until(browser, f"document.getElementById('now-facts').innerText !== {seen!r}")
    assert browser.run("document.querySelector('.alarm form [name=comment]').value") == "valve 3"


def test_a_text_of_a_station_is_never_markup(browser: Browser, page: MadeUpPage) -> None:
    name = "<img src=x onerror=alert(1)>"

    def rename(overview: dict[str, Any]) -> None:
        overview["stations"][1]["station"] = name

    page.change = rename
    show(browser, page)
    assert name in text(browser, "#health")
    assert browser.errors == []


def _no_broker(overview: dict[str, Any]) -> None:
    overview["link"] |= {"state": "connecting", "detail": "nothing listens on port 1883: start Mosquitto"}
    overview["gateways"] = overview["stations"] = []


def _no_agent(overview: dict[str, Any]) -> None:
    overview["gateways"] = overview["stations"] = []


def _no_station(overview: dict[str, Any]) -> None:
    overview["stations"] = []


@pytest.mark.parametrize(
    ("change", "title", "words"),
    [
        (_no_broker, "No broker yet", "Nothing listens on port 1883: start Mosquitto."),
        (_no_agent, "No agent yet", "davylamp agent -c gateway.yaml"),
        (_no_station, "No station yet", "davylamp simulate"),
    ],
    ids=["no broker", "no agent", "no station"],
)
@pytest.mark.parametrize("width", [PHONE, DESK])
def test_what_is_missing_is_said_with_what_helps(
    browser: Browser, page: MadeUpPage, change: Change, title: str, words: str, width: int
) -> None:
    page.change = change
    show(browser, page, width)
    assert text(browser, "#welcome-title") == title
    assert words in text(browser, "#welcome")
    assert browser.run("document.getElementById('now').hidden")
    assert browser.run("document.documentElement.scrollWidth") == width
    assert browser.errors == []


def _away(overview: dict[str, Any]) -> None:
    overview["gateways"][0]["state"] = "offline"


def _lost(overview: dict[str, Any]) -> None:
    overview["link"] |= {"state": "lost", "detail": "the broker has closed the connection"}


def _full(overview: dict[str, Any]) -> None:
    overview["history"] |= {"state": "full", "detail": "the disk has no room: free some"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_away, "The agent gw1 is away. Nothing is scored"),
        (_lost, "The broker at localhost:1883 is lost. The broker has closed the connection."),
        (_full, "The history is full. The disk has no room: free some."),
    ],
    ids=["agent", "broker", "disk"],
)
def test_what_stands_in_the_way_is_said_on_top(browser: Browser, page: MadeUpPage, change: Change, words: str) -> None:
    page.change = change
    show(browser, page)
    assert words in text(browser, "#notices")


def test_the_first_key_leads_past_the_stations(browser: Browser, page: MadeUpPage) -> None:
    show(browser, page, PHONE)
    browser.press("Tab")
    assert browser.run("document.activeElement.className") == "skip"
    assert browser.run("document.activeElement.getBoundingClientRect().left >= 0")
    browser.press("Enter")
    until(browser, "document.activeElement.id === 'content'")


def test_another_station_is_chosen_and_kept_in_the_address(browser: Browser, page: MadeUpPage) -> None:
    show(browser, page)
    browser.run("document.querySelectorAll('#station-list button')[1].click()")
    until(browser, "document.getElementById('now-title').innerText === 'Methane at st-2'")
    until(browser, "document.querySelectorAll('#station-list [aria-current=true]').length === 1")
    address = browser.run("location.href")
    assert address.endswith("#at=davylamp%2Fgw1%2Fst-2")
    browser.open("about:blank", DESK)
    browser.open(address, DESK)
    until(browser, "document.getElementById('now-title').innerText === 'Methane at st-2'")
    assert browser.errors == []
