"""A password file is read as the agent reads it, and what is none is named before anything is installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.deployment.password_file import read_password_file
from edge.errors import DeploymentError
from tests.edge.deployment.fake_gateway import Desk


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "it is empty"),
        (b"\r\n\n", "it is empty"),
        (b"\xff\xfe\0a", "it is not UTF-8"),
        (b"one\ntwo\n", "got several lines"),
        (b"x" * 65_536, "it is longer than 65,535 bytes"),
    ],
)
def test_what_is_no_password_is_named_without_being_quoted(tmp_path: Path, data: bytes, fault: str) -> None:
    path = tmp_path / "secret"
    path.write_bytes(data)
    with pytest.raises(DeploymentError) as caught:
        read_password_file(path)
    text = str(caught.value)
    assert text.startswith(f"{path}: {fault}")
    assert "fix: " in text
    assert "one" not in text.removeprefix(str(path))


@pytest.mark.parametrize(
    ("data", "password"), [(b"open sesame\r\n", "open sesame"), (b" \xc3\xa9 ", " é "), (b"x" * 65_535, "x" * 65_535)]
)
def test_all_but_the_end_of_the_line_is_the_password(tmp_path: Path, data: bytes, password: str) -> None:
    (tmp_path / "secret").write_bytes(data)
    assert read_password_file(tmp_path / "secret") == password


def test_what_is_no_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DeploymentError, match="got a folder or a device, expected a file"):
        read_password_file(tmp_path)
    with pytest.raises(DeploymentError, match="there is no such file"):
        read_password_file(tmp_path / "secret")
    with pytest.raises(DeploymentError) as caught:
        Desk(tmp_path).install(config=tmp_path, bundles=(tmp_path / "two.davy",))
    assert [line.split(": ")[1][:20] for line in str(caught.value).splitlines()] == [
        "there is no such fil", "got a folder or a de",
    ]  # fmt: skip


def test_it_is_found_before_anything_is_installed(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    (tmp_path / "secret").write_bytes(b"\xff")
    with pytest.raises(DeploymentError, match="secret: it is not UTF-8"):
        desk.install(password=tmp_path / "secret", broker=True)
    assert not (desk.gateway.root / "opt/davylamp.d").exists()


def test_one_that_goes_on_is_named_where_people_find_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    (tmp_path / "secret").write_bytes(b"open sesame")
    desk.install(password=tmp_path / "secret")
    file = desk.path("/etc/davylamp/password")
    file.write_bytes(b"")
    with pytest.raises(DeploymentError, match=r"^/etc/davylamp/password: it is empty.*, or give --password-file"):
        desk.install("second", broker=True)
    assert desk.gateway.boot() == "first"
