"""What an agent makes of pushed bundles when it starts again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge.bundles.bundle import Bundle
from edge.scoring.row_scores import RowScoresBuilder
from tests.bundle_variants import later
from tests.doubles import FakeLink
from tests.edge.agent.agents import TOPICS, StartAgent
from tests.edge.agent.pusher import TRUSTED, Pusher, bundle_of


@pytest.fixture
def index(tmp_path: Path) -> Path:
    return tmp_path / "models" / "models.json"


def restart(pusher: Pusher, start_agent: StartAgent, meanwhile: Callable[[], object] = lambda: None) -> None:
    """Stop the agent cleanly, do something, and start it again; the station sends a reading."""
    pusher.agent._models.close()
    meanwhile()
    pusher.agent = start_agent(rollout=TRUSTED)
    pusher.send(1)
    pusher.settle()


def edit(index: Path, before: str, after: str) -> None:
    index.write_text(index.read_text().replace(before, after))


def delete_bundles(index: Path) -> None:
    for file in index.parent.glob("*.davy"):
        file.unlink()


def test_a_shadow_goes_on_after_a_restart_and_a_kill_costs_it_ten_minutes_at_most(
    pusher: Pusher, start_agent: StartAgent, other: bytes
) -> None:
    pusher.push(other)
    pusher.send(25)
    restart(pusher, start_agent)
    waiting = pusher.models()["waiting"]
    assert (waiting["phase"], waiting["readings"], waiting["comparison"]["readings"]) == ("shadow", 25, 25)
    assert waiting["comparison"]["agreement"] == 1.0
    pusher.send(12)  # one a minute
    pusher.agent = start_agent(rollout=TRUSTED)
    pusher.send(1)
    pusher.settle()
    left = 40 - pusher.models()["waiting"]["readings"]
    assert 3 <= left <= 13
    pusher.send(left - 1)
    assert pusher.models()["waiting"]["readings"] == 39
    pusher.send(2)
    models = pusher.models()
    assert (bundle_of(models), models["last"]["comparison"]["readings"]) == (Bundle.load(other, "").id, 40)


def test_a_shadow_begins_again_beside_another_running_bundle(
    pusher: Pusher, start_agent: StartAgent, bundles: dict[str, Path], other: bytes
) -> None:
    pusher.push(later(bundles["ae"], 2098), shadow=0)
    pusher.push(other)
    pusher.send(10)
    pusher.ask("model/rollback", {"bundle": pusher.models()["kept"][0]["bundle"]})
    pusher.settle()
    assert pusher.models()["waiting"]["readings"] == 0
    restart(pusher, start_agent)
    assert pusher.models()["waiting"]["readings"] == 0


def test_what_the_bundle_before_exceeded_is_allowed_after_a_restart_too(
    pusher: Pusher, start_agent: StartAgent, other: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = RowScoresBuilder.build

    def strange(*arguments: Any) -> list[Any]:
        return [each._replace(consistency=5.0) for each in build(*arguments)]

    monkeypatch.setattr(RowScoresBuilder, "build", strange)
    pusher.push(other, shadow=10)
    pusher.send(12)
    new = Bundle.load(other, "").id
    assert bundle_of(pusher.models()) == new
    restart(pusher, start_agent)
    pusher.send(61)
    pusher.settle()
    models = pusher.models()
    assert (bundle_of(models), models["last"]["outcome"], models["watched"]) == (new, "activated", 0)


def test_another_bundle_in_gateway_yaml_ends_what_runs_and_what_waits_for_good(
    pusher: Pusher, start_agent: StartAgent, bundle: Bundle, bundles: dict[str, Path], other: bytes, index: Path
) -> None:
    pusher.push(later(bundles["ae"], 2098), shadow=0)
    pusher.push(other)
    issued = msgspec.json.decode(index.read_bytes())["stations"]["st-1"]["issued"]
    restart(pusher, start_agent, lambda: edit(index, bundle.id, "0123456789ab"))
    models = pusher.models()
    assert (bundle_of(models), models["waiting"], models["kept"]) == (bundle.id, None, [])
    written = msgspec.json.decode(index.read_bytes())["stations"]["st-1"]
    assert (written["active"], written["waiting"], written["issued"]) == (None, None, issued)
    assert list(index.parent.glob("*.davy")) == []


def test_a_bundle_that_waits_beside_gateway_yamls_ends_with_it_too(
    pusher: Pusher, start_agent: StartAgent, bundle: Bundle, other: bytes, index: Path
) -> None:
    pusher.push(other)
    restart(pusher, start_agent, lambda: edit(index, bundle.id, "0123456789ab"))
    assert pusher.models()["waiting"] is None


def test_where_every_pushed_bundle_is_gone_gateway_yamls_runs_and_everything_says_so(
    pusher: Pusher,
    start_agent: StartAgent,
    bundle: Bundle,
    bundles: dict[str, Path],
    fake_link: FakeLink,
    index: Path,
) -> None:
    for year in range(2094, 2099):
        pusher.push(later(bundles["ae"], year), shadow=0)
    last = bundle_of(pusher.models())
    restart(pusher, start_agent, lambda: delete_bundles(index))
    models = pusher.models()
    assert (bundle_of(models), models["last"]["outcome"], models["last"]["bundle"]) == (bundle.id, "went back", last)
    assert "it cannot be used any more" in models["last"]["reason"]
    assert fake_link.on(TOPICS.score("st-1"))[-1]["bundle"] == bundle.id
    assert f"the bundle {last} went back to {bundle.id}" in problem(pusher)
    assert msgspec.json.decode(index.read_bytes())["stations"]["st-1"]["active"] is None


def test_an_index_that_cannot_be_read_is_a_problem_of_its_stations_until_the_next_push(
    pusher: Pusher, start_agent: StartAgent, other: bytes, index: Path
) -> None:
    pusher.push(other, shadow=0)
    restart(pusher, start_agent, lambda: edit(index, '"version": 1', '"version": 2'))
    assert "got version 2, this davylamp reads 1" in problem(pusher)
    pusher.push(other, shadow=0)
    assert bundle_of(pusher.models()) == Bundle.load(other, "").id
    assert "model" not in pusher.agent._stations["st-1"].health.problems


def problem(pusher: Pusher) -> str:
    return pusher.agent._stations["st-1"].health.problems["model"]


def test_a_bundle_that_ends_the_agent_again_and_again_is_refused(
    pusher: Pusher, start_agent: StartAgent, bundle: Bundle, other: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def kill(*_: Any) -> None:
        raise Killed

    pusher.offer(other, shadow=0)
    monkeypatch.setattr("edge.agent.model_preparation.ModelPreparation._rows", kill)
    with pytest.raises(Killed):
        pusher.bring(other)
    for _ in range(2):
        pusher.agent = start_agent(rollout=TRUSTED)
        with pytest.raises(Killed):
            pusher.send(1)
    pusher.agent = start_agent(rollout=TRUSTED)
    assert pusher.send(1)
    models = pusher.models()
    assert (bundle_of(models), models["waiting"]) == (bundle.id, None)
    assert models["last"]["reason"].startswith("the agent has ended 3 times soon after it began to verify it; fix:")
