"""After a start, a past that is of no use costs a station its past and nothing else."""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path

import pytest

from config.settings.gateway import Gateway, StationEntry
from edge.agent.agent import Agent
from edge.agent.presence import Presence
from edge.agent.stations import Stations
from edge.agent.watchdog import Watchdog
from edge.bundles.bundle import Bundle
from edge.journal.journal import Journal
from edge.mqtt.message import Message
from edge.mqtt.topics import Topics
from edge.readings.reading import Reading
from tests.doubles import GOOD, FakeClock, FakeLink

TOPICS = Topics("davylamp/gw1")


class Restarts:
    """A gateway with one journal, whose agent is started again and again."""

    def __init__(self, bundle: Bundle, folder: Path, clock: FakeClock) -> None:
        self.path = folder / "journal.db"
        self._bundle, self._clock, self._seq = bundle, clock, 0

    def scored(self) -> list[int]:
        """Start an agent, send it a reading of st-1, stop it; return the numbers of its new scores."""
        self._seq += 1
        gateway = Gateway(gateway="gw1", stations=(StationEntry(bundle=self._bundle.path),))
        link, journal = FakeLink(), Journal(self.path, clock=self._clock)
        agent = Agent(
            gateway,
            Stations(gateway, [self._bundle]),
            link,
            journal,
            presence=Presence(gateway, TOPICS, self._clock),
            watchdog=Watchdog(self._clock, {}),
            clock=self._clock,
        )
        payload = b'{"seq": %d, %s}' % (self._seq, b", ".join(b'"%s": %f' % (k.encode(), v) for k, v in GOOD.items()))
        topic = "sensors/st-1/readings"
        link.incoming = [[Message(topic, payload, qos=1, mid=self._seq, connection=1, received=self._clock.now())]]
        agent.turn()
        agent.stop()
        journal.close()
        return [body["n"] for body in link.on(TOPICS.score("st-1")) if not body.get("historical")]

    def alter(self, statement: str) -> None:
        """Change the journal while no agent runs."""
        with sqlite3.connect(self.path) as database:
            database.execute(statement)


@pytest.fixture
def restarts(bundles: dict[str, Path], tmp_path: Path, fake_clock: FakeClock) -> Restarts:
    return Restarts(Bundle.open(bundles["both"]), tmp_path, fake_clock)


def test_the_count_goes_on(restarts: Restarts) -> None:
    assert [restarts.scored(), restarts.scored(), restarts.scored()] == [[1], [2], [3]]


def test_a_past_of_other_columns_is_not_used(restarts: Restarts, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "davylamp")
    restarts.scored()
    restarts.alter("update stations set columns = 'a,b'")
    assert restarts.scored() == [2]
    assert "station has other columns than before" in caplog.text


def test_a_past_that_cannot_be_rebuilt_is_logged(
    restarts: Restarts, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def rebuild(*_: object) -> list[Reading]:
        raise ZeroDivisionError

    restarts.scored()
    monkeypatch.setattr("edge.agent.recovery.rebuild", rebuild)
    assert restarts.scored() == [2]
    assert "past could not be rebuilt" in caplog.text


def test_alarms_that_cannot_be_read_are_logged(restarts: Restarts, caplog: pytest.LogCaptureFixture) -> None:
    restarts.scored()
    restarts.alter("update stations set alarms = x'00'")
    assert restarts.scored() == [2]
    assert "alarms of before the start cannot be read" in caplog.text
