"""uninstall-service: nothing is left but what is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.deployment import removal
from edge.deployment.installation import Installation
from edge.deployment.links import remove_tree
from edge.deployment.removal import Removal
from edge.deployment.undisturbed import undisturbed
from edge.deployment.wishes import Wishes
from edge.errors import DeploymentError
from tests.edge.deployment.fake_gateway import FakeGateway, PowerCut


@pytest.fixture
def gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeGateway:
    monkeypatch.setattr("os.sync", lambda: None)
    monkeypatch.setattr("os.fsync", lambda descriptor: None)
    gateway = FakeGateway(tmp_path / "root")
    install(gateway, tmp_path)
    state = gateway.root / "var/lib/private/davylamp"
    state.mkdir()
    (state / "journal.db").touch()
    (gateway.root / "var/lib/davylamp").symlink_to("private/davylamp")
    drop_in = gateway.root / "etc/systemd/system/davylamp.service.d/override.conf"
    drop_in.parent.mkdir()
    drop_in.touch()
    return gateway


def install(gateway: FakeGateway, folder: Path, **wishes: object) -> None:
    (folder / "one.davy").write_bytes(b"a bundle")
    (folder / "secret").write_text("open sesame")
    wheelhouse = gateway.wheelhouse(folder / "wheelhouse", "first")
    everything = {"bundles": (folder / "one.davy",), "password": folder / "secret", **wishes}
    Installation(gateway.machine, say=print, service=gateway.service).run(
        Wishes(wheelhouse=wheelhouse, **everything)  # type: ignore[arg-type]
    )


def remove(gateway: FakeGateway, *, purge: bool = False, keep_topics: bool = False) -> list[str]:
    said: list[str] = []
    Removal(gateway.machine, say=said.append, service=gateway.service).run(purge=purge, keep_topics=keep_topics)
    return said


def left(gateway: FakeGateway) -> list[str]:
    paths = (path for path in gateway.root.rglob("*") if "davylamp" in str(path.relative_to(gateway.root)))
    return sorted(str(path.relative_to(gateway.root)) for path in paths)


def cleared(gateway: FakeGateway) -> bool:
    return any(words[1:2] == ["clear"] for words in gateway.programs)


def test_purge_leaves_nothing(gateway: FakeGateway) -> None:
    said = remove(gateway, purge=True)
    assert left(gateway) == []
    assert cleared(gateway)
    names = [" ".join(words[1:3]) for words in gateway.programs if words[1:2] in (["clear"], ["kill"])]
    assert names[-2:] == ["clear --as-service", "kill --signal=USR1"], "what is cleared is saved by the broker"
    assert gateway.running == gateway.boot() == ""
    assert said[-1] == "davylamp is uninstalled; nothing is left"


def test_without_purge_the_configuration_and_the_journal_stay_and_are_named(gateway: FakeGateway) -> None:
    said = remove(gateway)
    assert left(gateway) == [
        "etc/davylamp",
        *(f"etc/davylamp/{name}" for name in ("gateway.yaml", "one.davy", "password")),
        "etc/systemd/system/davylamp.service.d", "etc/systemd/system/davylamp.service.d/override.conf",
        "var/lib/davylamp", "var/lib/private/davylamp", "var/lib/private/davylamp/journal.db",
    ]  # fmt: skip
    assert (gateway.root / "etc/davylamp/password").stat().st_mode & 0o777 == 0o600
    for path in ("etc/davylamp", "var/lib/davylamp", "var/lib/private/davylamp", "davylamp.service.d"):
        assert any(f"/{path}" in line for line in said if line.startswith("left: "))


def test_what_stayed_goes_on_with_a_new_installation(gateway: FakeGateway, tmp_path: Path) -> None:
    file = gateway.resolve("/etc/davylamp/gateway.yaml")
    file.write_text(file.read_text().replace("every: 60", "every: 30"))
    remove(gateway)
    install(gateway, tmp_path, bundles=(), password=None)
    assert gateway.boot() == "first"
    assert "every: 30" in gateway.resolve("/etc/davylamp/gateway.yaml").read_text()
    assert gateway.resolve("/etc/davylamp/password").read_text() == "open sesame"


def test_what_stayed_can_be_purged_later(gateway: FakeGateway) -> None:
    remove(gateway)
    with pytest.raises(DeploymentError, match=r"uninstalled already; .* can be removed with --purge"):
        remove(gateway)
    remove(gateway, purge=True)
    assert left(gateway) == []


@pytest.mark.parametrize("purge", [False, True])
def test_an_interrupted_removal_can_be_finished(
    gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch, purge: bool
) -> None:
    removed = 0

    def cut_at_the_store(path: Path) -> None:
        nonlocal removed
        if path.name == "davylamp.d":
            removed += 1
            for file in gateway.resolve("/opt/davylamp.d/current/etc").iterdir():
                file.unlink()  # as far as it came
            raise PowerCut
        remove_tree(path)

    with monkeypatch.context() as patch:
        patch.setattr(removal, "remove_tree", cut_at_the_store)
        with pytest.raises(PowerCut):
            remove(gateway, purge=purge)
    assert removed == 1
    said = remove(gateway, purge=purge)
    kept = [path for path in left(gateway) if path.startswith("etc/davylamp/")]
    assert kept == ([] if purge else [f"etc/davylamp/{name}" for name in ("gateway.yaml", "one.davy", "password")])
    assert any(line.startswith("left: ") and "/etc/davylamp, " in line for line in said) is not purge
    assert not any("opt/" in path for path in left(gateway))


def test_it_waits_for_no_installation_that_is_running(gateway: FakeGateway) -> None:
    with (
        undisturbed(gateway.root / "opt/davylamp.d"),
        pytest.raises(DeploymentError, match="another installation is running; fix: wait"),
    ):
        remove(gateway)
    assert gateway.running == "first"


def test_the_copy_of_somebodys_broker_settings_is_named(gateway: FakeGateway) -> None:
    copy = gateway.root / "etc/mosquitto/conf.d/davylamp.conf.before"
    copy.parent.mkdir(parents=True)
    copy.touch()
    assert [line for line in remove(gateway, purge=True) if line.startswith(f"left: {copy}, ")]


def test_a_broker_that_is_away_keeps_the_service(gateway: FakeGateway) -> None:
    gateway.broker = False
    with pytest.raises(DeploymentError, match=r"localhost:1883: connection refused; .*--keep-topics"):
        remove(gateway, purge=True)
    assert gateway.running == gateway.boot() == "first"
    remove(gateway, purge=True, keep_topics=True)
    assert left(gateway) == []


def test_what_was_installed_by_hand_is_not_removed(tmp_path: Path) -> None:
    gateway = FakeGateway(tmp_path / "root")
    gateway.hand_made("by hand")
    with pytest.raises(DeploymentError, match="installed by hand; fix: sudo davylamp install-service takes it over"):
        remove(gateway)
    assert gateway.boot() == "by hand"


def test_nothing_to_remove_is_said(tmp_path: Path) -> None:
    with pytest.raises(DeploymentError, match="not installed here"):
        remove(FakeGateway(tmp_path / "root"), purge=True)
