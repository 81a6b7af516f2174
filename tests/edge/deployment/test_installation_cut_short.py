"""An installation that a power cut, a full disk or a signal ends too early leaves the old release or the new one."""

from __future__ import annotations

import errno
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from edge.errors import DeploymentError
from tests.edge.deployment.fake_gateway import Desk, PowerCut


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sync", lambda: None)
    monkeypatch.setattr("os.fsync", lambda descriptor: None)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_power_cut_at_any_step_leaves_the_old_or_the_new_one(tmp_path: Path) -> None:
    step, found = 0, []
    while True:
        desk = Desk(_made(tmp_path / f"{step}"))
        desk.install()
        count = 0

        def cut(words: Sequence[str]) -> None:
            nonlocal count
            count += 1
            if count > step:  # noqa: B023
                raise PowerCut

        desk.gateway.before = cut
        try:
            desk.install("second")
        except PowerCut:
            desk.gateway.before = lambda words: None
            found.append(desk.gateway.boot())
            desk.install("second")  # and then it can be finished
            assert desk.gateway.boot() == "second", f"step {step}"
            assert desk.names("opt/davylamp.d/releases") == ["1", "2"], f"step {step}"
            step += 1
        else:
            break
    assert step > 10
    assert set(found) == {"first", "second"}
    assert found == sorted(found), "once the new one boots, it goes on doing so"


def test_a_disk_that_is_full_from_any_step_on_leaves_the_old_or_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace, refused = Path.replace, 0
    for room in range(20):
        desk = Desk(_made(tmp_path / f"{room}"))
        desk.install()
        left = room

        def full(self: Path, target: Path) -> Path:
            nonlocal left
            left -= 1
            if left < 0 and "/run/" not in str(target):
                raise OSError(errno.ENOSPC, "No space left on device", str(target))
            return replace(self, target)

        with monkeypatch.context() as patch:
            patch.setattr(Path, "replace", full)
            try:
                desk.install("second")
            except DeploymentError as error:
                refused += "No space left on device" in str(error)
                expected = "first"
            else:
                expected = "second"
        assert desk.gateway.running == desk.gateway.boot() == expected, f"room for {room}"
        desk.install("second")
        assert desk.gateway.boot() == "second"
    assert 4 < refused < 20


def test_too_little_room_is_found_before_anything_is_done(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=3_000_000))
    with pytest.raises(DeploymentError, match=r"/opt/davylamp.d: got 3 MB of room, expected 20 for"):
        desk.install()
    assert not (desk.gateway.root / "opt/davylamp.d").exists()


def test_a_power_cut_while_taking_over_leaves_one_that_boots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from edge.deployment import links, takeover

    for step in range(12):
        desk = Desk(_made(tmp_path / f"{step}"))
        desk.gateway.hand_made("by hand")
        count = 0

        def cut_after(function: object, step: int = step) -> object:
            def cut(*arguments: object) -> object:
                nonlocal count
                count += 1
                if count > step:
                    raise PowerCut
                return function(*arguments)  # type: ignore[operator]

            return cut

        with monkeypatch.context() as patch:
            for name in ("exchange", "remove_tree", "replace_file", "replace_link", "sync_tree"):
                patch.setattr(takeover, name, cut_after(getattr(links, name)))
            try:
                desk.install("second", bundles=())
            except PowerCut:
                assert desk.gateway.boot() == "by hand", f"step {step}"
            else:
                assert step > 5
        desk.install("second", bundles=())
        assert desk.gateway.boot() == "second", f"step {step}"


def test_an_environment_in_use_that_has_lost_files_is_not_touched_while_its_successor_is_made(desk: Desk) -> None:
    desk.install()
    program = desk.path("/opt/davylamp/bin/davylamp")
    (program.parents[1] / ".complete").unlink()
    desk.gateway.before = _cut_at("pip")
    with pytest.raises(PowerCut):
        desk.install()
    assert desk.gateway.boot() == "first"
    desk.gateway.before = lambda words: None
    desk.install()
    assert desk.gateway.boot() == "first"
    assert desk.path("/opt/davylamp").name.endswith("-2")
    desk.install()
    assert "nothing is changed" in desk.said[-1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_end_rolls_back(desk: Desk, number: signal.Signals) -> None:
    desk.install()
    desk.gateway.before = lambda words: signal.raise_signal(number) if "--online" in words else None
    with pytest.raises(DeploymentError, match=f"rolled back: interrupted by {number.name}\nrelease 1 runs again"):
        desk.install("second")
    assert desk.gateway.running == desk.gateway.boot() == "first"


def test_a_connection_that_is_lost_does_not_end_it(desk: Desk) -> None:
    desk.install()
    lost = ("venv", "check", "restart")
    desk.gateway.before = lambda words: signal.raise_signal(signal.SIGHUP) if set(lost) & set(words) else None
    desk.install("second")
    assert desk.gateway.boot() == "second"


def _cut_at(name: str) -> Callable[[Sequence[str]], None]:
    def cut(words: Sequence[str]) -> None:
        if any(Path(word).name == name for word in words):
            raise PowerCut

    return cut


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
