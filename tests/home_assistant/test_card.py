"""The card of docs/home-assistant.md in a real Home Assistant, looked at with a real browser during a leak."""

from __future__ import annotations

import json
import re
import textwrap
import time
from pathlib import Path

import pytest

from tests.agent_process import StartAgentProcess
from tests.browser import PHONE, Browser
from tests.doubles import GOOD
from tests.home_assistant.installation import FOLDER, ROOT, HomeAssistantProcess, say
from tests.mqtt_client import Connect
from tests.running_broker import StartBroker

TEXT = """(() => {
    const found = [];
    const read = (node) => {
        if (node.nodeType === Node.TEXT_NODE) found.push(node.textContent.trim());
        if (node.nodeType !== Node.ELEMENT_NODE || ["STYLE", "SCRIPT"].includes(node.tagName)) return;
        if (/error|warning/.test(node.tagName.toLowerCase())) found.push(node.tagName);
        for (const child of [...(node.shadowRoot?.childNodes ?? []), ...node.childNodes]) read(child);
    };
    if (document.body) read(document.body);
    return found.filter(Boolean).join(" | ");
})()"""
"""Everything that is written on the page, in whichever shadow, and the names of elements that report something."""


@pytest.mark.broker
def test_the_card_shows_a_leak_and_every_entity_of_it_is_there(
    agent_process: StartAgentProcess, start_broker: StartBroker, client: Connect, browser: Browser, tmp_path: Path
) -> None:
    page = (ROOT / "docs" / "home-assistant.md").read_text(encoding="utf-8")
    found = re.search(r"```yaml\n(type: vertical-stack\n.*?)```", page, re.DOTALL)
    assert found is not None
    dashboard = tmp_path / "card.yaml"
    card = textwrap.indent(found[1], 8 * " ").strip()
    dashboard.write_text(f"views:\n  - title: Station\n    cards:\n      - {card}\n")
    broker = start_broker()
    home = HomeAssistantProcess(tmp_path, broker.port, dashboard)
    agent_process(broker.port, "home_assistant: {prefix: homeassistant}\n")
    home.wait(lambda states: states["binary_sensor.davylamp_gw1_agent"][0] == "on", 60)
    station = client(broker.port)
    for number in range(100):
        station.publish("sensors/st-1/readings", GOOD | {"seq": number})
    for number in range(100, 110):
        station.publish("sensors/st-1/readings", GOOD | {"seq": number, "ch4_ppb": 7000.0})
    home.wait(lambda states: states["binary_sensor.station_st_1_methane_alarm"][0] == "on", 60)
    station.publish("sensors/st-1/readings", GOOD | {"seq": 110, "ch4_ppb": 7000.0})

    login = home.login()
    browser.resize(PHONE)
    tokens = json.dumps(json.dumps(login["tokens"]))
    browser.call("Page.addScriptToEvaluateOnNewDocument", source=f"localStorage.setItem('hassTokens', {tokens})")
    browser.call("Page.navigate", url=f"{login['address']}/station-card/0")
    deadline = time.monotonic() + 60
    while "Methane alarm" not in (text := browser.run(TEXT)) and time.monotonic() < deadline:
        time.sleep(0.5)
    time.sleep(3.0)  # until its charts are drawn
    text = browser.run(TEXT)
    say(text)
    (FOLDER / "card.png").write_bytes(browser.screenshot())
    assert "7,000" in text
    assert "Detected" in text
    assert "Acknowledge" in text
    assert not re.search(r"HUI-ERROR|HUI-WARNING|not found|unavailable|Unavailable", text)
    home.stop()
