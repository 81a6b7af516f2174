"""check: every problem of a gateway, a line each."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import threading
import time
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from davylamp import main
from edge.archive import archive_fault
from edge.checking import gateway_check
from edge.commands.check import check
from edge.mqtt.reconnecting_link import ReconnectingLink
from tests.doubles import GOOD
from tests.mqtt_client import Connect, MqttClient
from tests.running_broker import RunningBroker, StartBroker

COUNTER = itertools.count()


class Checked:
    """The output of check."""

    def __init__(self, path: Path, listen: float | None) -> None:
        out = StringIO()
        self.passed = check(path, out, listen=listen)
        self.lines = out.getvalue().splitlines()

    def has(self, level: str, text: str) -> bool:
        return any(line.startswith(level) and text in line for line in self.lines)


class Run:
    """Checks a gateway file that is written first; its sensors are ``in-check-N/...``."""

    def __init__(self, folder: Path, bundle: Path, protocol: str) -> None:
        number = next(COUNTER)
        self.topic = f"in-check-{number}"
        self.base = f"test-check/{number}"
        self._folder = folder
        self._bundle = bundle
        self._protocol = protocol

    def __call__(
        self, port: int, *, broker: str = "", station: str = "", more: str = "", listen: float | None = 0.0
    ) -> Checked:
        path = self._folder / "gateway.yaml"
        path.write_text(
            f"gateway: gw1\n"
            f"broker: {{host: 127.0.0.1, port: {port}, protocol: {self._protocol}{broker}}}\n"
            f"topics: {{base: {self.base}}}\n"
            f'stations: [{{topic: "{self.topic}/{{station}}", bundle: {self._bundle}{station}}}]\n'
            f"journal: {{path: {self._folder}/journal.db}}\n{more}"
        )
        return Checked(path, listen)


@pytest.fixture
def run(tmp_path: Path, bundles: dict[str, Path], protocol: str) -> Run:
    return Run(tmp_path, bundles["both"], protocol)


def test_a_mistake_in_the_file_is_an_error_each(tmp_path: Path) -> None:
    path = tmp_path / "gateway.yaml"
    path.write_text("gatway: x\nbroker: {port: 99999}\nhealth: {every: 0}\n")
    checked = Checked(path, 0)
    assert not checked.passed
    assert len(checked.lines) == 3
    assert all(line.startswith("error") for line in checked.lines)


@pytest.mark.mqtt5
@pytest.mark.parametrize(
    ("line", "fix"), [("retain_available false", "retain_available true"), ("max_qos 0", "max_qos 2")]
)
def test_what_a_broker_lacks_is_an_error_with_the_fix(run: Run, start_broker: StartBroker, line: str, fix: str) -> None:
    checked = run(start_broker(line).port)
    assert not checked.passed
    assert [fix in each for each in checked.lines if each.startswith("error")] == [True]


@pytest.mark.broker
def test_a_gateway_without_errors_passes(run: Run, broker: RunningBroker) -> None:
    checked = run(broker.port, listen=0.1)
    assert checked.passed
    assert checked.has("ok", "golden rows reproduced")
    assert checked.has("ok", "reached without a login")
    assert checked.has("warning", "no reading")
    assert not checked.has("error", "")


@pytest.mark.broker
def test_nobody_who_does_not_listen_is_warned_that_no_reading_came(run: Run, broker: RunningBroker) -> None:
    checked = run(broker.port, listen=0)
    assert checked.passed
    assert not checked.has("warning", "no reading")


def test_without_a_broker_it_is_an_error_with_the_reason(run: Run, free_port: int) -> None:
    checked = run(free_port)
    assert not checked.passed
    assert checked.has("error", f"127.0.0.1:{free_port}: broker not reachable: Connection refused")


@pytest.mark.broker
def test_a_bundle_that_cannot_be_used_is_an_error_and_the_rest_is_checked(
    run: Run, broker: RunningBroker, bundles: dict[str, Path], tmp_path: Path
) -> None:
    path = tmp_path / "gateway.yaml"
    path.write_text(
        f"broker: {{host: 127.0.0.1, port: {broker.port}}}\nstations: [{{bundle: none.davy}}]\n"
        f"journal: {{path: {tmp_path}/journal.db}}\n"
    )
    checked = Checked(path, 0)
    assert not checked.passed
    assert checked.has("error", "none.davy")
    assert checked.has("ok", "reached")


@pytest.mark.broker
def test_a_gateway_without_stations_is_an_error(broker: RunningBroker, tmp_path: Path) -> None:
    path = tmp_path / "gateway.yaml"
    path.write_text(f"broker: {{host: 127.0.0.1, port: {broker.port}}}\njournal: {{path: {tmp_path}/journal.db}}\n")
    checked = Checked(path, 0)
    assert checked.has("error", "stations: got none, expected at least one entry with a topic and a bundle")
    assert checked.has("ok", "reached")


@pytest.mark.broker
def test_a_key_that_the_bundle_does_not_know_is_an_error(run: Run, broker: RunningBroker) -> None:
    checked = run(broker.port, station=", keys: {ch4: data.ch4}")
    assert not checked.passed
    assert checked.has("error", "stations[0].keys")


@pytest.mark.broker
def test_a_password_that_others_can_read_is_a_warning(run: Run, broker: RunningBroker, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hunter2")
    login = f", username: gateway, password: {{file: {secret}}}"
    secret.chmod(0o644)
    checked = run(broker.port, broker=login)
    assert checked.has("warning", f"chmod 600 {secret}")
    assert "hunter2" not in "".join(checked.lines)
    secret.chmod(0o600)
    assert not run(broker.port, broker=login).has("warning", "chmod")


@pytest.mark.broker
def test_a_missing_password_file_is_an_error(run: Run, broker: RunningBroker, tmp_path: Path) -> None:
    checked = run(broker.port, broker=f", username: gateway, password: {{file: {tmp_path}/none}}")
    assert not checked.passed
    assert checked.has("error", "broker.password.file")


@pytest.mark.broker
def test_a_journal_without_a_place_is_a_warning(run: Run, broker: RunningBroker, tmp_path: Path) -> None:
    path = tmp_path / "elsewhere.yaml"
    path.write_text(f"broker: {{host: 127.0.0.1, port: {broker.port}}}\njournal: {{path: /nowhere/journal.db}}\n")
    assert Checked(path, 0).has("warning", "journal.path: /nowhere")


@pytest.mark.broker
@pytest.mark.mqtt5
def test_a_refused_login_is_an_error(run: Run, start_broker: StartBroker, tmp_path: Path) -> None:
    tool = shutil.which("mosquitto_passwd")
    if tool is None:
        pytest.skip("no mosquitto_passwd: logins are not tested")
    subprocess.run([tool, "-c", "-b", str(tmp_path / "passwords"), "gateway", "hunter2"], check=True)
    (tmp_path / "passwords").chmod(0o644)
    broker = start_broker("allow_anonymous false", f"password_file {tmp_path / 'passwords'}")
    checked = run(broker.port)
    assert not checked.passed
    assert checked.has("error", "broker refused the login")


@pytest.mark.broker
@pytest.mark.mqtt5
def test_topics_that_the_broker_denies_are_errors(run: Run, start_broker: StartBroker, tmp_path: Path) -> None:
    (tmp_path / "acl").write_text("topic read elsewhere/#\n")
    checked = run(start_broker(f"acl_file {tmp_path / 'acl'}").port)
    assert not checked.passed
    assert checked.has("error", "the broker refuses what we publish: Not authorized")


@pytest.mark.broker
@pytest.mark.mqtt5
@pytest.mark.parametrize(("settings", "level"), [("", "warning"), ("home_assistant: {prefix: ha}\n", "error")])
def test_a_broker_that_refuses_home_assistants_topics_matters_to_whoever_has_asked_for_them(
    run: Run, start_broker: StartBroker, tmp_path: Path, settings: str, level: str
) -> None:
    (tmp_path / "acl").write_text("topic readwrite test-check/#\ntopic readwrite davylamp/#\ntopic read #\n")
    (tmp_path / "acl").chmod(0o700)
    checked = run(start_broker(f"acl_file {tmp_path / 'acl'}").port, more=settings)
    assert checked.passed == (level == "warning")
    (line,) = [each for each in checked.lines if "/device/" in each]
    assert line.startswith(level)
    assert "the broker refuses what we publish: Not authorized; fix: let clients without a login write " in line
    assert line.endswith("/device/+/config, or home_assistant: {discovery: off}")
    assert checked.has("ok", f"{run.base}/#: may be published")


@pytest.mark.broker
@pytest.mark.mqtt5
def test_that_the_start_of_home_assistant_cannot_be_seen_is_a_warning(
    run: Run, broker: RunningBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ReconnectingLink, "refused", property(lambda link: ["homeassistant/status"]))
    checked = run(broker.port)
    assert checked.passed
    assert checked.has("warning", "homeassistant/status: the broker refuses the subscription; fix: let")


@pytest.mark.broker
@pytest.mark.mqtt5
def test_a_subscription_that_the_broker_refuses_is_named(
    run: Run, broker: RunningBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Mosquitto's own access rules refuse no subscription; brokers such as EMQX do.
    monkeypatch.setattr(ReconnectingLink, "refused", property(lambda link: ["sensors/+/readings"]))
    checked = run(broker.port)
    assert not checked.passed
    assert checked.has("error", "sensors/+/readings: the broker refuses the subscription; fix: let")


def test_a_unit_file_needs_as_service(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for verb in ("check", "clear"):
        assert main([verb, "-c", str(tmp_path / "gateway.yaml"), "--unit", str(tmp_path / "davylamp.service")]) == 1
        assert capsys.readouterr().err.startswith("--unit: got it without --as-service, which it is for; fix: ")


@pytest.mark.broker
@pytest.mark.mqtt5
def test_one_topic_of_a_known_station_that_the_broker_denies_is_an_error(
    run: Run, start_broker: StartBroker, client: Connect, tmp_path: Path
) -> None:
    (tmp_path / "acl").write_text("topic readwrite #\ntopic deny test-check/+/st-9/event\n")
    (tmp_path / "acl").chmod(0o700)
    broker = start_broker(f"acl_file {tmp_path / 'acl'}")
    client(broker.port).publish(f"{run.base}/st-9/availability", {"state": "offline"}, retain=True)
    checked = run(broker.port)
    assert not checked.passed
    assert checked.has("error", f"{run.base}/st-9/event: the broker refuses what we publish: Not authorized")


@pytest.mark.broker
def test_without_a_time_it_listens_until_a_reading_has_come(
    run: Run, broker: RunningBroker, client: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway_check, "_LISTEN", 0.2)
    assert run(broker.port, listen=None).has("warning", "no reading that can be scored within 0.2 s")
    monkeypatch.setattr(gateway_check, "_SOME_CADENCES", 1.0)
    begun = time.monotonic()
    with Sender(client(broker.port), f"{run.topic}/st-1", GOOD):
        checked = run(broker.port, station=", cadence: 20", listen=None)
    assert checked.has("ok", "listening for a reading, 20 s at most (--listen S)")
    assert checked.has("ok", "st-1: ")
    assert time.monotonic() - begun < 10


class Sender:
    """Sends readings until it is stopped."""

    def __init__(self, client: MqttClient, topic: str, body: Any, **options: Any) -> None:
        self._client, self._topic, self._body, self._options = client, topic, body, options
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._send, name="sender")

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _send(self) -> None:
        while not self._stop.wait(0.02):
            self._client.publish(self._topic, self._body, **self._options)


@pytest.mark.broker
def test_readings_that_arrive_are_counted(run: Run, broker: RunningBroker, client: Connect) -> None:
    with Sender(client(broker.port), f"{run.topic}/st-1", GOOD):
        checked = run(broker.port, listen=0.5)
    assert checked.has("ok", "st-1: ")
    assert not checked.has("warning", "no reading")


@pytest.mark.broker
@pytest.mark.parametrize(
    ("station", "body", "qos", "warning"),
    [
        # The embedded broker delivers at QoS 1 what was published at 0.
        pytest.param("st-1", GOOD, 0, "QoS 0", marks=pytest.mark.mqtt5),
        ("st-1", {"uptime": 5}, 1, "none of the"),
    ],
)
def test_readings_that_come_in_the_wrong_way_are_warnings(
    run: Run, broker: RunningBroker, client: Connect, station: str, body: Any, qos: int, warning: str
) -> None:
    with Sender(client(broker.port), f"{run.topic}/{station}", body, qos=qos):
        checked = run(broker.port, listen=0.5)
    assert checked.has("warning", warning)
    assert sum(warning in line for line in checked.lines) == 1


@pytest.mark.broker
@pytest.mark.mqtt5  # the embedded broker mixes up what is retained
def test_a_retained_reading_is_a_warning(run: Run, broker: RunningBroker, client: Connect) -> None:
    client(broker.port).publish(f"{run.topic}/st-1", GOOD, retain=True)
    checked = run(broker.port, listen=0.2)
    assert checked.has("warning", "retained")
    client(broker.port).publish(f"{run.topic}/st-1", b"", retain=True)


@pytest.mark.broker
def test_a_name_that_cannot_be_a_stations_is_printed_beside_the_safe_one(
    run: Run, broker: RunningBroker, client: Connect
) -> None:
    with Sender(client(broker.port), f"{run.topic}/well pad 7", GOOD):
        checked = run(broker.port, listen=0.5)
    assert checked.has("ok", 'well_pad_7, which calls itself "well pad 7": ')


def test_what_is_wrong_with_the_archive_is_a_warning_because_no_reading_waits_for_it(
    run: Run, free_port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not run(free_port).has("warning", "archive.path")
    (tmp_path / "archive.db").write_text("notes\n")
    assert run(free_port).has("warning", "archive.path: ")
    (tmp_path / "archive.db").unlink()
    monkeypatch.setattr(archive_fault, "LEFT_FREE", 1e9)
    assert run(free_port).has("warning", "MB left, which are the journal's; fix: make room for")
    assert not run(free_port, more="archive: {max_mb: 0}\n").has("warning", "MB left")
