"""The pages in a real browser."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from config.templates.templates import METHANE
from edge.readings.csv.writer import write_table
from edge.simulation.simulator import simulate_chamber
from tests.browser import DESK, PHONE, Browser


@pytest.fixture(scope="module")
def explored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from config.yaml.load import load_station
    from trainer.exploring.explore import explore

    folder = tmp_path_factory.mktemp("explored")
    write_table(folder / "chamber.csv", load_station(METHANE).names, simulate_chamber(3000, seed=1))
    explore([folder / "chamber.csv"], METHANE, folder / "explore.html", pairs=[("ch4_ppb", "rmq4_ohm")])
    return folder / "explore.html"


@pytest.fixture(scope="module")
def reported(complete: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from trainer.reporting.report import report

    page = tmp_path_factory.mktemp("reported") / "report.html"
    report([complete], page)
    return page


@pytest.fixture(scope="module")
def compared(complete: Path, runs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    from trainer.reporting.report import report

    page = tmp_path_factory.mktemp("compared") / "report.html"
    report([complete, runs["ae"], runs["vae"]], page)
    return page


@pytest.fixture(params=["explored", "reported", "compared"])
def page(request: pytest.FixtureRequest) -> Path:
    found: Path = request.getfixturevalue(request.param)
    return found


# ---- what a reader does ----------------------------------------------------------------------------------------------


def test_a_page_opens_from_disk_without_an_error_and_without_a_request(browser: Browser, page: Path) -> None:
    browser.open(page, DESK)
    assert browser.errors == []
    # Pictures inside the page count as requests, too; they go nowhere.
    assert {url for url in browser.requests if not url.startswith("data:")} == {page.as_uri()}


def test_the_page_forbids_itself_requests(browser: Browser, explored: Path) -> None:
    browser.open(explored, DESK)
    assert browser.run("fetch('https://example.org/').then(() => 'let through', () => 'refused')") == "refused"
    assert any("Content Security Policy" in error for error in browser.errors)


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_every_figure_is_laid_out_and_nothing_overflows(browser: Browser, page: Path, width: int) -> None:
    browser.open(page, width)
    sizes = browser.run(
        "[...document.querySelectorAll('figure svg')].map((one) => [one.getBoundingClientRect().width,"
        " one.getBoundingClientRect().height, one.querySelectorAll('path, image, text').length])"
    )
    assert sizes
    assert all(across > 250 and down > 90 and parts > 5 for across, down, parts in sizes), sizes
    assert browser.run("document.documentElement.scrollWidth") == width
    beyond = (
        "[...document.querySelectorAll('body *')].filter((one) => !one.closest('.scroll *, nav *, .skip, .hidden, svg')"
        " && one.getBoundingClientRect().right > innerWidth + 1).map((one) => one.outerHTML.slice(0, 80))"
    )
    assert browser.run(beyond) == []


def test_text_in_figures_stays_inside_and_apart(browser: Browser, page: Path) -> None:
    browser.open(page, DESK)
    cut = browser.run("""[...document.querySelectorAll('figure svg')].flatMap((picture) => {
        const frame = picture.getBoundingClientRect();
        return [...picture.querySelectorAll('text')].filter((text) => {
            const at = text.getBoundingClientRect();
            return at.left < frame.left - 2 || at.right > frame.right + 2
                || at.top < frame.top - 2 || at.bottom > frame.bottom + 2;
        }).map((text) => text.textContent);
    })""")
    assert cut == []
    overlapping = browser.run("""[...document.querySelectorAll('figure svg')].flatMap((picture) => {
        const texts = [...picture.querySelectorAll('text')];
        const boxes = texts.map((text) => [text.textContent, text.getBoundingClientRect()]);
        return boxes.flatMap(([one, a], i) => boxes.slice(i + 1).filter(([, b]) =>
            Math.min(a.right, b.right) - Math.max(a.left, b.left) > 3
            && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 3).map(([other]) => `${one} / ${other}`));
    })""")
    assert overlapping == []


def test_a_table_is_sorted_by_mouse_and_by_keyboard(browser: Browser, explored: Path) -> None:
    browser.open(explored, DESK)
    column = "[...document.querySelectorAll('#columns tbody td:nth-child(9)')].map((one) => Number(one.dataset.value))"
    before = browser.run(column)
    head = "document.querySelectorAll('#columns th')[8]"
    browser.run(f"{head}.querySelector('button').click()")
    assert browser.run(column) == sorted(before) != before
    assert browser.run(f"{head}.getAttribute('aria-sort')") == "ascending"
    browser.run(f"{head}.querySelector('button').focus()")
    browser.press("Enter")
    assert browser.run(column) == sorted(before, reverse=True)
    assert browser.run("document.querySelectorAll('#columns th[aria-sort]').length") == 1


def test_text_in_figures_has_the_font_of_the_page(browser: Browser, page: Path) -> None:
    browser.open(page, DESK)
    fonts = browser.run(
        "[...new Set([...document.querySelectorAll('figure svg, figure svg text, figure svg tspan')]"
        ".map((one) => getComputedStyle(one).fontFamily))]"
    )
    assert len(fonts) == 1
    assert fonts[0].startswith("system-ui")


def test_the_theme_follows_the_system_until_the_reader_chooses(browser: Browser, explored: Path) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    line = "getComputedStyle(document.querySelector('figure svg text')).fill"
    browser.open(explored, DESK)
    light = browser.run(paper), browser.run(line)
    browser.open(explored, DESK, dark=True)
    dark = browser.run(paper), browser.run(line)
    assert dark[0] != light[0]
    assert dark[1] != light[1]
    browser.run("document.getElementById('theme').click()")
    assert (browser.run(paper), browser.run(line)) == light
    browser.open(explored, DESK, dark=True)
    assert browser.run(paper) == light[0]  # it remembers
    browser.run("document.getElementById('theme').click()")
    assert browser.run(paper) == dark[0]
    browser.run("localStorage.clear()")


def test_the_first_key_leads_past_the_navigation(browser: Browser, explored: Path) -> None:
    browser.open(explored, PHONE)
    browser.press("Tab")
    assert browser.run("document.activeElement.className") == "skip"
    assert browser.run("document.activeElement.getBoundingClientRect().left >= 0")
    browser.press("Enter")
    assert browser.run("document.activeElement.id") == "content"


def test_the_numbers_are_saved_from_a_link(browser: Browser, explored: Path) -> None:
    browser.open(explored, DESK)
    link = "document.querySelector('#leak .numbers a')"
    assert browser.run(f"{link}.download") == "leak.json"
    numbers = json.loads(base64.b64decode(browser.run(f"{link}.href").partition(",")[2]))
    assert numbers["target"] == "ch4_ppb"


def test_paper_is_white_and_without_buttons(browser: Browser, explored: Path) -> None:
    browser.open(explored, DESK, dark=True)
    browser.call(
        "Emulation.setEmulatedMedia", media="print", features=[{"name": "prefers-color-scheme", "value": "dark"}]
    )
    assert browser.run("getComputedStyle(document.querySelector('h1')).color") == "rgb(28, 38, 48)"
    assert browser.run("getComputedStyle(document.getElementById('theme')).display") == "none"
    assert browser.run("getComputedStyle(document.querySelector('figure')).breakInside") == "avoid"
    browser.run(
        "document.getElementById('theme').click(); document.getElementById('theme').click()"
    )  # to dark, by hand
    assert browser.run("getComputedStyle(document.querySelector('h1')).color") == "rgb(28, 38, 48)"
    browser.run("localStorage.clear()")
    browser.call("Emulation.setEmulatedMedia", media="")
