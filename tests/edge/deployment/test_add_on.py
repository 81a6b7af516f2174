"""The options of the Home Assistant add-on become a gateway file that the agent accepts, or one line with the fix."""

from __future__ import annotations

import json
import os
import stat
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.settings.gateway import Gateway
from config.yaml.load import load_gateway
from edge.deployment.add_on import USER, AddOn
from edge.errors import DeploymentError

ROOT = Path(__file__).parents[3]
SHIPPED = yaml.safe_load((ROOT / "systemd" / "home-assistant" / "config.yaml").read_text())
SERVICE = {
    "addon": "core_mosquitto", "host": "core-mosquitto", "port": 1883, "ssl": False,
    "username": "addons", "password": "s3cret: #", "protocol": "3.1.1",
}  # fmt: skip


class Supervisor:
    """Answers as Home Assistant's Supervisor does to an add-on that asks for the MQTT service."""

    def __init__(self) -> None:
        self.answer: tuple[int, Any] = (200, {"result": "ok", "data": SERVICE})
        self.tokens: list[str | None] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.tokens.append(self.headers.get("Authorization"))
                code, body = outer.answer if self.path == "/services/mqtt" else (404, {})
                self.send_response(code)
                self.end_headers()
                self.wfile.write(body if isinstance(body, bytes) else json.dumps(body).encode())

            def log_message(self, *_: Any) -> None:
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    made = Supervisor()
    yield made
    made.close()


@pytest.fixture
def add_on(tmp_path: Path, supervisor: Supervisor) -> AddOn:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "one.davy").write_bytes(b"")
    return AddOn(tmp_path / "options.json", tmp_path / "folder", tmp_path / "state", supervisor.address)


def prepared(add_on: AddOn, **options: Any) -> Gateway:
    add_on.options.write_text(json.dumps(SHIPPED["options"] | options))
    return load_gateway(add_on.prepare("token-7"))


def fault(add_on: AddOn, **options: Any) -> str:
    with pytest.raises(DeploymentError) as caught:
        prepared(add_on, **options)
    return str(caught.value)


def test_the_shipped_options_and_the_supervisors_broker_make_a_gateway(add_on: AddOn, supervisor: Supervisor) -> None:
    gateway = prepared(add_on)
    assert supervisor.tokens == ["Bearer token-7"]
    assert (gateway.gateway, gateway.broker.host, gateway.broker.port) == ("home", "core-mosquitto", 1883)
    assert (gateway.broker.username, gateway.broker.read_password()) == ("addons", "s3cret: #")
    assert gateway.stations[0].bundle == str(add_on.folder / "one.davy")
    assert gateway.home_assistant.asked


def test_the_files_are_for_the_agents_user_alone_and_the_password_lies_apart(add_on: AddOn) -> None:
    prepared(add_on)
    for path, mode in (
        (add_on.state, 0o700),
        (add_on.state / "gateway.yaml", 0o600),
        (add_on.state / "password", 0o600),
    ):
        status = path.stat()
        assert stat.S_IMODE(status.st_mode) == mode
        assert status.st_uid == (USER if os.geteuid() == 0 else os.geteuid())
    assert "s3cret" not in (add_on.state / "gateway.yaml").read_text()


def test_every_option_of_the_schema_reaches_the_gateway_file(add_on: AddOn, supervisor: Supervisor) -> None:
    station = {
        "topic": "tele/+/SENSOR", "bundle": "one.davy", "station": "", "station_from": "name", "format": "json",
        "enhancement": 250.5, "limit": 5000,
    }  # fmt: skip
    options = {
        "gateway": "attic-2", "stations": [station], "exceedances_per_1000": 5, "log_level": "debug",
        "mqtt_host": "broker.example.org", "mqtt_port": 2883, "mqtt_username": "me", "mqtt_password": "1e3",
        "mqtt_tls": True, "mqtt_plaintext": False,
    }  # fmt: skip
    assert options.keys() | {"gateway_file"} == SHIPPED["schema"].keys()
    assert station.keys() == SHIPPED["schema"]["stations"][0].keys()
    gateway = prepared(add_on, **options)
    assert supervisor.tokens == []  # a broker elsewhere is none of its business
    entry = gateway.stations[0]
    assert (gateway.gateway, entry.topic, entry.station_from, entry.format) == (
        "attic-2",
        "tele/+/SENSOR",
        "name",
        "json",
    )
    assert (entry.enhancement, entry.limit, gateway.scoring.exceedances_per_1000) == (250.5, 5000, 5)
    broker = gateway.broker
    assert (broker.host, broker.port, broker.username, broker.read_password()) == (
        "broker.example.org",
        2883,
        "me",
        "1e3",
    )
    assert (broker.tls is not None, gateway.log.level) == (True, "debug")


def test_a_password_for_a_broker_elsewhere_goes_unencrypted_only_if_that_is_allowed(add_on: AddOn) -> None:
    elsewhere = {"mqtt_host": "10.0.0.9", "mqtt_username": "me", "mqtt_password": "x"}
    with pytest.raises(Exception, match="clear text"):
        prepared(add_on, **elsewhere)
    assert prepared(add_on, **elsewhere, mqtt_plaintext=True).broker.plaintext


def test_an_own_gateway_file_is_taken_with_the_supervisors_broker(add_on: AddOn) -> None:
    (add_on.folder / "mine.yaml").write_text(
        "stations: [{topic: 'a/{station}', bundle: one.davy, keys: {ch4_ppb: data.ch4}}]\n"
        "home_assistant: {discovery: off}\n"
    )
    gateway = prepared(add_on, gateway_file="mine.yaml")
    assert (gateway.gateway, gateway.broker.host) == ("home", "core-mosquitto")
    assert gateway.stations[0].keys == {"ch4_ppb": "data.ch4"}
    assert not gateway.home_assistant.possible  # `off` is a text, as in every gateway file


def test_an_own_gateway_file_may_bring_its_broker_and_its_certificates(add_on: AddOn) -> None:
    (add_on.folder / "mine.yaml").write_text(
        "gateway: barn\nbroker: {host: b.example.org, tls: {ca: ca.pem}}\n"
        "stations: [{topic: 'a/{station}', bundle: one.davy}]\n"
    )
    gateway = prepared(add_on, gateway_file="mine.yaml")
    assert (gateway.gateway, gateway.broker.host) == ("barn", "b.example.org")
    assert gateway.broker.tls is not None
    assert gateway.broker.tls.ca == str(add_on.folder / "ca.pem")


@pytest.mark.parametrize(
    ("text", "place"),
    [("stations: [", "line 2, column 1"), ("- 1", "no mapping"), ("a: !x 1", "a: line 1")],
)
def test_a_gateway_file_that_is_none_is_named_with_the_place(add_on: AddOn, text: str, place: str) -> None:
    (add_on.folder / "mine.yaml").write_text(text + "\n")
    found = fault(add_on, gateway_file="mine.yaml")
    assert found.startswith("/addon_configs/..._davylamp/mine.yaml: ")
    assert place in found


def test_a_bundle_that_is_not_there_is_named_with_what_is_there(add_on: AddOn) -> None:
    found = fault(add_on, stations=[{"topic": "a/{station}", "bundle": "two.davy"}])
    assert found.startswith('stations[0].bundle: got "two.davy"')
    assert "which are one.davy; fix: copy it there" in found


def test_options_without_a_station_are_refused(add_on: AddOn) -> None:
    assert fault(add_on, stations=[]).startswith("stations: got none")


def test_without_any_broker_the_fix_is_to_install_one(add_on: AddOn, supervisor: Supervisor) -> None:
    supervisor.answer = (400, {"result": "error", "message": "Service not enabled"})
    assert "install and start the Mosquitto add-on" in fault(add_on)


@pytest.mark.parametrize("answer", [(403, b"no"), (200, b"{"), (200, b"[]"), (200, {"data": None})])
def test_an_answer_of_the_supervisor_that_cannot_be_used_is_one_line(
    add_on: AddOn, supervisor: Supervisor, answer: tuple[int, Any]
) -> None:
    supervisor.answer = answer
    found = fault(add_on)
    assert "\n" not in found
    assert "set the option mqtt_host" in found


def test_a_supervisor_that_is_away_is_one_line(add_on: AddOn, supervisor: Supervisor) -> None:
    supervisor.close()
    assert "set the option mqtt_host" in fault(add_on)


def test_options_that_are_no_json_are_refused(add_on: AddOn) -> None:
    add_on.options.write_text("{")
    with pytest.raises(DeploymentError, match="save the add-on's options again"):
        add_on.prepare("")
