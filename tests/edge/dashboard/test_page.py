"""How the page looks and reads in a real browser: sizes, themes, contrast, words, a screen reader."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from tests.browser import DESK, PHONE, Browser
from tests.edge.dashboard.made_up_page import MadeUpPage, show, text, until


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
    def calm(station: dict[str, Any]) -> None:
        station |= {"standing": [], "state": "ok"}

    page.change_station = calm
    show(browser, page, PHONE)
    assert float(browser.run("parseFloat(getComputedStyle(document.querySelector('.figure')).fontSize)")) > 50
    assert text(browser, "#level-unit") == "ppb"
    assert text(browser, "#now-title") == "Methane at st-1"
    assert "Rising over the last hour, by about 13 ppb" in text(browser, "#trend")
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


def test_numbers_and_times_are_words(browser: Browser, page: MadeUpPage) -> None:
    show(browser, page)
    words = {
        "number(2034.6)": "2,035", "number(12.34)": "12.3", "number(0.0123)": "0.012", "number(-5)": "-5",
        "number(20, {fixed: true})": "20.0", "number(null)": "–", "number(NaN)": "–",
        "quantity(31234, 'Ohm')": "31.2 kΩ", "quantity(940, 'Ohm')": "940 Ω", "quantity(21.5, 'Cel')": "21.5 °C",
        "quantity(2, '[ppm]')": "2 ppm", "quantity(null, '%')": "–",
        "span(59)": "59 s", "span(61)": "1 min", "span(3720)": "1 h 2 min",
        "span(86400)": "24 h", "span(200000)": "2 days",
        "chance(0.1)": "quite usual", "chance(3)": "one reading in 1,000", "chance(null)": "no score",
        "channelName('ch4_ppb')": "Methane", "channelName('r2611e_ohm')": "R2611E",
        "channelName('wind_speed')": "Wind speed",
        "moment(null)": "–", "age(null)": "never",
    }  # fmt: skip
    calls = ", ".join(f"words.{call}" for call in words)
    assert browser.run(f"import('./static/words.js').then((words) => [{calls}])") == list(words.values())


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
