"""The page in a frame of another site, as a panel of Home Assistant shows it, in a real browser with a real broker."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.browser import DESK, Browser
from tests.dashboard_process import DashboardProcess
from tests.edge.dashboard.made_up_page import until
from tests.edge.dashboard.page_client import PageClient
from tests.edge.dashboard.scripted_agent import publish
from tests.edge.watching.messages import state
from tests.mqtt_client import MqttClient
from tests.running_broker import RunningBroker

pytest.importorskip("uvicorn", reason="THE PAGE IS NOT TESTED: pip install 'davylamp[dashboard]'")
pytestmark = pytest.mark.broker

# What Home Assistant 2025.4 allows a frame.
SANDBOX = "allow-forms allow-popups allow-pointer-lock allow-same-origin allow-scripts allow-modals allow-downloads"


class Panel(BaseHTTPRequestHandler):
    """A page that shows whatever its query names in a frame."""

    def do_GET(self) -> None:
        frame = f'<iframe sandbox="{SANDBOX}" width=1300 height=800 src="{self.path.partition("?")[2]}"></iframe>'
        body = f"<!doctype html><title>panel</title><link rel=icon href=data:,>{frame}".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Stay silent."""


@pytest.fixture
def panel() -> Iterator[str]:
    """The origin of another site: another host is one, whatever the port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Panel) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()


def test_a_panel_that_is_named_shows_the_page_with_its_token_and_its_stream(
    browser: Browser, panel: str, own_broker: RunningBroker, agent: MqttClient, tmp_path: Path
) -> None:
    config = tmp_path / "gateway.yaml"
    config.write_text(
        f"gateway: gw1\nbroker: {{host: 127.0.0.1, port: {own_broker.port}}}\nstations: [{{bundle: one.davy}}]\n"
        f"dashboard: {{embed: ['{panel}']}}\n"
    )
    server = DashboardProcess(tmp_path, own_broker.port, "0.0.0.0:0", config)
    address = f"http://127.0.0.1:{server.port}/"
    try:
        browser.open(f"{panel}/?{address}", DESK)
        with browser.inside(address):
            until(browser, "document.querySelector('.login [name=token]') !== null")
            token = (tmp_path / "dashboard.token").read_text().strip()
            browser.run(f"document.querySelector('.login [name=token]').value = {token!r}")
            browser.run("document.querySelector('.login').requestSubmit()")
            until(browser, "document.getElementById('welcome-title').innerText === 'No agent yet'")
            publish(agent, state())
            until(browser, "document.getElementById('welcome-title').innerText === 'No station yet'")
            assert token not in browser.run("document.cookie + JSON.stringify(localStorage)")
        browser.open(f"{panel}/?{address}", DESK)
        with browser.inside(address):  # it remembers
            until(browser, "document.getElementById('welcome-title').innerText !== ''")
            assert browser.run("document.querySelector('.login')") is None
        assert browser.errors == []
        other = panel.replace("localhost", "127.0.0.1")  # the same program, at an address that nobody has named
        browser.open(f"{other}/?{address.replace('127.0.0.1', 'localhost')}", DESK)
        until(browser, "document.querySelector('iframe') !== null")
        assert any("frame-ancestors" in error for error in browser.errors)
    finally:
        assert server.stop() == 0


def test_no_panel_shows_a_page_that_names_none(browser: Browser, panel: str, shared_page: PageClient) -> None:
    browser.open(f"{panel}/?http://127.0.0.1:{shared_page.port}/", DESK)
    until(browser, "document.querySelector('iframe') !== null")
    assert any("127.0.0.1" in error and "frame" in error.lower() for error in browser.errors)
