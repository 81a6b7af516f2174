"""Files are checked here before anything is sent to the gateway."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path

import pytest

from config.errors import DavylampError
from davylamp import main
from edge.commands.deploy import add_arguments, prepare_order
from edge.deployment.over_ssh import Order


@pytest.fixture
def folder(tmp_path: Path, bundles: dict[str, Path]) -> Path:
    """A folder with a bundle, a gateway file that names it, and certificates."""
    (tmp_path / "one.davy").write_bytes(bundles["vae"].read_bytes())
    for name in ("ca.crt", "gateway.crt", "gateway.key", "secret"):
        (tmp_path / name).write_text(name)
    (tmp_path / "gateway.yaml").write_text("stations:\n  - bundle: one.davy\n")
    return tmp_path


def _order(*words: str) -> Order:
    parser = ArgumentParser()
    add_arguments(parser)
    return prepare_order(parser.parse_args(["pi@gateway.local", *words]))


def test_a_gateway_file_brings_the_bundles_and_certificates_beside_it(folder: Path) -> None:
    config = folder / "gateway.yaml"
    config.write_text(
        "broker:\n  host: broker.local\n  username: agent\n  password: {file: secret}\n"
        "  tls: {ca: ca.crt, certificate: gateway.crt, key: gateway.key}\n"
        "stations:\n  - bundle: one.davy\n  - {topic: 'road/{station}', bundle: one.davy}\n"
        "  - {topic: 'lake/{station}', bundle: /etc/davylamp/lake.davy}\n"
        "  - {topic: 'yard/{station}', bundle: of-the-last-release.davy}\n"
    )
    order = _order("--config", str(config), "--broker", "--dry-run")
    assert [path.name for path in order.bundles] == ["one.davy"]
    assert [path.name for path in order.further] == ["secret", "ca.crt", "gateway.crt", "gateway.key"]
    assert order.password is None
    assert order.words == ("--broker", "--dry-run")


def test_a_password_is_sent_beside_the_other_files(folder: Path) -> None:
    order = _order("--bundle", str(folder / "one.davy"), "--password-file", str(folder / "secret"))
    assert order == Order(bundles=(folder / "one.davy",), password=folder / "secret")


def test_a_bundle_that_is_named_twice_is_sent_once(folder: Path) -> None:
    order = _order("-c", str(folder / "gateway.yaml"), "-b", str(folder / "one.davy"))
    assert order.bundles == (folder / "one.davy",)


def test_without_files_the_gateways_own_go_on(folder: Path) -> None:
    assert _order("--offline") == Order(words=("--offline",))


def test_what_the_gateway_would_not_find_is_listed_with_the_fix(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "two.davy").write_bytes(b"")
    config = folder / "gateway.yaml"
    config.write_text("stations:\n  - bundle: one.davy\n  - {topic: 'road/{station}', bundle: sub/two.davy}\n")
    with pytest.raises(DavylampError) as caught:
        _order("-c", str(config), "-b", str(folder / "three.davy"), "--password-file", str(folder / "nothing"))
    lines = str(caught.value).splitlines()
    assert len(lines) == 3
    assert lines[0].startswith(f'{config}: stations[1].bundle: got "sub/two.davy", expected a name without a folder')
    assert lines[1].startswith(f"{folder}/three.davy: no station of {config} uses it; fix: ")
    assert lines[2].startswith(f"{folder}/nothing: there is no such file; fix: ")
    assert all("fix: " in line for line in lines)


def test_a_damaged_bundle_is_refused_before_the_login(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "one.davy").write_bytes((folder / "one.davy").read_bytes()[:-100])
    calls = folder / "ssh-was-called"
    ssh = folder / "ssh"
    ssh.write_text(f"#!/bin/sh\ntouch {calls}\n")
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    assert main(["deploy", "pi@gateway.local", "--bundle", str(folder / "one.davy")]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"{folder}/one.davy: ")
    assert len(said.splitlines()) == 1
    assert not calls.exists()
