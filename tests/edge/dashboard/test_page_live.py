"""The page in a real browser, with a real broker and a real agent behind it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.mqtt.topics import Topics
from edge.simulation.simulator import simulate_chamber
from tests.agent_process import StartAgentProcess
from tests.browser import DESK, PHONE, Browser
from tests.dashboard_process import DashboardProcess
from tests.mqtt_client import Connect
from tests.running_broker import RunningBroker, StartBroker

pytestmark = pytest.mark.broker

TOPIC = "sensors/st-1/readings"
TOPICS = Topics("davylamp/gw1")
ALARMING = "document.getElementById('verdict').innerText === 'Methane alarm'"
SOON = 2.0  # [s] on a machine that has nothing else to do


def readings(first: int, count: int, *, leak: float = 0.0) -> list[dict[str, Any]]:
    """Readings of a station in still air, beside a leak if there is one [ppb]."""
    rows = simulate_chamber(3000, seed=4)
    rows = rows[rows[:, 0] < 2600][first : first + count]
    rows[:, 0] += leak
    keys = load_station(METHANE).keys
    return [dict(zip(keys, row, strict=True)) | {"seq": first + n} for n, row in enumerate(rows.tolist())]


def until(browser: Browser, condition: str, seconds: float = 20.0) -> float:
    """Wait until a condition holds in the page; return how long that took [s]."""
    begun = time.monotonic()
    while not browser.run(condition):
        assert time.monotonic() - begun < seconds, f"{condition}: {browser.run('document.body.innerText')}"
        time.sleep(0.02)
    return time.monotonic() - begun


def soon() -> float:
    """How long news may take on this machine now [s]: where processes wait for a processor, the page does too."""
    return SOON * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def says(selector: str, words: str) -> str:
    """Return the condition that an element has these words."""
    return f"(document.querySelector({selector!r})?.innerText ?? '').includes({words!r})"


@pytest.fixture
def broker(start_broker: StartBroker) -> RunningBroker:
    return start_broker()


@pytest.fixture
def dashboard(broker: RunningBroker, tmp_path: Path) -> Iterator[DashboardProcess]:
    pytest.importorskip("uvicorn", reason="THE PAGE IS NOT TESTED: pip install 'davylamp[dashboard]'")
    folder = tmp_path / "dashboard"
    folder.mkdir()
    one = DashboardProcess(folder, broker.port)
    yield one
    if one.process.poll() is None:
        assert one.stop() == 0


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_a_leak_is_seen_within_two_seconds_and_acknowledged(
    browser: Browser,
    dashboard: DashboardProcess,
    broker: RunningBroker,
    agent_process: StartAgentProcess,
    client: Connect,
    width: int,
) -> None:
    station = client(broker.port, "davylamp/#")
    browser.open(dashboard.address, width)
    until(browser, says("#welcome-title", "No agent yet"))
    agent_process(broker.port)
    until(browser, says("#welcome-title", "No station yet"))
    for body in readings(0, 60):
        station.publish(TOPIC, body)
    until(browser, says("#now-title", "Methane at st-1"))
    until(browser, "document.querySelectorAll('.channel .value').length === 9")
    until(browser, "![...document.querySelectorAll('.channel .value')].some((value) => value.innerText === '–')")
    assert not browser.run(ALARMING)

    for body in readings(60, 12, leak=20_000.0):
        station.publish(TOPIC, body)
    assert until(browser, ALARMING) < soon()
    until(browser, "Number(document.getElementById('level').innerText.replace(',', '')) > 20000")
    until(browser, says(".alarm[data-kind=methane]", "Stands, not acknowledged."))
    assert until(browser, says("#announcement", "New alarm at st-1")) < soon()

    browser.run("document.querySelector('.alarm[data-kind=methane] .actions button').focus()")
    browser.press("Enter")
    until(browser, "document.activeElement.name === 'label'")
    browser.run("document.activeElement.click()")
    browser.run("document.querySelector('.alarm [name=comment]').value = 'valve 3'")
    browser.run("document.querySelector('.alarm form').requestSubmit()")
    event = station.wait(TOPICS.event("st-1"), lambda body: body["kind"] == "methane" and body["acknowledged"]).body
    assert (event["label"], event["comment"]) == ("plume", "valve 3")
    until(browser, says(".alarm[data-kind=methane]", "Stands, acknowledged, labelled as a plume, “valve 3”."))

    browser.run("document.querySelector('.alarm[data-kind=methane] .actions button').click()")
    until(browser, "document.querySelector('.alarm form [value=fault]') !== null")
    browser.run("document.querySelector('.alarm form [value=fault]').click()")
    browser.run("document.querySelector('.alarm form').requestSubmit()")
    until(browser, says(".alarm[data-kind=methane]", "labelled as a sensor fault"))

    browser.run("document.querySelector('#rows-form [name=rows]').value = 20")
    browser.run("document.getElementById('rows-form').requestSubmit()")
    until(browser, says("#rows-answer", "Saved as"))
    assert browser.errors == []
    assert browser.run("document.documentElement.scrollWidth") == width


@pytest.mark.mqtt5  # the embedded broker keeps nothing over a restart
def test_the_page_comes_back_after_agent_broker_and_its_own_server(
    browser: Browser,
    dashboard: DashboardProcess,
    broker: RunningBroker,
    agent_process: StartAgentProcess,
    client: Connect,
) -> None:
    station = client(broker.port, "davylamp/#")
    agent = agent_process(broker.port)
    station.wait(TOPICS.state, lambda body: body["state"] == "online", timeout=30)
    for body in readings(0, 10):
        station.publish(TOPIC, body)
    browser.open(dashboard.address, DESK)
    until(browser, says("#verdict", "Warming up") + " || " + says("#verdict", "Normal"))

    agent.stop(signal.SIGKILL)
    until(browser, says("#notices", "The agent gw1 is away."))
    until(browser, says("#verdict", "No agent"))
    agent.start()
    until(browser, "document.getElementById('notices').innerText === ''")

    broker.kill()
    until(browser, says("#notices", "is lost"))
    broker.start()
    until(browser, "document.getElementById('notices').innerText === ''", 60)
    assert browser.errors == []
    station = client(broker.port, "davylamp/#")
    station.wait(TOPICS.state, lambda body: body["state"] == "online", timeout=60)
    sent = readings(20, 1, leak=1234.0)[0]
    station.publish(TOPIC, sent)
    shown = f"{sent['ch4_ppb']:,.0f}"
    until(browser, f"document.getElementById('level').innerText === {shown!r}")

    assert dashboard.stop() == 0
    until(browser, says("#notices", "No connection to this page's server."))
    again = DashboardProcess(dashboard.log.parent, broker.port, dashboard.port)
    try:
        until(browser, "document.getElementById('notices').innerText === ''")
        # Until the next reading comes, there is the mean of the last minute in its history.
        until(browser, "Number(document.getElementById('level').innerText.replace(',', '')) > 1900")
    finally:
        assert again.stop() == 0


def test_a_page_for_other_computers_asks_for_its_token(browser: Browser, broker: RunningBroker, tmp_path: Path) -> None:
    pytest.importorskip("uvicorn", reason="THE PAGE IS NOT TESTED: pip install 'davylamp[dashboard]'")
    process = DashboardProcess(tmp_path, broker.port, "0.0.0.0:0")
    try:
        browser.open(f"http://127.0.0.1:{process.port}/", PHONE)
        until(browser, says(".login", "Which token?"))
        assert browser.errors == []
        assert browser.run("document.activeElement.name") == "token"
        browser.run("document.activeElement.value = 'not the token'; document.querySelector('.login').requestSubmit()")
        until(browser, "document.querySelector('.login .answer').innerText !== ''")
        assert browser.run("document.getElementById('content').hidden")
        token = (tmp_path / "dashboard.token").read_text().strip()
        browser.run(f"document.activeElement.value = {token!r}; document.querySelector('.login').requestSubmit()")
        until(browser, says("#welcome-title", "No agent yet"))
        browser.open(f"http://127.0.0.1:{process.port}/", PHONE)
        until(browser, says("#welcome-title", "No agent yet"))  # the cookie is remembered
        assert browser.errors == []
        assert token not in browser.run("document.cookie + JSON.stringify(localStorage)")
        assert process.stop() == 0
        (tmp_path / "dashboard.token").write_text("another-token-of-the-page")
        process = DashboardProcess(tmp_path, broker.port, f"0.0.0.0:{process.port}")
        until(browser, says(".login", "Which token?"))  # an open page asks for the new one
    finally:
        if process.process.poll() is None:
            assert process.stop() == 0
