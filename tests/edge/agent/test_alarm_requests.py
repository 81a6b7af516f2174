"""Requests that set the rate, and that acknowledge, label or shelve alarms."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from config.settings.alarms import AlarmKind
from edge.alarms.event import Event
from edge.alarms.panel import AlarmPanel
from edge.clock import rfc3339
from edge.scoring.verdict import Verdict
from tests.doubles import FakeClock
from tests.edge.agent.desk import Desk
from tests.edge.alarms.panel_station import chamber_level, gas_of


def test_the_requested_rate_can_be_set(desk: Desk) -> None:
    (answer,) = desk.ask("rate/set", {"exceedances_per_1000": 10})
    until = "it is set again, or scoring.exceedances_per_1000 in gateway.yaml changes"
    assert answer["data"] == {"exceedances_per_1000": 10.0, "until": until}
    assert desk.stations.groups[0].scorer.rate == 0.01
    assert desk.rates == [(10.0, 1.0)]


def test_null_returns_to_the_rate_of_the_settings(desk: Desk) -> None:
    desk.ask("rate/set", {"exceedances_per_1000": 10})
    (answer,) = desk.ask("rate/set", {"exceedances_per_1000": None})
    assert answer["data"]["exceedances_per_1000"] == desk.stations.rate == 1.0
    assert desk.rates[-1] == (1.0, 1.0)
    (info,) = desk.ask("info")
    assert info["data"]["exceedances_from"] == "gateway.yaml"


@pytest.mark.parametrize("rate", [0, -1, 1001, "one"])
def test_an_impossible_rate_is_refused(desk: Desk, rate: Any) -> None:
    assert desk.error("rate/set", {"exceedances_per_1000": rate})
    assert desk.stations.rate == 1.0


def raise_an_alarm(panel: AlarmPanel) -> Event:
    (event,) = observe(panel, 3, level=9000.0, exceeds=("methane",), by="enhancement", state="alarm")
    return event


def let_it_close(panel: AlarmPanel) -> None:
    (event,) = observe(panel, 60, level=2000.0, exceeds=(), state="ok")
    assert event.event_type == "close"


def observe(panel: AlarmPanel, readings: int, *, level: float, **fields: Any) -> list[Event]:
    methane = gas_of(level, 2000.0)
    time: dict[str, Any] = {"ts": "2026-09-21T14:13:20.000Z", "received": "2026-09-21T14:13:21.000Z"}
    verdicts = [
        Verdict(station="st-1", n=n, methane=methane, bundle="b", **time, **fields) for n in range(1, readings + 1)
    ]
    return [event for verdict in verdicts for event in panel.observe(verdict, {}, chamber_level())]


def test_an_alarm_is_acknowledged_with_what_it_was(desk: Desk) -> None:
    event = raise_an_alarm(desk.panel)
    body = {"id": event.id, "label": "plume", "comment": "a truck"}
    (answer,) = desk.ask("alarm/acknowledge", body)
    (published_event,) = desk.events
    assert (published_event.acknowledged, published_event.label, published_event.comment) == (True, "plume", "a truck")
    assert answer["data"]["events"][0]["id"] == event.id


def test_every_fault_of_a_station_is_acknowledged_at_once_and_its_methane_is_not(desk: Desk) -> None:
    raise_an_alarm(desk.panel)
    assert 'got "st-1", "fault", expected an alarm' in desk.error(
        "alarm/acknowledge", {"station": "st-1", "kind": "fault"}
    )
    kinds: tuple[AlarmKind, ...] = ("stale", "retrain")
    for kind in kinds:
        desk.panel.raise_unscored(kind, "st-1", n=3, bundle="b")
        desk.panel.raise_unscored(kind, "st-2", n=3, bundle="b")
    (answer,) = desk.ask("alarm/acknowledge", {"station": "st-1", "kind": "fault", "label": "fault"})
    assert [event["kind"] for event in answer["data"]["events"]] == list(kinds)
    seen = {(event.station, event.kind) for event in desk.panel.standing() if event.acknowledged}
    assert seen == {("st-1", "stale"), ("st-1", "retrain")}
    assert [label.label for label in desk.panel.labels()] == ["fault", "fault"]


def test_an_alarm_that_has_closed_can_still_be_given_a_label_by_its_id(desk: Desk) -> None:
    event = raise_an_alarm(desk.panel)
    let_it_close(desk.panel)
    desk.committer.transaction.labels += desk.panel.labels()
    assert desk.committer.commit()
    assert "expected a label or a comment" in desk.error("alarm/acknowledge", {"id": event.id})
    (answer,) = desk.ask("alarm/acknowledge", {"id": event.id, "label": "false"})
    assert answer["data"]["events"] == []
    assert answer["data"]["closed"]["label"] == "false"
    (answer,) = desk.ask("alarm/acknowledge", {"id": event.id, "comment": "a test gas"})
    assert (answer["data"]["closed"]["label"], answer["data"]["closed"]["comment"]) == ("false", "a test gas")
    assert desk.committer.commit()
    known = desk.committer.journal.closed_alarm(event.id)
    assert known is not None
    assert (known.label, known.comment, known.closed) == ("false", "a test gas", answer["data"]["closed"]["closed"])
    assert known.closed is not None


def test_an_alarm_that_does_not_stand_cannot_be_acknowledged(desk: Desk) -> None:
    assert "expected an alarm that stands" in desk.error("alarm/acknowledge", {"id": "x"})
    assert "label" in desk.error("alarm/acknowledge", {"id": "x", "label": "ghost"})
    assert "comment" in desk.error("alarm/acknowledge", {"id": "x", "comment": "x" * 1001})


def test_an_alarm_is_shelved_by_its_id(desk: Desk, fake_clock: FakeClock) -> None:
    event = raise_an_alarm(desk.panel)
    (answer,) = desk.ask("alarm/shelve", {"id": event.id, "minutes": 30, "comment": "a drill"})
    (published_event,) = desk.events
    until = rfc3339(fake_clock.now() + 1800)
    assert (published_event.id, published_event.shelved_until, published_event.comment) == (event.id, until, "a drill")
    assert answer["data"] == {"events": [msgspec.to_builtins(published_event)], "shelved": {"st-1": {"methane": until}}}
    (answer,) = desk.ask("alarm/shelve", {"id": event.id, "minutes": 0})
    assert answer["data"]["shelved"] == {}


def test_a_kind_is_shelved_before_it_alarms_and_that_is_remembered(desk: Desk) -> None:
    published: list[list[Event]] = []
    desk.requests._publish_events = published.append
    desk.add_station("st-1")
    (answer,) = desk.ask("alarm/shelve", {"station": "st-1", "kind": "methane", "minutes": 0.5})
    assert answer["data"]["events"] == []
    assert published == [[]]
    assert desk.panel.changed() == ["st-1"]
    assert raise_an_alarm(desk.panel).shelved_until is not None


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (
            {"station": "st-9", "kind": "methane", "minutes": 5},
            "got 'st-9', expected one that has sent a reading",
        ),
        ({"station": "st-1", "kind": "smoke", "minutes": 5}, "smoke"),
        ({"station": "st-1", "minutes": 5}, "got neither an id nor a station and a kind"),
        ({"id": "x", "minutes": 5}, "expected an alarm that stands: none does"),
        ({"id": "x"}, "minutes"),
        ({"id": "x", "minutes": -1}, "minutes"),
        ({"id": "x", "minutes": 10_081}, "minutes"),
        ({"id": "x", "minutes": 5, "comment": "x" * 1001}, "comment"),
    ],
)
def test_what_cannot_be_shelved_is_refused_with_the_reason(desk: Desk, body: Any, reason: str) -> None:
    desk.add_station("st-1")
    assert reason in desk.error("alarm/shelve", body)
    assert desk.panel.shelved() == {}
