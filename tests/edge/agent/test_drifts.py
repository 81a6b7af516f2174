"""A station that slowly becomes another one is found, reported, remembered, and found to be right again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from edge.alarms.event import Event
from edge.arrays import Floats
from edge.bundles.bundle import Bundle
from edge.drift.drift_report import DriftReport
from edge.mqtt.message import Message
from edge.simulation.simulator import simulate_chamber
from tests.bundle_variants import without_tables
from tests.doubles import FakeClock, FakeLink
from tests.edge.agent.test_pipeline import Run

START = 1_793_500_000.0
TURN = 100  # readings of a turn


class Drifting:
    """A station of the chamber, at a gateway that may be killed."""

    def __init__(self, bundle: Bundle, folder: Path) -> None:
        self.bundle, self._folder = bundle, folder
        self.clock, self.sent = FakeClock(START), 0
        self.events: list[Event] = []
        self.run = self._start()

    def _start(self) -> Run:
        return Run(self.bundle, self._folder / "journal.db", FakeLink(), self.clock, cadence=60.0)

    def restart(self, bundle: Bundle | None = None) -> None:
        """Kill the agent, and start it again."""
        self.bundle = bundle or self.bundle
        self.run.journal.close()
        self.run = self._start()

    def send(self, rows: Floats) -> list[Event]:
        """Send readings, a hundred in a turn; return the events."""
        events: list[Event] = []
        for first in range(0, len(rows), TURN):
            events += self.run.take(*self._messages(rows[first : first + TURN])).events
        self.events += events
        return [event for event in events if event.kind == "retrain"]

    def _messages(self, rows: Floats) -> Sequence[Message]:
        messages = []
        for row in rows.tolist():
            self.sent += 1
            self.clock.time = START + 60 * self.sent
            body = dict(zip(self.bundle.station.keys, row, strict=True)) | {"ts": self.clock.time, "seq": self.sent}
            payload = json.dumps(body).encode()
            messages.append(
                Message("sensors/st-1/readings", payload, qos=1, mid=self.sent, connection=1, received=self.clock.time)
            )
        return messages

    @property
    def report(self) -> DriftReport:
        return DriftReport.from_state(self.run.stations["st-1"].state.drift)


@pytest.fixture(scope="module")
def rows() -> Floats:
    """Readings like those that the bundle was trained on."""
    return np.array(simulate_chamber(3000, seed=1))


@pytest.fixture(scope="module")
def bundle(bundles: dict[str, Path]) -> Bundle:
    return Bundle.open(bundles["ae"])


@pytest.fixture
def station(bundle: Bundle, tmp_path: Path) -> Drifting:
    return Drifting(bundle, tmp_path)


def drifted(rows: Floats, station: Drifting, factor: float = 1.5, key: str = "r2611c_ohm") -> Floats:
    changed = rows.copy()
    changed[:, station.bundle.station.keys.index(key)] *= factor
    return changed


def test_a_station_like_its_training_raises_no_alarm(station: Drifting, rows: Floats) -> None:
    assert station.send(rows) == []
    assert station.report.state == "ok"
    assert len(station.report.farthest) == 3


def test_a_drift_raises_one_alarm_that_names_the_channel_and_says_what_to_do(station: Drifting, rows: Floats) -> None:
    opened, *updates = station.send(drifted(rows[:1500], station))
    assert (opened.event_type, opened.kind, opened.score) == ("open", "retrain", None)
    assert "r2611c_ohm" in opened.contributions
    assert opened.culprit == next(iter(opened.contributions))
    assert "davylamp collect --station st-1" in str(opened.advice)
    assert all(event.event_type == "update" for event in updates)
    assert station.report.state == "drifted"
    assert "r2611c_ohm" in station.run.stations["st-1"].health.problems["drift"]


def test_a_channel_that_drifts_later_is_taken_up_by_the_alarm(station: Drifting, rows: Floats) -> None:
    station.send(drifted(rows[:1000], station))
    both = drifted(drifted(rows[1000:2000], station), station, 2.0, "rmq4_ohm")
    station.send(both)
    (standing,) = [event for event in station.run.panel.standing() if event.kind == "retrain"]
    assert {"r2611c_ohm", "rmq4_ohm"} <= set(standing.contributions)


def test_the_alarm_and_what_led_to_it_survive_a_kill(station: Drifting, rows: Floats) -> None:
    calm = np.concatenate([rows[1500:], rows[1500:2100]])
    station.send(calm[:2050])
    before = station.report
    station.restart()
    station.send(calm[2050:])
    assert (before.state, station.report.state) == ("ok", "ok")  # its window was full before
    (opened, *_) = station.send(drifted(rows[1500:2800], station))
    station.restart()
    assert not [event for event in station.send(drifted(rows[2800:2900], station)) if event.event_type == "open"]
    assert station.report.state == "drifted"
    assert [event.id for event in station.run.panel.standing() if event.kind == "retrain"] == [opened.id]


def test_a_station_that_is_as_before_closes_the_alarm(station: Drifting, rows: Floats) -> None:
    station.send(drifted(rows[:1000], station))
    events = station.send(np.concatenate([rows, rows, rows]))
    assert events[-1].event_type == "close"
    assert station.report.state == "ok"
    assert "drift" not in station.run.stations["st-1"].health.problems


def test_gas_and_failed_channels_are_no_drift(station: Drifting, rows: Floats) -> None:
    station.send(rows[:1000])
    assert station.send(drifted(rows[1000:2000], station, -1.0)) == []
    assert station.send(drifted(rows[2000:], station, 100.0, "ch4_ppb")) == []


def test_another_bundle_begins_anew_and_is_measured_from_the_journal(
    station: Drifting, rows: Floats, bundles: dict[str, Path]
) -> None:
    station.send(drifted(rows[:1500], station))
    station.restart(Bundle.open(bundles["vae"]))
    station.send(drifted(rows[1500:1600], station))
    assert station.report.state == "drifted"  # the new one was trained on the same readings


def test_an_older_bundle_says_that_it_finds_no_drift(
    station: Drifting, rows: Floats, bundles: dict[str, Path], tmp_path: Path
) -> None:
    station.send(drifted(rows[:1500], station))
    older = tmp_path / "older.davy"
    older.write_bytes(without_tables(bundles["ae"], "drift/"))
    station.restart(Bundle.open(older))
    (closed,) = station.send(drifted(rows[1500:1600], station))
    assert (closed.event_type, closed.kind) == ("close", "retrain")
    assert (station.report.state, station.report.drifted) == ("unknown", {})
    assert "older bundle" in str(station.report.reason)


def test_a_bundle_whose_drift_does_not_fit_is_refused(bundles: dict[str, Path]) -> None:
    from edge.errors import BundleError

    with pytest.raises(BundleError, match="tables"):
        Bundle.load(without_tables(bundles["ae"], "drift/quantiles"), "broken.davy")
