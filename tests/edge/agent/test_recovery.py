"""After a restart a station goes on where it was; what the journal cannot give costs it nothing else."""

from __future__ import annotations

import dataclasses
import logging
import math
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from config.settings.gateway import Gateway, StationEntry
from edge.agent.agent import Agent
from edge.agent.presence import Presence
from edge.agent.rebuilding import rebuild
from edge.agent.recovery import Recovery
from edge.agent.station import LiveStation
from edge.agent.station_journal import COPY_EVERY
from edge.agent.stations import Stations
from edge.agent.watchdog import Watchdog
from edge.bundles.bundle import Bundle
from edge.journal.journal import Journal
from edge.journal.transaction import ClockRow, MemoryRow, ReadingRow, Transaction
from edge.models.windows import Windows
from edge.mqtt.message import Message
from edge.mqtt.topics import Topics
from edge.readings.reading import Reading
from edge.readings.station_clock.placement import PLACED
from edge.scoring.decision import Decision
from edge.scoring.scorer import Scorer
from edge.scoring.state import StationState
from edge.scoring.verdict import Verdict
from edge.simulation.simulator import simulate_chamber
from tests.doubles import GOOD, FakeClock, FakeLink

TOPICS = Topics("davylamp/gw1")
KEPT = 2000
AFTER = 200


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


def test_a_station_knows_which_of_its_readings_the_journal_has_deleted(
    restarts: Restarts, monkeypatch: pytest.MonkeyPatch
) -> None:
    deleted = []
    recover = Recovery.recover

    def note(self: Recovery, station: LiveStation, transaction: Transaction) -> None:
        recover(self, station, transaction)
        deleted.append(station.deleted)

    monkeypatch.setattr(Recovery, "recover", note)
    for _ in range(5):
        restarts.scored()
    restarts.alter("delete from readings where n <= 3")
    restarts.scored()
    monkeypatch.setattr(Journal, "readings_kept", lambda *_: 1 - AFTER)  # older ones are not read one by one
    restarts.scored()
    assert deleted == [0, 0, 0, 0, 3, 3]


def test_readings_of_other_columns_are_not_used(restarts: Restarts, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "davylamp")
    restarts.scored()
    restarts.alter("update stations set columns = 'a,b'")
    assert restarts.scored() == [2]
    assert "station has other columns or units than before" in caplog.text


def test_a_state_that_cannot_be_rebuilt_is_logged(
    restarts: Restarts, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def failing(*_: object) -> list[Reading]:
        raise ZeroDivisionError

    restarts.scored()
    monkeypatch.setattr("edge.agent.recovery.rebuild", failing)
    assert restarts.scored() == [2]
    assert "past could not be rebuilt" in caplog.text


def test_alarms_that_cannot_be_read_are_logged(restarts: Restarts, caplog: pytest.LogCaptureFixture) -> None:
    restarts.scored()
    restarts.alter("update stations set alarms = x'00'")
    assert restarts.scored() == [2]
    assert "alarms of before the start cannot be read" in caplog.text


# ---- rebuild -------------------------------------------------------------------------------------------------------


def numbers(verdict: Verdict) -> list[float]:
    """Everything in a verdict that is a score, or a level [100 ppb]."""
    gas = verdict.methane
    levels = (gas.background_ppb, gas.virtual_ppb) if gas else (None, None)
    found = [
        verdict.reconstruction.score if verdict.reconstruction else None,
        verdict.consistency.score if verdict.consistency else None,
        gas.score if gas else None,
        *(None if level is None else level / 100 for level in levels),
    ]
    return [math.nan if each is None else each for each in found]


def journalled(scorer: Scorer, state: StationState, readings: Sequence[Reading]) -> list[ReadingRow]:
    """Score readings, and return the rows that the journal then contains of them."""
    rows: list[ReadingRow] = []

    def follow(decision: Decision) -> tuple[()]:
        reading, context = decision.reading, decision.context
        place = PLACED | context.placement.code | context.arrival
        values = np.array(reading.values).tobytes()
        rows.append(ReadingRow(1, context.n, reading.ts, reading.received, None, place, 0, values))
        return ()

    scorer.decide([(state, reading) for reading in readings], follow)
    return rows


def record(*, times: bool) -> list[Reading]:
    """A record with all that happens: nulls, a channel that is away, a gap, a long one, and readings that are late."""
    values = simulate_chamber(2600, seed=4)
    values[900:905, 6] = np.nan
    values[1500:1540, 4] = np.nan  # for longer than it is held
    values[2395:, 3] = np.nan  # while it restarts
    time = 1.8e9 + 60.0 * np.arange(2600)
    time[700:] += 60.0 * 300  # a long gap
    time[1200:] += 60.0 * 10
    time[2390:] += 60.0 * 5
    time[1800] -= 7200.0
    time[620] -= 7200.0  # before what the journal keeps
    return [
        Reading(station="st", values=tuple(each), ts=t if times else None, received=t)
        for each, t in zip(values.tolist(), time.tolist(), strict=True)
    ]


@pytest.mark.parametrize("times", [True, False])
@pytest.mark.parametrize("absent", [(), ("ch4_ppb",)])
def test_scores_after_a_restart_are_those_of_an_unbroken_run(
    bundles: dict[str, Path], absent: tuple[str, ...], times: bool
) -> None:
    scorer = Scorer(Bundle.open(bundles["both"]), absent=absent, adapt=True)
    cadence = None if times else 60.0
    unbroken, sent = scorer.new_state(cadence), record(times=times)
    rows = journalled(scorer, unbroken, sent[:-AFTER])[-KEPT:]
    state = scorer.new_state(cadence)
    state.n = unbroken.n
    state.adaptation.restore(unbroken.adaptation.snapshot())
    rebuild(state, scorer, rows)
    expected = scorer.score([(unbroken, reading) for reading in sent[-AFTER:]])
    got = scorer.score([(state, reading) for reading in sent[-AFTER:]])
    assert [each.n for each in got] == [each.n for each in expected]
    assert [(each.state, each.exceeds, each.flags) for each in got] == [
        (each.state, each.exceeds, each.flags) for each in expected
    ]
    assert any(each.exceeds for each in expected)
    np.testing.assert_allclose([numbers(each) for each in got], [numbers(each) for each in expected], atol=1e-3)
    assert state.adaptation.rates() == pytest.approx(unbroken.adaptation.rates())


@pytest.mark.parametrize("absent", [(), ("ch4_ppb",)])
def test_windows_that_reach_further_than_the_kept_readings_go_on_from_the_journal(
    bundles: dict[str, Path], absent: tuple[str, ...]
) -> None:
    bundle = Bundle.open(bundles["both"])
    windows = Windows(recenter=60, recenter_stride=16, background=300, background_stride=4, warm_up=2100)
    bundle._models = {name: dataclasses.replace(model, windows=windows) for name, model in bundle._models.items()}
    scorer = Scorer(bundle, absent=absent, adapt=True)
    unbroken, sent = scorer.new_state(), record(times=True)
    sent = sent[:1800] + sent[1801:]
    assert unbroken.outlasts(KEPT)
    assert not unbroken.outlasts(2100)
    rows = journalled(scorer, unbroken, sent[:2150])
    memory = MemoryRow(1, unbroken.n, bundle.id, unbroken.snapshot())
    rows = (rows + journalled(scorer, unbroken, sent[2150:-AFTER]))[-600:]
    states = [scorer.new_state() for _ in range(4)]
    useless = (None, memory._replace(snapshot=b"?"), memory._replace(n=rows[0].n - COPY_EVERY - 1))
    for state, found in zip(states, (memory, *useless), strict=True):
        state.n = unbroken.n
        state.adaptation.restore(unbroken.adaptation.snapshot())
        rebuild(state, scorer, rows, memory=found)
    expected, got, *others = (
        scorer.score([(state, reading) for reading in sent[-AFTER:]]) for state in (unbroken, *states)
    )
    assert [each.state for each in got] == [each.state for each in expected]
    np.testing.assert_allclose([numbers(each) for each in got], [numbers(each) for each in expected], atol=1e-3)
    for other in others:
        assert all(each.state == "warming_up" or each.by == "enhancement" for each in other)


def test_rebuilding_moves_no_threshold_and_no_count(bundles: dict[str, Path]) -> None:
    scorer = Scorer(Bundle.open(bundles["both"]), adapt=True)
    state = scorer.new_state()
    state.n = 5000
    sent = record(times=True)[:300]
    rebuild(state, scorer, [ReadingRow(1, 1, r.ts, r.received, None, 0, 0, np.array(r.values).tobytes()) for r in sent])
    assert state.n == 5000
    assert state.adaptation.learnt == {}
    assert not state.warming_up
    assert state.cadence == 60.0


def test_a_station_without_readings_is_new(bundles: dict[str, Path]) -> None:
    scorer = Scorer(Bundle.open(bundles["both"]))
    state = scorer.new_state()
    rebuild(state, scorer, [])
    assert state.warming_up


def test_a_station_that_version_0_2_took_for_late_is_healed(bundles: dict[str, Path]) -> None:
    scorer = Scorer(Bundle.open(bundles["ae"]))
    state = scorer.new_state()
    state.n = 300
    sent = record(times=True)[:300]
    uptime = [replace(reading, ts=60.0 * i) for i, reading in enumerate(sent[200:])]  # the station has been restarted
    rows = [
        ReadingRow(1, n, reading.ts, reading.received, None, int(n > 200), 0, np.array(reading.values).tobytes())
        for n, reading in enumerate([*sent[:200], *uptime], 1)
    ]
    rebuild(state, scorer, rows)
    (verdict,) = scorer.score([(state, replace(uptime[-1], ts=60.0 * 100, received=uptime[-1].received + 60.0))])
    assert (verdict.n, verdict.late, verdict.historical) == (301, False, False)
    assert verdict.state != "warming_up"
    assert verdict.consistency is not None


def test_a_clock_that_cannot_be_read_goes_on_from_the_readings(bundles: dict[str, Path]) -> None:
    scorer = Scorer(Bundle.open(bundles["ae"]))
    unbroken = scorer.new_state(60.0)
    sent = [replace(reading, ts=60.0 * i) for i, reading in enumerate(record(times=True)[:300])]
    rows = journalled(scorer, unbroken, sent)
    state = scorer.new_state(60.0)
    rebuild(state, scorer, rows, ClockRow(1, 200, b"nonsense"))
    assert state.clock.snapshot() == unbroken.clock.snapshot()
