"""Stations are journalled when they change, and only their newest readings are kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from config.settings.gateway import Gateway, StationEntry
from edge.agent.station import LiveStation
from edge.agent.station_journal import StationJournal
from edge.agent.stations import Stations
from edge.alarms.panel import AlarmPanel
from edge.bundles.bundle import Bundle
from edge.journal.capacity import capacity
from edge.journal.journal import Journal
from edge.journal.transaction import StationRow, Transaction
from tests.doubles import FakeClock

GONE = StationRow(7, "gone", "elsewhere/gone", "a,b", 40, b"", None)


class Case:
    """A station, another one that no entry matches any more, and what is journalled of them."""

    def __init__(self, bundle: Bundle, journal: Journal, clock: FakeClock) -> None:
        gateway = Gateway(gateway="gw1", stations=(StationEntry(bundle=bundle.path),))
        self.stations = Stations(gateway, [bundle])
        self.stations.remember([GONE], 0.0)
        self.station = self.add("st-1")
        self.clock = clock
        self.panel = AlarmPanel(gateway.alarms, clock)
        self.station_journal = StationJournal(self.stations, self.panel, journal, clock)

    def add(self, name: str) -> LiveStation:
        topic = f"sensors/{name}/readings"
        station = self.stations.at(topic)
        assert station is not None
        self.stations.keep(station, topic)
        return station


@pytest.fixture
def case(bundle: Bundle, tmp_path: Path, fake_clock: FakeClock) -> Iterator[Case]:
    journal = Journal(tmp_path / "journal.db", readings_per_station=300, clock=fake_clock)
    yield Case(bundle, journal, fake_clock)
    journal.close()


def test_a_station_that_has_sent_is_journalled_and_one_that_has_not_is_not(case: Case) -> None:
    case.add("st-2")
    transaction = Transaction()
    case.station_journal.update([case.station], transaction)
    assert [(row.id, row.name, row.topic) for row in transaction.stations.values()] == [
        (8, "st-1", "sensors/st-1/readings")
    ]


def test_a_station_whose_alarms_changed_is_journalled_with_their_snapshot(case: Case) -> None:
    case.panel.raise_unscored("stale", "st-1", n=1, bundle="b")
    transaction = Transaction()
    case.station_journal.update([], transaction)
    (row,) = transaction.stations.values()
    assert row.alarms == case.panel.snapshot("st-1")
    assert row.alarms is not None


def test_the_oldest_readings_are_deleted_after_every_two_hundred_once_the_broker_is_done_with_them(case: Case) -> None:
    pruned = []
    for n in (199, 200, 399, 400, 600, 800):
        case.clock.time += 1800  # the broker may send again what came in the last hour
        case.station.state.n = n
        transaction = Transaction()
        case.station_journal.update([case.station], transaction)
        pruned.append(transaction.pruned)
    assert pruned == [{}, {8: 0}, {}, {8: 100}, {8: 200}, {8: 400}]


def test_readings_that_do_not_fit_are_deleted_although_the_broker_may_send_them_again(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Journal, "mb", property(lambda _: 0.3))
    monkeypatch.setattr(Journal, "free_mb", property(lambda _: 8.01))  # 8 MB are for the log
    fit = capacity(0.31, 1, case.station.group.bundle.station.size)
    assert 1000 < fit < 2000
    case.station.state.n = 7000
    transaction = Transaction()
    case.station_journal.update([case.station], transaction)
    assert transaction.pruned == {8: 7000 - fit}


def test_readings_of_several_stations_that_do_not_fit_are_deleted_in_proportion(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Journal, "mb", property(lambda _: 2.0))
    monkeypatch.setattr(Journal, "free_mb", property(lambda _: 8.0))
    fit = capacity(2.0, 1, case.station.group.bundle.station.size)
    slow = case.add("st-2")
    case.station.state.n, case.station.deleted = 1_020_000, 1_000_000
    slow.state.n = 10_000
    transaction = Transaction()
    case.station_journal.update([case.station], transaction)
    assert transaction.pruned == {8: 1_020_000 - fit * 20_000 // 30_000}


def test_a_full_journal_loses_old_readings_and_all_of_unmatched_stations(case: Case) -> None:
    case.station.state.n = 350
    transaction = Transaction()
    case.station_journal.prune_all(transaction)
    assert transaction.pruned == {7: 40, 8: 0}  # the broker may send the others again ...
    for _ in range(21):
        case.clock.time += 1
        case.station_journal.prune_all(transaction)
    assert transaction.pruned == {7: 40, 8: 50}  # ... but a journal that stays full needs room


def test_a_fresh_journal_gets_unmatched_stations_too(case: Case) -> None:
    rows = case.station_journal.snapshot().stations
    assert rows[7] == GONE
    assert rows[8].name == "st-1"


def test_the_clock_of_a_station_is_journalled_now_and_then_and_after_a_jump(case: Case) -> None:
    stored = []
    for n in (1, 2, 200, 201, 202):
        if n == 202:
            case.station.clocked = 0  # as the recovery notes it after a jump
        case.station.state.n = n
        transaction = Transaction()
        case.station_journal.update([case.station], transaction)
        stored += [row.n for row in transaction.clocks.values()]
    assert stored == [1, 201, 202]


def test_long_windows_are_journalled_with_the_clock_where_the_readings_do_not_give_them_back(case: Case) -> None:
    transaction = Transaction()
    case.station.state.n = 1
    case.station_journal.update([case.station], transaction)
    kept = case.station.state.outlasts(300)  # as many as this journal keeps
    assert [row.n for row in transaction.memories.values()] == ([1] if kept else [])
    assert kept
    assert case.station_journal.snapshot().memories.keys() == {8}


def test_a_fresh_journal_gets_the_clocks_of_stations_that_are_recovered(case: Case) -> None:
    case.station.state.n = 5
    assert [(row.station, row.n) for row in case.station_journal.snapshot().clocks.values()] == [(8, 5)]


def test_the_drift_is_journalled_with_the_clock(case: Case) -> None:
    stored = []
    for n in (1, 2, 201):
        case.station.state.n = n
        transaction = Transaction()
        case.station_journal.update([case.station], transaction)
        stored += [(row.station, row.n, row.bundle) for row in transaction.drifts.values()]
    bundle = case.station.group.bundle.id
    assert stored == [(8, 1, bundle), (8, 201, bundle)]
    assert case.station_journal.snapshot().drifts.keys() == {8}
