"""A Home Assistant beside a real broker and agent shows what happens, and has nothing to complain about."""

from __future__ import annotations

import signal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.agent_process import StartAgentProcess
from tests.doubles import GOOD
from tests.home_assistant.installation import HomeAssistantProcess, say
from tests.mqtt_client import Connect
from tests.running_broker import StartBroker

READINGS = "sensors/st-1/readings"
AGENT, RATE = "binary_sensor.davylamp_gw1_agent", "number.davylamp_gw1_false_alarms_per_1000"
METHANE, ALARM = "sensor.station_st_1_methane", "binary_sensor.station_st_1_methane_alarm"
SETTINGS = "home_assistant: {prefix: homeassistant}\n"


@pytest.mark.broker
def test_a_leak_deaths_and_restarts_are_shown_without_a_warning(
    agent_process: StartAgentProcess, start_broker: StartBroker, client: Connect, tmp_path: Path
) -> None:
    broker = start_broker()
    home = HomeAssistantProcess(tmp_path, broker.port)
    agent = agent_process(broker.port, SETTINGS)
    station = client(broker.port, "davylamp/#")
    home.wait(lambda states: states[AGENT][0] == "on", 60)
    sent = 0

    def send(count: int, **values: float) -> None:
        nonlocal sent
        for _ in range(count):
            sent += 1
            station.publish(READINGS, GOOD | {"seq": sent} | values)

    def shows_or_sends(entity: str, value: str, states: dict[str, Any]) -> bool:
        """Values are unavailable from when the cadence becomes known to the next reading."""
        if states[entity][0] != value:
            send(1)
        return bool(states[entity][0] == value)

    send(1)
    took = home.wait(lambda states: len(states) >= 31, 10)
    say(f"31 entities {took:.1f} s after the first reading")
    send(200)
    for entity, key in ((METHANE, "ch4_ppb"), ("sensor.station_st_1_temperature", "temperature_c")):
        home.wait(partial(shows_or_sends, entity, str(GOOD[key])))

    home.call("number.set_value", RATE, value=5)
    took = home.wait(lambda states: float(states[RATE][0]) == 5.0, 1.0)
    say(f"the new rate after {took:.2f} s")

    send(10, ch4_ppb=20000.0)
    home.wait(lambda states: states[ALARM][0] == "on")
    home.wait(lambda states: states["event.station_st_1_alarm_event"][1]["event_type"] in ("open", "update"))
    home.call("button.press", "button.station_st_1_acknowledge_methane")
    home.wait(lambda states: states[ALARM][1]["standing"][0]["acknowledged"])
    home.call("button.press", "button.station_st_1_silence_methane_for_1_h")
    home.wait(lambda states: states[ALARM][0] == "off")
    home.call("button.press", "button.station_st_1_ask_for_100_synthetic_rows")
    home.wait(lambda states: states["sensor.davylamp_gw1_last_synthesis"][0] == "ok")

    for number in (signal.SIGTERM, signal.SIGKILL):
        agent.stop(number)
        home.wait(lambda states: states[AGENT][0] == "off" and states[METHANE][0] == "unavailable")
        agent.start()
        home.wait(lambda states: states[AGENT][0] == "on", 60)
        home.wait(lambda states: float(states[RATE][0]) == 5.0)
        send(1)
        home.wait(lambda states: states[METHANE][0] == str(GOOD["ch4_ppb"]))

    home.stop()
    home = HomeAssistantProcess(tmp_path, broker.port)
    home.wait(lambda states: len(states) >= 31 and states[ALARM][0] == "off" and states[AGENT][0] == "on")

    station.publish("davylamp/gw1/request/discovery/clear", {})
    took = home.wait(lambda states: not any("davylamp" in name or "station_st_1" in name for name in states), 5.0)
    say(f"removed after {took:.2f} s")
    station.publish("davylamp/gw1/request/discovery/publish", {})
    home.wait(lambda states: len(states) >= 31)
    assert home.warnings() == []
    home.stop()
