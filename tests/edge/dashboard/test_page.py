"""The page in a real browser, upon made-up answers: what it shows, and what it says when something is missing."""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Callable, Iterator
from http.server import ThreadingHTTPServer
from io import BytesIO
from itertools import pairwise
from typing import Any

import pytest

from tests.browser import DESK, PHONE, Browser
from tests.edge.dashboard import sample_server
from tests.edge.dashboard.sample_server import SampleHandler

Change = Callable[[dict[str, Any]], None]


class MadeUpPage:
    """A server whose overview can be changed, and that keeps what is posted to it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.change: Change = lambda overview: None
        original = sample_server.overview

        def changed(now: float) -> dict[str, Any]:
            overview = copy.deepcopy(original(now))
            self.change(overview)
            return overview

        monkeypatch.setattr(sample_server, "overview", changed)
        monkeypatch.setattr(SampleHandler, "log_message", lambda *arguments: None)
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), SampleHandler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        self.address = f"http://127.0.0.1:{self.server.server_port}/"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Iterator[MadeUpPage]:
    one = MadeUpPage(monkeypatch)
    yield one
    one.close()


def show(browser: Browser, page: MadeUpPage, width: int = DESK, *, dark: bool = False) -> None:
    """Open the page, and wait until it has something to show."""
    browser.open(page.address, width, dark=dark)
    until(browser, "document.getElementById('content').dataset.ready === 'true'")


def until(browser: Browser, condition: str, seconds: float = 5.0) -> None:
    """Wait until a condition holds in the page."""
    deadline = time.monotonic() + seconds
    while not browser.run(condition):
        assert time.monotonic() < deadline, f"{condition}: {browser.run('document.body.innerText')}"
        time.sleep(0.02)


def text(browser: Browser, selector: str) -> str:
    found: str = browser.run(f"document.querySelector({selector!r}).innerText")
    return found


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [320, PHONE, DESK])
def test_everything_fits_and_nothing_is_asked_of_others(
    browser: Browser, page: MadeUpPage, width: int, dark: bool
) -> None:
    show(browser, page, width, dark=dark)
    until(browser, "document.querySelectorAll('.plot canvas, .channel svg path').length > 5")
    assert browser.run("document.documentElement.scrollWidth") == width
    beyond = (
        "[...document.querySelectorAll('body *')].filter((one) => !one.closest('.scroll *, nav *, .skip, .hidden, svg,"
        " .uplot') && one.getBoundingClientRect().right > innerWidth + 1).map((one) => one.outerHTML.slice(0, 80))"
    )
    assert browser.run(beyond) == []
    assert browser.errors == []
    elsewhere = [url for url in browser.requests if not url.startswith((page.address, f"blob:{page.address}"))]
    assert elsewhere == []


def test_the_level_is_large_and_in_words(browser: Browser, page: MadeUpPage) -> None:
    def calm(overview: dict[str, Any]) -> None:
        overview["stations"][0]["standing"] = []
        overview["stations"][0]["state"] = "ok"

    page.change = calm
    show(browser, page, PHONE)
    assert float(browser.run("parseFloat(getComputedStyle(document.querySelector('.figure')).fontSize)")) > 50
    assert text(browser, "#level-unit") == "ppb"
    assert text(browser, "#now-title") == "Methane at st-1"
    assert "Rising, about 13 ppb an hour" in text(browser, "#trend")
    assert "1,960 ppb" in text(browser, "#now-facts")


def test_a_screen_reader_finds_its_way(browser: Browser, page: MadeUpPage) -> None:
    show(browser, page)
    tree = browser.call("Accessibility.getFullAXTree")["nodes"]
    roles = {node["role"]["value"] for node in tree if not node["ignored"]}
    assert {"main", "navigation", "banner", "contentinfo", "region", "table", "image", "list"} <= roles
    named = {"button", "region", "textbox", "combobox", "spinbutton", "link", "image"}
    unnamed = [
        node for node in tree
        if not node["ignored"] and node["role"]["value"] in named and not node.get("name", {}).get("value")
    ]  # fmt: skip
    assert unnamed == []
    assert browser.run("document.getElementById('announcement').getAttribute('aria-live')") == "polite"
    headings = browser.run("[...document.querySelectorAll('h1, h2, h3')].filter((h) => h.checkVisibility())"
                           ".map((h) => Number(h.tagName[1]))")  # fmt: skip
    assert headings[0] == 1
    assert headings.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(headings))


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
        (_no_broker, "No broker yet", "nothing listens on port 1883: start Mosquitto."),
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
    overview["stations"][0]["available"] = False


def _lost(overview: dict[str, Any]) -> None:
    overview["link"] |= {"state": "lost", "detail": "the broker has closed the connection"}


def _full(overview: dict[str, Any]) -> None:
    overview["history"] |= {"state": "full", "detail": "the disk has no room: free some"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_away, "The agent gw1 is away. Nothing is scored"),
        (_lost, "The broker at localhost:1883 is lost. the broker has closed the connection."),
        (_full, "The history is full. the disk has no room: free some."),
    ],
    ids=["agent", "broker", "disk"],
)
def test_what_stands_in_the_way_is_said_on_top(browser: Browser, page: MadeUpPage, change: Change, words: str) -> None:
    page.change = change
    show(browser, page)
    assert words in text(browser, "#notices")


def test_the_theme_follows_the_system_until_the_reader_chooses(browser: Browser, page: MadeUpPage) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    show(browser, page)
    light = browser.run(paper)
    show(browser, page, dark=True)
    assert browser.run(paper) != light
    browser.run("document.getElementById('theme').click()")
    assert browser.run(paper) == light
    show(browser, page, dark=True)
    assert browser.run(paper) == light  # it remembers
    browser.run("localStorage.clear()")


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_nothing_jumps_while_the_page_loads(browser: Browser, page: MadeUpPage, width: int) -> None:
    show(browser, page, width)
    until(browser, "document.querySelectorAll('.plot canvas, .channel svg path').length > 5")
    shifts = browser.run("""new Promise((done) => {
        const observer = new PerformanceObserver((list) => done(list.getEntries().map(({value}) => value)));
        observer.observe({type: 'layout-shift', buffered: true});
        setTimeout(() => done([]), 500);
    })""")
    assert sum(shifts) < 0.05  # Google calls less than 0.1 good


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_text_stands_out_from_what_is_behind_it(browser: Browser, page: MadeUpPage, dark: bool) -> None:
    show(browser, page, dark=dark)
    weak = browser.run("""(() => {
        const parse = (colour) => colour.match(/[\\d.]+/g).map(Number);
        const over = ([r, g, b, a = 1], below) => [r, g, b].map((one, at) => one * a + below[at] * (1 - a));
        const behind = (element) => {
            const layers = [];
            for (let at = element; at; at = at.parentElement) {
                layers.unshift(parse(getComputedStyle(at).backgroundColor));
            }
            return layers.reduce((below, layer) => over(layer, below), [255, 255, 255]);
        };
        const light = (colour) => {
            const [r, g, b] = colour.map((one) => one / 255)
                .map((one) => one <= 0.03928 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4);
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const found = [];
        for (const element of document.querySelectorAll('body *')) {
            if (!element.checkVisibility() || element.closest('.hidden, .skip, :disabled')) continue;
            if (![...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim())) continue;
            const below = behind(element);
            const [a, b] = [light(over(parse(getComputedStyle(element).color), below)), light(below)];
            const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
            if (contrast < 4.5) found.push(`${element.className} ${element.innerText} ${contrast.toFixed(2)}`);
        }
        return found;
    })()""")
    assert weak == []
