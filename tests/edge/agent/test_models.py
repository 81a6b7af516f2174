"""Bundles that are pushed to a running agent: in shadow, active, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.bundles.bundle import Bundle
from edge.readings.reading import Reading
from edge.rollout.trial import Shadow
from edge.scoring.scorer import Scorer
from tests.bundle_variants import later
from tests.doubles import FakeLink
from tests.edge.agent.agents import TOPICS, StartAgent
from tests.edge.agent.pusher import TRUSTED, Pusher, bundle_of


def test_a_bundle_runs_in_shadow_and_then_for_real(
    pusher: Pusher, bundle: Bundle, other: bytes, fake_link: FakeLink
) -> None:
    new = Bundle.load(other, "").id
    waiting = pusher.push(other)
    assert (bundle_of(waiting), waiting["waiting"]["model"]["bundle"]) == (bundle.id, new)
    assert (waiting["waiting"]["phase"], waiting["waiting"]["of"]) == ("shadow", 40)
    pusher.send(39)
    compared = pusher.models()["waiting"]["comparison"]
    assert (compared["readings"], compared["agreement"]) == (39, 1.0)
    assert compared["waiting"]["alarms"] == 0
    assert pusher.send(3) == [140, 141, 142]
    models = pusher.models()
    assert (bundle_of(models), models["waiting"], models["last"]["outcome"]) == (new, None, "activated")
    assert models["active"]["signed_by"] == "laptop"
    assert models["kept"][0]["bundle"] == bundle.id
    assert [each["bundle"] for each in fake_link.on(TOPICS.score("st-1"))[-3:]] == [bundle.id, new, new]


def test_what_was_pushed_outlives_the_agent_and_goes_back_by_request(
    pusher: Pusher, start_agent: StartAgent, bundle: Bundle, other: bytes, fake_link: FakeLink
) -> None:
    new = Bundle.load(other, "").id
    pusher.push(other, shadow=0)
    assert pusher.send(2) == [101, 102]
    pusher.agent = start_agent(rollout=TRUSTED)
    assert pusher.send(2) == [103, 104]
    assert [each["bundle"] for each in fake_link.on(TOPICS.score("st-1"))[-4:]] == [new] * 4
    assert pusher.ask("model/rollback", {})["status"] == "ok"
    pusher.settle()
    models = pusher.models()
    assert (bundle_of(models), models["last"]["outcome"], models["last"]["bundle"]) == (bundle.id, "rolled back", new)
    assert pusher.send(1) == [105]
    assert "to which it could go back" in pusher.ask("model/rollback", {})["error"]
    assert pusher.ask("model/rollback", {"bundle": new})["status"] == "ok"
    pusher.settle()
    assert bundle_of(pusher.models()) == new
    assert f"expected one of {bundle.id}" in pusher.ask("model/rollback", {"bundle": "nobody"})["error"]


def test_the_last_three_are_kept_and_no_file_of_another(
    pusher: Pusher, bundles: dict[str, Path], bundle: Bundle, tmp_path: Path
) -> None:
    ids = []
    for year in range(2030, 2036):
        data = later(bundles["ae"], year)
        ids.append(Bundle.load(data, "").id)
        assert bundle_of(pusher.push(data, shadow=0)) == ids[-1]
    assert [each["bundle"] for each in pusher.models()["kept"]] == ids[-2:-5:-1]
    assert len(list((tmp_path / "models").glob("*.davy"))) == 4
    for before in ids[-2:-5:-1]:
        pusher.ask("model/rollback", {})
        pusher.settle()
        assert bundle_of(pusher.models()) == before


def test_a_bundle_in_gateway_yaml_that_is_another_one_now_is_the_newer_decision(
    pusher: Pusher, start_agent: StartAgent, bundle: Bundle, other: bytes, tmp_path: Path
) -> None:
    assert bundle_of(pusher.push(other, shadow=0)) == Bundle.load(other, "").id
    index = tmp_path / "models" / "models.json"
    index.write_text(index.read_text().replace(bundle.id, "0123456789ab"))
    pusher.agent = start_agent(rollout=TRUSTED)
    assert pusher.send(1) == [101]
    assert bundle_of(pusher.models()) == bundle.id


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_bytes(path.read_bytes()[:-9])])
def test_an_active_bundle_that_is_damaged_gives_way_to_the_one_before(
    pusher: Pusher, start_agent: StartAgent, bundle: Bundle, other: bytes, tmp_path: Path, damage: Any
) -> None:
    pusher.push(other, shadow=0)
    (file,) = (tmp_path / "models").glob("*.davy")
    damage(file)
    pusher.agent = start_agent(rollout=TRUSTED)
    assert pusher.send(2) == [101, 102]
    assert bundle_of(pusher.models()) == bundle.id


def test_an_index_that_is_damaged_is_set_aside_and_scoring_goes_on(
    pusher: Pusher, start_agent: StartAgent, bundle: Bundle, other: bytes, tmp_path: Path
) -> None:
    pusher.push(other, shadow=0)
    (tmp_path / "models" / "models.json").write_text("{")
    pusher.agent = start_agent(rollout=TRUSTED)
    assert pusher.send(1) == [101]
    assert bundle_of(pusher.models()) == bundle.id
    assert (tmp_path / "models" / "models.json.corrupt").read_text() == "{"


def test_a_bundle_whose_rate_is_off_in_shadow_is_refused_with_the_figures(
    pusher: Pusher, bundle: Bundle, other: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    pusher.push(other)
    shadow = pusher.agent._stations["st-1"].trial
    assert isinstance(shadow, Shadow)
    strange(shadow.scorer, monkeypatch)
    pusher.send(45)
    models = pusher.models()
    assert (bundle_of(models), models["waiting"], models["last"]["outcome"]) == (bundle.id, None, "refused")
    assert "consistency: 40 of 40 readings reach the threshold of its training" in models["last"]["reason"]
    assert models["last"]["comparison"]["waiting"]["by_table_per_1000"]["consistency"] == 1000.0
    assert "not used" in pusher.agent._stations["st-1"].health.problems["model"]


def test_a_bundle_whose_rate_is_off_once_it_runs_goes_back_by_itself(
    pusher: Pusher, bundle: Bundle, other: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    pusher.push(other, shadow=0)
    pusher.send(10)
    strange(pusher.agent._stations["st-1"].group.scorer, monkeypatch)
    assert pusher.send(30) == list(range(111, 141))
    pusher.settle()
    models = pusher.models()
    assert (bundle_of(models), models["last"]["outcome"]) == (bundle.id, "went back")
    assert pusher.send(1) == [141]
    assert bundle.id in pusher.agent._stations["st-1"].health.problems["model"]


def test_a_bundle_that_proves_itself_is_watched_no_more(pusher: Pusher, other: bytes) -> None:
    assert pusher.push(other, shadow=0)["watched"] == 60
    pusher.send(61)
    assert pusher.models()["watched"] == 0
    assert pusher.agent._stations["st-1"].trial is None


def strange(scorer: Scorer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every reading be strange to a scorer."""
    build = scorer._row_scores.build

    def built(*arguments: Any) -> list[Any]:
        return [each._replace(consistency=5.0) for each in build(*arguments)]

    monkeypatch.setattr(scorer._row_scores, "build", built)


def test_a_bundle_that_fails_goes_back_at_once_and_no_reading_is_lost(
    pusher: Pusher, bundle: Bundle, other: bytes, fake_link: FakeLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    pusher.push(other, shadow=0)
    pusher.send(10)

    def fail(*_: Any) -> None:
        raise ZeroDivisionError("a network that fails")

    monkeypatch.setattr(pusher.agent._stations["st-1"].group.scorer, "decide", fail)
    assert pusher.send(3) == [111, 112, 113]
    assert [each["bundle"] for each in fake_link.on(TOPICS.score("st-1"))[-3:]] == [bundle.id] * 3
    models = pusher.models()
    assert (bundle_of(models), models["last"]["outcome"]) == (bundle.id, "went back")
    assert models["last"]["reason"] == "it failed: ZeroDivisionError: a network that fails"
    assert fake_link.on(TOPICS.deadletter) == []


def test_a_bundle_that_fails_in_shadow_is_refused_and_touches_nothing(
    pusher: Pusher, bundle: Bundle, other: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    pusher.push(other)
    shadow = pusher.agent._stations["st-1"].trial
    assert isinstance(shadow, Shadow)
    monkeypatch.setattr(shadow.scorer, "decide", lambda *_: 1 / 0)
    assert pusher.send(2) == [101, 102]
    assert pusher.models()["last"]["reason"] == "ZeroDivisionError: division by zero"


def test_a_shadow_begins_again_when_another_rate_is_set(pusher: Pusher, other: bytes) -> None:
    pusher.push(other)
    pusher.send(5)
    assert pusher.ask("rate/set", {"exceedances_per_1000": 5})["status"] == "ok"
    pusher.send(1)
    pusher.settle()
    assert pusher.models()["waiting"]["readings"] == 0
    pusher.send(42)
    assert bundle_of(pusher.models()) == Bundle.load(other, "").id


def test_the_verdicts_after_an_activation_are_those_of_an_agent_that_always_had_the_bundle(
    pusher: Pusher, start_agent: StartAgent, other: bytes, fake_link: FakeLink, tmp_path: Path
) -> None:
    pusher.push(other, shadow=10)
    pusher.send(30)
    live = fake_link.on(TOPICS.score("st-1"))[-10:]
    file = tmp_path / "always.davy"
    file.write_bytes(other)
    state = replayed(Bundle.open(file), pusher)
    assert [each["consistency"]["score"] for each in live] == pytest.approx(state, abs=1e-9)


def replayed(bundle: Bundle, pusher: Pusher) -> list[float]:
    """Return the consistency scores of the last ten readings by a scorer that has seen them all."""
    scorer = Scorer(bundle, adapt=True)
    state = scorer.new_state()
    station = pusher.agent._stations["st-1"]
    rows = pusher.agent._committer.journal.readings(station.id)
    readings = [
        Reading(station="st-1", values=tuple(np.frombuffer(row.values).tolist()), ts=row.ts, received=row.received)
        for row in rows
    ]
    verdicts = scorer.score([(state, each) for each in readings])
    return [each.consistency.score for each in verdicts[-10:] if each.consistency is not None]


def test_stations_of_one_bundle_are_tried_together_and_each_for_itself(
    pusher: Pusher, bundle: Bundle, other: bytes, fake_link: FakeLink
) -> None:
    new = Bundle.load(other, "").id
    pusher.send(70, station="st-2")
    for station in ("st-1", "st-2"):
        pusher.push(other, station=station)
    one, two = (pusher.agent._stations[name] for name in ("st-1", "st-2"))
    assert isinstance(one.trial, Shadow)
    assert isinstance(two.trial, Shadow)
    assert one.trial.scorer is two.trial.scorer, "the bundle is loaded once"
    pusher.send(20, station="st-2")
    pusher.send(41)
    assert (one.group.bundle.id, two.group.bundle.id) == (new, bundle.id)
    assert two.trial.readings == 20
    pusher.send(21, station="st-2")
    assert one.group is two.group, "their readings are scored in one run"
    pusher.ask("model/rollback", {"station": "st-2"})
    pusher.settle()
    assert (one.group.bundle.id, two.group.bundle.id) == (new, bundle.id)


def test_a_rate_that_is_set_while_a_bundle_is_verified_holds_for_it_too(pusher: Pusher, other: bytes) -> None:
    pusher.offer(other, shadow=0)
    pusher.bring(other)
    assert pusher.agent._models.busy
    pusher.ask("rate/set", {"exceedances_per_1000": 5})
    pusher.settle()
    station = pusher.agent._stations["st-1"]
    assert bundle_of(pusher.models()) == Bundle.load(other, "").id
    assert station.group.scorer.rate == 0.005
    assert station.state.adaptation.threshold("consistency") == pytest.approx(2.301, abs=1e-3)
