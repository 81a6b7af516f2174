"""What is counted of stations is in health as far as it fits, and on a topic of each station's own."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from config.settings.alarms import Alarms, MethaneAlarm
from config.settings.gateway import HealthSettings
from edge.agent.health import Health
from edge.agent.health_reporter import MOST_BYTES, HealthReporter
from edge.clock import rfc3339
from tests.doubles import GOOD, FakeClock, FakeLink
from tests.edge.agent.agents import TOPICS, StartAgent, message
from tests.edge.agent.desk import Desk


def report_on(desk: Desk, clock: FakeClock) -> Any:
    """Publish the health of a desk's stations; return the body of ``health``."""
    reporter = HealthReporter(
        Health(clock), desk.stations, desk.panel, link=desk.link, delivery=desk.delivery, committer=desk.committer,
        topics=TOPICS, every=60,
    )  # fmt: skip
    reporter.publish(0)
    return desk.link.on(TOPICS.health)[-1]


def test_a_station_is_counted_from_its_first_reading_on(
    start_agent: StartAgent, fake_link: FakeLink, fake_clock: FakeClock
) -> None:
    rule = MethaneAlarm(limit_ppb=5000.0, clear_after=1, hold=1)
    agent = start_agent(health=HealthSettings(every=60), alarms=Alarms(methane=rule))
    leak = GOOD | {"ch4_ppb": 10_000.0}
    bodies = [GOOD, b"nope", leak, leak, leak, b'{"ts": []}', GOOD | {"ch4_ppb": 2001.0}]
    for number, body in enumerate(bodies, 1):
        fake_clock.time += 5
        fake_link.incoming = [[message(body, mid=number)]]
        agent.turn()
    last = fake_clock.time
    fake_clock.time += 61 - 5 * len(bodies)
    agent.turn()
    (counts,) = fake_link.on(TOPICS.counts("st-1"))
    health = fake_link.on(TOPICS.health)[-1]
    assert health["by_station"] == {"st-1": counts}
    assert health["stations_left_out"] == 0
    assert (counts["readings"], counts["refused"], counts["exceedances"]) == (5, 2, 3)
    assert (counts["online"], counts["last_seen"], counts["silent_s"]) == (True, rfc3339(last), 61 - 35)
    opened = [event for event in fake_link.on(TOPICS.event("st-1")) if event["event_type"] == "open"]
    assert counts["alarms"] == len(opened) > 0


def test_an_alarm_that_is_shelved_does_not_count_as_standing(
    start_agent: StartAgent, fake_link: FakeLink, fake_clock: FakeClock
) -> None:
    agent = start_agent(health=HealthSettings(every=60), alarms=Alarms(methane=MethaneAlarm(limit_ppb=5000.0)))
    fake_link.incoming = [[message(GOOD | {"ch4_ppb": 10_000.0 + mid}, mid=mid) for mid in range(1, 9)]]
    agent.turn()
    standing = {event["kind"] for event in fake_link.on(TOPICS.event("st-1"))}
    others = bool(standing - {"methane"})

    def counted() -> Any:
        fake_clock.time += 61
        agent.turn()
        counts = fake_link.on(TOPICS.counts("st-1"))[-1]
        return counts["alarm"], counts["fault"]

    before = counted()
    shelve = {"station": "st-1", "kind": "methane", "minutes": 60}
    fake_link.incoming = [[message(shelve, topic=TOPICS.request("alarm/shelve"))]]
    agent.turn()
    assert (before, counted()) == ((True, others), (False, others))


def test_a_station_of_an_earlier_run_has_not_been_seen_in_this_one(
    start_agent: StartAgent, fake_link: FakeLink, fake_clock: FakeClock
) -> None:
    fake_link.incoming = [[message(GOOD)]]
    start_agent().turn()
    agent = start_agent(health=HealthSettings(every=60))
    fake_clock.time += 61
    agent.turn()
    (counts,) = fake_link.on(TOPICS.counts("st-1"))
    assert (counts["readings"], counts["last_seen"], counts["silent_s"], counts["online"]) == (0, None, None, False)


def test_500_stations_fit_into_a_health_message(desk: Desk, fake_clock: FakeClock) -> None:
    for number in range(500):
        desk.add_station(f"field-{number:03}")
    health = report_on(desk, fake_clock)
    assert len(health["by_station"]) == health["stations"] == 500
    assert health["stations_left_out"] == 0


@pytest.mark.parametrize("limit", [None, 20_000, 100])
def test_what_does_not_fit_is_left_out_and_counted_and_problems_come_first(
    desk: Desk, fake_clock: FakeClock, limit: int | None
) -> None:
    names = [f"{'x' * 56}-{number:03}" for number in range(900)]
    for name in names:
        desk.add_station(name)
    desk.stations.named(names[-1], desk.stations.groups[0]).health.problems["units"] = "in doubt: " + "x" * 200
    desk.link.limit = limit
    health = report_on(desk, fake_clock)
    size = len(msgspec.json.encode(health))
    if limit == 100:
        assert health["by_station"] == {}, "the agent's own part is there even where nothing fits"
    else:
        most = limit or MOST_BYTES
        assert most - 1000 < size <= most
        assert next(iter(health["by_station"])) == names[-1]
    assert len(health["by_station"]) + health["stations_left_out"] == health["stations"] == 900
    assert all(len(desk.link.on(TOPICS.counts(name))) == 1 for name in names), "each has a topic of its own"


def test_what_is_refused_counts_for_the_station_that_a_document_names(
    start_agent: StartAgent, fake_link: FakeLink, fake_clock: FakeClock
) -> None:
    agent = start_agent(health=HealthSettings(every=60), topic="sensors/all", station_from="name")
    good = [GOOD | {"name": name} for name in ("a", "b")]
    for number, body in enumerate((good, [good[0], {"name": "b", "ts": []}]), 1):
        fake_link.incoming = [[message(body, topic="sensors/all", mid=number)]]
        agent.turn()
    letters = len(fake_link.on(TOPICS.deadletter))
    fake_clock.time += 61
    agent.turn()
    counted = {name: fake_link.on(TOPICS.counts(name))[-1]["refused"] for name in ("a", "b")}
    assert (counted, letters) == ({"a": 0, "b": 1}, 1)
