"""Who is kept out of the page: other hosts and origins, and those without the token."""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.errors import ConfigError
from config.settings.dashboard import DashboardSettings
from tests.dashboard_process import DashboardProcess
from tests.edge.dashboard.page_client import PageClient

pytest.importorskip("uvicorn", reason="THE PAGE IS NOT TESTED: pip install 'davylamp[dashboard]'")

from edge.dashboard.dashboard import read_token  # after the skip

JSON = {"content-type": "application/json"}
ACKNOWLEDGE = {"station": "davylamp/gw1/st-1", "id": "a"}


@pytest.fixture(scope="module")
def port() -> int:
    import rig.broker

    return rig.broker.free_port()  # nothing listens: no broker is needed here


@pytest.fixture(scope="module")
def page(port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageClient]:
    folder = tmp_path_factory.mktemp("open")
    config = folder / "gateway.yaml"
    config.write_text(
        f"gateway: gw1\nbroker: {{host: 127.0.0.1, port: {port}}}\nstations: [{{bundle: none.davy}}]\n"
        "dashboard: {hosts: [page.example.org], embed: ['http://homeassistant.local:8123']}\n"
    )
    server = DashboardProcess(folder, port, 0, config)
    yield PageClient(server.port)
    assert server.stop() == 0


@pytest.fixture(scope="module")
def locked(port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[PageClient, Path]]:
    folder = tmp_path_factory.mktemp("locked")
    server = DashboardProcess(folder, port, "0.0.0.0:0")
    yield PageClient(server.port), folder
    assert server.stop() == 0


def test_every_answer_has_the_strict_headers(page: PageClient) -> None:
    for path in ("/", "/static/app.js", "/api/overview", "/api/nothing", "/nothing"):
        _, headers, _ = page.request("GET", path)
        policy = dict(each.strip().split(" ", 1) for each in headers["content-security-policy"].split(";"))
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
        assert policy["frame-ancestors"] == "'self' http://homeassistant.local:8123"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == ("no-store" if path.startswith("/api") else "no-cache")
        assert "server" not in headers


def test_no_frame_may_show_the_page_unless_it_is_named(locked: tuple[PageClient, Path]) -> None:
    _, headers, _ = locked[0].request("GET", "/")
    assert headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:8321", 200), ("127.0.0.1", 200), ("[::1]:8321", 200), ("page.example.org", 200),
        ("page.example.org:443", 200), ("rebound.example.org", 403), ("localhost.example.org", 403), ("", 403),
        ("[::1", 403), ("localhost:99999", 403),
    ],
)  # fmt: skip
def test_a_name_that_somebody_else_has_pointed_here_is_refused(page: PageClient, host: str, status: int) -> None:
    assert page.request("GET", "/api/overview", headers={"host": host})[0] == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 404),
        ({"origin": "http://localhost:8321", "host": "localhost:8321"}, 404),
        ({"origin": "https://page.example.org", "host": "localhost:8321"}, 404),
        ({"origin": "http://localhost:9999", "host": "localhost:8321"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://[::1"}, 403),
        ({"origin": "https://page.example.org.evil.example"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "same-origin"}, 404),
        ({"content-type": "text/plain"}, 400),
        ({"content-type": "application/x-www-form-urlencoded"}, 400),
    ],
)
def test_only_the_page_itself_may_act(page: PageClient, headers: dict[str, str], status: int) -> None:
    assert page.request("POST", "/api/acknowledge", ACKNOWLEDGE, headers)[0] == status


@pytest.mark.parametrize("path", ["/api/stream", "/api/synthesis?station=x", "/api/overview"])
def test_another_page_reads_nothing_and_draws_no_rows(page: PageClient, path: str) -> None:
    for where in ("cross-site", "same-site"):  # the latter: another port of this computer
        assert page.request("GET", path, headers={"sec-fetch-site": where})[0] == 403
    assert page.request("GET", path, headers={"origin": "http://evil.example"})[0] == 403


def test_anywhere_else_than_on_this_computer_a_token_is_needed(locked: tuple[PageClient, Path]) -> None:
    page, folder = locked
    file = folder / "dashboard.token"
    token = file.read_text().strip()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(token) >= 32
    assert token not in (folder / "dashboard.log").read_text()
    for method, path in (("GET", "/api/overview"), ("GET", "/api/stream"), ("POST", "/api/acknowledge")):
        status, _, body = page.request(method, path, ACKNOWLEDGE if method == "POST" else None)
        assert (status, b"sign in" in body) == (401, True)
    for given in ("Bearer wrong", f"Basic {token}", "Bearer", token):
        assert page.request("GET", "/api/overview", headers={"authorization": given})[0] == 401
    assert page.request("GET", "/")[0] == 200
    assert page.request("GET", "/api/overview", headers={"authorization": f"Bearer {token}"})[0] == 200


def test_signing_in_gives_a_cookie_that_is_not_the_token(locked: tuple[PageClient, Path]) -> None:
    page, folder = locked
    token = (folder / "dashboard.token").read_text().strip()
    status, headers, body = page.request("POST", "/api/login", {"token": "not the token at all"})
    assert (status, b"not the token of this page" in body, "set-cookie" in headers) == (401, True, False)
    assert page.get("/api/login") == {"signed_in": False}
    status, headers, body = page.request("POST", "/api/login", {"token": f" {token}\n"})
    assert status == 200
    key = json.loads(body)["key"]  # for a browser that keeps no cookie of a page in a frame
    assert key not in ("", token)
    assert page.request("GET", "/api/overview", headers={"authorization": f"Bearer {key}"})[0] == 200
    cookie = headers["set-cookie"]
    assert re.search(r"; HttpOnly; SameSite=Strict$", cookie)
    assert token not in cookie
    kept = {"cookie": cookie.partition(";")[0]}
    assert page.request("GET", "/api/overview", headers=kept)[0] == 200
    assert json.loads(page.request("GET", "/api/login", headers=kept)[2]) == {"signed_in": True}
    assert page.request("GET", "/api/overview", headers={"cookie": "davylamp=wrong"})[0] == 401
    assert page.request("GET", "/api/overview", headers={"cookie": 'davylamp="; x='})[0] == 401
    _, headers, _ = page.request("POST", "/api/logout", {})
    assert "Max-Age=0" in headers["set-cookie"]


def test_behind_https_the_cookie_is_secure(locked: tuple[PageClient, Path]) -> None:
    page, folder = locked
    token = (folder / "dashboard.token").read_text().strip()
    _, headers, _ = page.request("POST", "/api/login", {"token": token}, {"x-forwarded-proto": "https"})
    assert headers["set-cookie"].endswith("; Secure")


def test_a_token_of_ones_own_is_read_and_a_short_one_refused(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("correct horse battery staple\n")
    settings = DashboardSettings(token_file=str(file), history=str(tmp_path / "dashboard.db"))
    assert read_token(settings) == (file, "correct horse battery staple")
    file.write_text("horse")
    with pytest.raises(ConfigError, match=r"got 5 characters, expected a token of at least 16; fix: a longer one"):
        read_token(settings)
    file.unlink()
    with pytest.raises(ConfigError, match=r"No such file or directory; fix: a file that this user can read"):
        read_token(settings)


def test_a_token_that_was_made_is_used_again(tmp_path: Path) -> None:
    settings = DashboardSettings(host="0.0.0.0", history=str(tmp_path / "page.db"))
    path, token = read_token(settings)
    assert path == tmp_path / "page.token"
    assert read_token(settings) == (path, token)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hosts: ['http://x']", "dashboard.hosts[0]"),
        ("embed: [homeassistant.local]", "dashboard.embed[0]"),
        ("max_mb: 1", "max_mb"),
    ],
)
def test_a_wrong_setting_names_its_place(tmp_path: Path, text: str, words: str) -> None:
    from config.yaml.load import load_gateway

    file = tmp_path / "gateway.yaml"
    file.write_text(f"stations: [{{bundle: x.davy}}]\ndashboard: {{{text}}}\n")
    with pytest.raises(ConfigError, match=re.escape(words)):
        load_gateway(file)
