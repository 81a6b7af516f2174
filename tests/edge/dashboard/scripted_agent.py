"""Publishes what an agent would, and answers as the test says."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from edge.agent.presence_messages import BundleInfo, InfoMessage
from edge.mqtt.message import Message
from tests.edge.dashboard.page_client import PageClient
from tests.edge.watching.messages import TIME, alarm, availability, message, state
from tests.mqtt_client import MqttClient

STATION = "davylamp/gw1/st-1"


def info() -> Message:
    bundle = BundleInfo(
        bundle="b1", file="methane.davy", created=TIME, station="methane", columns=("ch4_ppb", "rmq4_ohm"),
        units=("[ppb]", "Ohm"), reconstruction="ae", generator="ae", gas_unit="[ppb]",
    )  # fmt: skip
    body = InfoMessage(
        gateway="gw1", version="0.2.0", session="s1", since=TIME, mqtt="5", sees_refusals=True,
        exceedances_per_1000=1.0, exceedances_from="gateway.yaml", topics=("page-test/{station}/readings",),
        stations=("st-1",), adapted_per_1000={}, bundles=(bundle,),
        scored_by={"st-1": "b1"}, waiting={},
    )  # fmt: skip
    return message("info", body)


def publish(agent: MqttClient, *messages: Message, retain: bool = False) -> None:
    for each in messages:
        agent.publish(each.topic, each.payload, retain=retain)


def present(page: PageClient, agent: MqttClient) -> None:
    """Have an agent with a station, as the page sees it."""
    publish(agent, state(), info(), availability("st-1"), alarm("st-1"), retain=True)
    page.wait(lambda now: now["stations"] and now["gateways"][0]["bundles"] and now["link"]["state"] == "connected")


def answers(agent: MqttClient, verb: str, make: Callable[[Any], list[dict[str, Any]]]) -> threading.Thread:
    """Answer the next request of a verb as an agent would."""

    def answer() -> None:
        body = agent.wait(f"davylamp/gw1/request/{verb}").body
        for each in make(body):
            agent.publish(f"davylamp/gw1/response/{verb}", {"transaction": body["transaction"], **each})

    thread = threading.Thread(target=answer)
    thread.start()
    return thread
