"""A page upon made-up answers, and what a test does with it in a browser."""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Callable
from http.server import ThreadingHTTPServer
from typing import Any

import pytest

from tests.browser import DESK, Browser
from tests.edge.dashboard import sample_server
from tests.edge.dashboard.sample_server import SampleHandler

Change = Callable[[dict[str, Any]], None]


class MadeUpPage:
    """A server whose overview can be changed, and that keeps what is posted to it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.change: Change = lambda overview: None
        self.change_station: Change = lambda station: None
        original, original_station = sample_server.overview, sample_server._station

        def changed(now: float) -> dict[str, Any]:
            overview = copy.deepcopy(original(now))
            self.change(overview)
            return overview

        def changed_station(now: float, name: str = "st-1") -> dict[str, Any]:
            station = copy.deepcopy(original_station(now, name))
            if name == "st-1":
                self.change_station(station)
            return station

        monkeypatch.setattr(sample_server, "overview", changed)
        monkeypatch.setattr(sample_server, "_station", changed_station)
        monkeypatch.setattr(SampleHandler, "log_message", lambda *arguments: None)
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), SampleHandler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        self.address = f"http://127.0.0.1:{self.server.server_port}/"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


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
