"""A broker is asked what it refuses, and its subscribers notice nothing."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest

from config.settings.broker import Broker
from config.settings.gateway import Gateway, TopicSettings
from config.settings.home_assistant import HomeAssistantSettings
from edge.checking.findings import Findings
from edge.checking.permission_probe import PermissionProbe
from edge.checking.publishing import Publishing
from edge.mqtt.topics import Topics
from tests.mqtt_client import Connect
from tests.running_broker import RunningBroker, StartBroker

pytestmark = [pytest.mark.broker, pytest.mark.mqtt5]

ALL_BUT_EVENTS = (
    "state",
    "info",
    "health",
    "deadletter",
    "marker",
    "+/score",
    "+/alarm",
    "+/counts",
    "+/availability",
    "+/model",
)
"""Below the base: what the agent publishes, without answers."""


def with_rules(start_broker: StartBroker, folder: Path, rules: str) -> RunningBroker:
    path = folder / "rules.acl"
    path.write_text(rules)
    path.chmod(0o700)
    return start_broker(f"acl_file {path}")


def probe(broker: RunningBroker, *, mosquitto: bool = False) -> PermissionProbe:
    where = Broker(host=broker.host, port=broker.port)
    return PermissionProbe(where, "probe", "base/response/check", mosquitto=mosquitto)


def published(broker: RunningBroker, *stations: str, prefixes: tuple[str, ...] = ()) -> list[str]:
    """Return what is found of the base ``base``."""
    gateway = Gateway(
        broker=Broker(host=broker.host, port=broker.port),
        topics=TopicSettings(base="base", response_prefixes=prefixes),
        home_assistant=HomeAssistantSettings(discovery="off"),
    )
    out = StringIO()
    Publishing(gateway, stations, Findings(out), mosquitto=False).check()
    return out.getvalue().splitlines()


def test_every_topic_that_the_agent_publishes_to_is_asked_about() -> None:
    topics = Topics("base")
    own = {value for name, value in vars(topics).items() if name not in ("base", "requests", "responses")}
    assert set(topics.own) == own
    verbs = {"request", "response", "verb", "may_answer", "of_station", "retained_of"}
    each = {name for name, value in vars(Topics).items() if callable(value) and not name.startswith("_")} - verbs
    assert set(topics.of_station("st")) == {getattr(topics, name)("st") for name in each}


def test_mosquitto_waits_for_the_release_of_a_publication(broker: RunningBroker) -> None:
    assert probe(broker).waits() is True


def test_more_topics_than_the_broker_takes_at_once_are_asked_about(broker: RunningBroker) -> None:
    topics = [f"base/{number}/score" for number in range(35)]
    assert probe(broker).refusals(topics) == dict.fromkeys(topics)


def test_subscribers_receive_nothing_but_the_control_message(broker: RunningBroker, client: Connect) -> None:
    everything = client(broker.port, "base/#", protocol=mqtt.MQTTv5)
    assert [line[:8].strip() for line in published(broker, "st-1")] == ["ok"]
    client(broker.port).publish("base/last", {})
    everything.wait("base/last")
    assert [message.topic for message in everything.received] == ["base/response/check", "base/last"]


def test_an_event_topic_that_is_denied_is_found(start_broker: StartBroker, tmp_path: Path) -> None:
    allowed = "".join(f"topic write base/{topic}\n" for topic in (*ALL_BUT_EVENTS, "response/#"))
    lines = published(with_rules(start_broker, tmp_path, allowed + "topic read base/response/#\n"), "st-1")
    assert len(lines) == 1
    assert lines[0].startswith("error   base/+/event: the broker refuses what we publish: Not authorized; fix: let ")


def test_of_stations_that_rules_name_one_by_one_each_is_judged(start_broker: StartBroker, tmp_path: Path) -> None:
    rules = "topic readwrite base/#\ntopic deny base/+/event\n"  # a denial comes first, whatever the order
    (denied,) = published(with_rules(start_broker, tmp_path, rules), "st-1", "st-2")
    assert "base/+/event" in denied
    allowed = "".join(f"topic write base/{topic}\n" for topic in (*ALL_BUT_EVENTS, "st-1/event"))
    rules = "topic readwrite base/response/#\n" + allowed
    lines = published(with_rules(start_broker, tmp_path, rules), "st-1", "st-2")
    assert [line.partition(": ")[0] for line in lines] == ["warning base/+/event", "error   base/st-2/event"]
    assert "of st-1 only" in lines[0]


def test_stations_that_the_agent_has_announced_are_judged(
    start_broker: StartBroker, tmp_path: Path, client: Connect
) -> None:
    broker = with_rules(start_broker, tmp_path, "topic readwrite base/#\n")
    client(broker.port).publish("base/st-7/availability", {"state": "online"}, retain=True)
    (line,) = published(broker)
    assert line.endswith("and all of st-7")


def test_a_prefix_for_answers_that_is_denied_is_found(start_broker: StartBroker, tmp_path: Path) -> None:
    broker = with_rules(start_broker, tmp_path, "topic readwrite base/#\ntopic write clients/#\n")
    assert published(broker, prefixes=("clients/",))[-1].startswith("ok")
    (line,) = published(broker, prefixes=("others/",))
    assert "error   others/davylamp-check: the broker refuses" in line
    assert "topics.response_prefixes" in line


def test_where_the_broker_cannot_be_tried_only_a_station_that_is_not_there_is_asked_about(
    start_broker: StartBroker, tmp_path: Path, client: Connect
) -> None:
    rules = "topic write base/#\nuser watcher\ntopic read base/#\n"  # what the control message does cannot be seen
    lines = published(with_rules(start_broker, tmp_path, rules), "st-1")
    (line,) = lines
    assert line.startswith("warning base/#: all but answers and topics of stations is not checked; fix: let ")


def test_a_broker_that_is_known_to_be_mosquitto_need_not_be_tried(start_broker: StartBroker, tmp_path: Path) -> None:
    broker = with_rules(start_broker, tmp_path, "topic write base/#\n")
    assert probe(broker).waits() is None
    assert probe(broker, mosquitto=True).waits() is True
