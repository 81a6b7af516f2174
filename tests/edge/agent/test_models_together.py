"""Bundles that are pushed, replaced and taken back while others are at work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from config.settings.gateway import HealthSettings
from edge.bundles.bundle import Bundle
from edge.rollout.trial import Shadow
from edge.rollout.worker import Task, Worker
from tests.bundle_variants import later
from tests.doubles import FakeClock, FakeLink
from tests.edge.agent.agents import TOPICS, StartAgent
from tests.edge.agent.pusher import TRUSTED, Pusher, bundle_of


class HeldWorker(Worker):
    """A worker whose tasks are done when the test says so."""

    def __init__(self) -> None:
        self.waiting: list[tuple[str, Task]] = []
        self._done: list[tuple[str, Any]] = []

    @property
    def busy(self) -> bool:
        return bool(self.waiting or self._done)

    def start(self, name: str, task: Task) -> None:
        self.waiting.append((name, task))

    def take(self) -> list[tuple[str, Any]]:
        done, self._done = self._done, []
        return done

    def close(self) -> None:
        self.waiting.clear()

    def work(self) -> None:
        """Do what waits."""
        self._done += [(name, _result(task)) for name, task in self.waiting]
        self.waiting.clear()


def _result(task: Task) -> Any:
    try:
        return task()
    except Exception as error:
        return error


@pytest.fixture
def worker(pusher: Pusher) -> HeldWorker:
    held = HeldWorker()
    pusher.agent._models._rollouts._preparation._worker = held
    return held


def bring(pusher: Pusher, data: bytes, **changed: Any) -> None:
    """Offer a file and send it, without waiting for what becomes of it."""
    assert pusher.offer(data, **changed)["status"] == "ok"
    pusher.bring(data)
    pusher.turn()


def test_what_was_being_verified_for_an_earlier_push_is_nobodys(
    pusher: Pusher, worker: HeldWorker, bundles: dict[str, Path], other: bytes
) -> None:
    first = later(bundles["ae"], 2098)
    bring(pusher, first, shadow=0)
    assert len(worker.waiting) == 1
    bring(pusher, other, shadow=0)
    for _ in range(4):
        worker.work()
        pusher.turn()
    models = pusher.models()
    assert models["active"]["file"] == "new.davy"
    assert bundle_of(models) == Bundle.load(other, "").id
    assert pusher.agent._stations["st-1"].group.bundle.id == Bundle.load(other, "").id


def test_a_return_runs_nothing_that_was_being_verified(
    pusher: Pusher, worker: HeldWorker, bundle: Bundle, bundles: dict[str, Path], other: bytes
) -> None:
    bring(pusher, later(bundles["ae"], 2098), shadow=0)
    for _ in range(2):
        worker.work()
        pusher.turn()
    bring(pusher, other, shadow=0)
    pusher.ask("model/rollback", {})
    pusher.ask("model/rollback", {})
    for _ in range(4):
        worker.work()
        pusher.turn()
    assert bundle_of(pusher.models()) == bundle.id
    assert pusher.agent._stations["st-1"].group.bundle.id == bundle.id


def test_one_bundle_is_prepared_at_a_time_however_many_stations_wait(
    pusher: Pusher, worker: HeldWorker, other: bytes
) -> None:
    names = [f"st-{number}" for number in range(2, 6)]
    for name in names:
        pusher.send(3, station=name)
    for name in names:
        bring(pusher, other, station=name, shadow=0)
        assert len(worker.waiting) == 1
    for _ in range(6):
        worker.work()
        pusher.turn()
        assert len(worker.waiting) <= 1
    assert {pusher.agent._stations[name].group.bundle.id for name in names} == {Bundle.load(other, "").id}


def test_another_rate_holds_for_a_bundle_that_was_prepared_beside_another(
    pusher: Pusher, worker: HeldWorker, bundles: dict[str, Path], other: bytes
) -> None:
    pusher.send(3, station="st-2")
    bring(pusher, other)
    worker.work()
    pusher.turn()
    bring(pusher, later(bundles["ae"], 2098), station="st-2", shadow=0)
    worker.work()
    pusher.ask("rate/set", {"exceedances_per_1000": 5})
    pusher.turn()
    station = pusher.agent._stations["st-2"]
    assert station.group.bundle.id == Bundle.load(later(bundles["ae"], 2098), "").id
    assert station.group.scorer.rate == 0.005
    pusher.ask("rate/set", {"exceedances_per_1000": 7})
    assert station.group.scorer.rate == 0.007


def test_a_later_request_takes_the_place_of_an_earlier_return(
    pusher: Pusher, worker: HeldWorker, bundle: Bundle, bundles: dict[str, Path]
) -> None:
    data = [later(bundles["ae"], year) for year in (2096, 2097, 2098)]
    first, second, _ = (Bundle.load(each, "").id for each in data)
    for each in data:
        bring(pusher, each, shadow=0)
        for _ in range(2):
            worker.work()
            pusher.turn()
    pusher.ask("model/rollback", {"bundle": second})
    pusher.ask("model/rollback", {"bundle": first})
    for _ in range(4):
        worker.work()
        pusher.turn()
    assert bundle_of(pusher.models()) == first
    assert pusher.models()["kept"][0]["bundle"] == bundle.id


def test_all_readings_of_a_turn_are_scored_when_a_bundle_fails_and_goes_back(
    pusher: Pusher, bundle: Bundle, other: bytes, fake_link: FakeLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    pusher.push(other, shadow=0)
    pusher.send(10)
    scorer = pusher.agent._stations["st-1"].group.scorer
    monkeypatch.setattr(scorer, "decide", lambda *_: 1 / 0)
    pusher.send_at_once(4)
    assert [each["bundle"] for each in fake_link.on(TOPICS.score("st-1"))[-4:]] == [bundle.id] * 4
    assert fake_link.on(TOPICS.deadletter) == []
    assert bundle_of(pusher.models()) == bundle.id


def test_a_watched_bundle_that_fails_while_another_is_in_shadow_goes_back_too(
    pusher: Pusher, bundle: Bundle, bundles: dict[str, Path], other: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    pusher.push(later(bundles["ae"], 2098), shadow=0)
    pusher.send(3)
    pusher.push(other)
    assert isinstance(pusher.agent._stations["st-1"].trial, Shadow)
    monkeypatch.setattr(pusher.agent._stations["st-1"].group.scorer, "decide", lambda *_: 1 / 0)
    assert pusher.send(2) == [104, 105]
    assert bundle_of(pusher.models()) == bundle.id
    pusher.settle()
    assert pusher.models()["waiting"]["phase"] == "shadow", "what waits is tried beside the one that runs now"


def test_the_progress_of_a_shadow_is_published_without_what_concerns_all_stations(
    start_agent: StartAgent, fake_link: FakeLink, fake_clock: FakeClock, other: bytes
) -> None:
    one = Pusher(start_agent(rollout=TRUSTED, health=HealthSettings(every=1e6)), fake_link, fake_clock)
    fake_link.ready = True
    one.send(100)
    one.push(other)
    known = {topic: len(fake_link.on(topic)) for topic in (TOPICS.info, TOPICS.state, TOPICS.model("st-1"))}
    one.send(20)
    assert len(fake_link.on(TOPICS.model("st-1"))) - known[TOPICS.model("st-1")] == 10
    assert (len(fake_link.on(TOPICS.info)), len(fake_link.on(TOPICS.state))) == (
        known[TOPICS.info],
        known[TOPICS.state],
    )


def test_how_long_a_bundle_is_watched_is_published_and_begins_again_at_another_rate(
    pusher: Pusher, other: bytes, fake_link: FakeLink
) -> None:
    pusher.push(other, shadow=0)
    activated = [each for each in fake_link.on(TOPICS.model("st-1")) if each["last"]]
    assert [each["watched"] for each in activated] == [60]
    pusher.send(30)
    assert pusher.models()["watched"] < 60
    pusher.ask("rate/set", {"exceedances_per_1000": 500})
    pusher.settle()
    assert pusher.models()["watched"] == 60


def test_a_request_that_raises_what_nobody_expected_is_answered_and_stops_nothing(
    pusher: Pusher, other: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ImportError("libsodium")

    monkeypatch.setattr("edge.rollout.push_statement.PushStatement.signed_by", broken)
    assert pusher.offer(other)["error"] == "internal error: see the agent's log"
    monkeypatch.undo()
    assert pusher.send(1) == [101]
    assert "issued: got" in pusher.offer(other, issued=1e300)["error"]


def test_a_return_to_a_file_that_was_deleted_is_refused_at_once(
    pusher: Pusher, bundle: Bundle, bundles: dict[str, Path], tmp_path: Path
) -> None:
    data = [later(bundles["ae"], year) for year in (2097, 2098)]
    for each in data:
        pusher.push(each, shadow=0)
    before = Bundle.load(data[0], "").id
    (file,) = [each for each in (tmp_path / "models").glob("*.davy") if each.read_bytes() == data[0]]
    file.unlink()
    assert f"{before}: its file is not in" in pusher.ask("model/rollback", {})["error"]
    assert pusher.ask("model/rollback", {"bundle": bundle.id})["status"] == "ok"
    pusher.settle()
    assert bundle_of(pusher.models()) == bundle.id


def test_a_bundle_that_fails_goes_back_past_a_file_that_was_deleted(
    pusher: Pusher, bundle: Bundle, bundles: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for year in (2097, 2098):
        pusher.push(later(bundles["ae"], year), shadow=0)
    for file in (tmp_path / "models").glob("*.davy"):
        file.unlink()
    monkeypatch.setattr(pusher.agent._stations["st-1"].group.scorer, "decide", lambda *_: 1 / 0)
    assert pusher.send(2) == [101, 102]
    assert bundle_of(pusher.models()) == bundle.id


def test_a_bundle_that_is_refused_on_a_full_disk_is_not_verified_again_and_again(
    pusher: Pusher, worker: HeldWorker, bundle: Bundle, other: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    bring(pusher, b"nothing of the kind")
    monkeypatch.setattr("edge.rollout.model_folder.write_bytes", full)
    worker.work()
    for _ in range(3):
        pusher.turn()
    assert worker.waiting == []
    assert "is no zip" in pusher.models()["last"]["reason"]
    assert pusher.send(1) == [101]
