"""The pages in a real browser: headless Chromium, driven by its DevTools protocol over a pipe."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from config.templates.templates import METHANE
from edge.readings.csv.writer import write_table
from edge.simulation.simulator import simulate_chamber

ROOT = Path(__file__).parents[2]
PHONE, DESK = 390, 1400


class Browser:
    """A Chromium of our own, with one tab.

    It keeps the requests, the exceptions and the console errors of the tab since the last page was opened.
    """

    def __init__(self, program: str, profile: Path) -> None:
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        flags = (
            "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-extensions",
            "--hide-scrollbars", "--disable-dev-shm-usage", "--disable-background-networking",
            "--disable-component-update", "--disable-sync", "--disable-quic", "--remote-debugging-pipe",
            f"--user-data-dir={profile}", "about:blank",
        )  # fmt: skip
        # DevTools reads from 3 and writes to 4.
        shell = f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}'
        self._process = subprocess.Popen(
            ["bash", "-c", shell, "bash", program, *flags],
            pass_fds=(theirs_in, theirs_out),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self._buffer, self._count, self._session = b"", 0, None
        self._loaded = False
        self.requests: list[str] = []
        self.errors: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(20)
        os.close(self._in)
        os.close(self._out)

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method, and handle every message up to its response."""
        self._count += 1
        request = {"id": self._count, "method": method, "params": params}
        if self._session:
            request["sessionId"] = self._session
        os.write(self._out, json.dumps(request).encode() + b"\0")
        while True:
            message = self._receive()
            if message.get("id") == self._count:
                assert "error" not in message, f"{method}: {message['error']}"
                result: dict[str, Any] = message["result"]
                return result

    def open(self, page: Path, width: int, *, dark: bool = False) -> None:
        """Open a page from disk on a screen of that width, and wait until it is complete."""
        self.resize(width)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self._loaded = False
        self.requests.clear()
        self.errors.clear()
        self.call("Page.navigate", url=page.as_uri())
        while not self._loaded:
            self._receive()
        self.run("document.fonts.ready.then(() => new Promise((done) => requestAnimationFrame(() => done(true))))")

    def resize(self, width: int) -> None:
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        self.call("Emulation.setDeviceMetricsOverride", **size)

    def run(self, script: str) -> Any:
        """Evaluate a script, await its promise if it returns one, and return the value."""
        got = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in got, got["exceptionDetails"]
        return got["result"].get("value")

    def press(self, key: str) -> None:
        """Press a key, as a reader without a mouse does."""
        code = {"Enter": 13, "Tab": 9}[key]
        text = {"text": "\r"} if key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **text)

    def screenshot(self) -> bytes:
        """Return the whole page as PNG."""
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        return base64.b64decode(shot["data"])

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            data = os.read(self._in, 1 << 16)
            assert data, f"Chromium ended with {self._process.wait()}"
            self._buffer += data
        text, self._buffer = self._buffer.split(b"\0", 1)
        message: dict[str, Any] = json.loads(text)
        params = message.get("params", {})
        match message.get("method"):
            case "Page.loadEventFired":
                self._loaded = True
            case "Network.requestWillBeSent":
                self.requests.append(params["request"]["url"])
            case "Runtime.exceptionThrown":
                self.errors.append(str(params["exceptionDetails"]))
            case "Runtime.consoleAPICalled" if params["type"] in ("error", "warning", "assert"):
                self.errors.append(str(params["args"]))
            case "Log.entryAdded" if params["entry"]["level"] in ("error", "warning"):
                self.errors.append(str(params["entry"]))
        return message


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        pytest.skip("NO PAGE IS TESTED IN A BROWSER: there is no chromium on PATH (apt install chromium)")
    one = Browser(program, tmp_path_factory.mktemp("profile"))
    yield one
    one.close()


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
