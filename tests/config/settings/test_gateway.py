"""gateway.yaml: derived values, refused values, and passwords that are never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.errors import ConfigError
from config.settings.alarms import AlarmRule
from config.settings.broker import Broker, Password
from config.settings.gateway import Gateway
from config.yaml.load import load_gateway


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gateway.yaml"


def _load(path: Path, text: str) -> Gateway:
    path.write_text(text, encoding="utf-8")
    return load_gateway(path)


def _problems(path: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        _load(path, text)
    return [problem.removeprefix(f"{path}: ") for problem in caught.value.problems]


def test_names_are_derived_from_the_gateway(path: Path) -> None:
    gateway = _load(path, "gateway: gw7")
    assert (gateway.gateway, gateway.broker.client_id, gateway.topics.base) == ("gw7", "davylamp-gw7", "davylamp/gw7")


def test_given_names_are_kept(path: Path) -> None:
    gateway = _load(path, "{gateway: gw7, broker: {client_id: me, port: 1884}, topics: {base: site/gas}}")
    assert (gateway.broker.client_id, gateway.broker.port, gateway.topics.base) == ("me", 1884, "site/gas")


@pytest.mark.parametrize(
    ("host", "name"),
    [("Pi-Roof.local", "pi-roof"), ("my_pi", "my-pi"), ("___", "gateway"), ("GW1", "gw1")],
)
def test_the_default_gateway_is_the_host_name(monkeypatch: pytest.MonkeyPatch, host: str, name: str) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: host)
    assert Gateway().gateway == name


@pytest.mark.parametrize(("tls", "port"), [("null", 1883), ("{}", 8883), ("{ca: ca.pem}", 8883)])
def test_the_default_port_follows_from_tls(path: Path, tls: str, port: int) -> None:
    assert _load(path, f"broker: {{tls: {tls}}}").broker.port == port


def test_paths_are_relative_to_the_file(path: Path) -> None:
    gateway = _load(
        path,
        "broker: {username: u, password: {file: secret}, tls: {ca: ca.pem}}\n"
        "stations: [{bundle: bundles/one.davy}, {topic: 'x/{station}', bundle: /srv/two.davy}]\n",
    )
    folder = path.parent.resolve()
    assert [entry.bundle for entry in gateway.stations] == [str(folder / "bundles/one.davy"), "/srv/two.davy"]
    assert gateway.broker.tls is not None
    assert gateway.broker.tls.ca == str(folder / "ca.pem")
    assert gateway.broker.password == Password(file=str(folder / "secret"))
    assert gateway.journal.path == "journal.db"


def test_an_alarm_kind_overrides_only_the_keys_that_it_names(path: Path) -> None:
    alarms = _load(path, "alarms: {default: {hold: 5}, methane: {raise: [1, 1], limit_ppb: 5e4}}").alarms
    assert alarms.rule_for("methane") == AlarmRule(m_of_n=(1, 1), hold=5)
    assert alarms.rule_for("consistency") == AlarmRule(hold=5)
    assert (alarms.rule_for("methane").m, alarms.rule_for("consistency").n) == (1, 5)
    assert (alarms.methane.enhancement, alarms.methane.limit_ppb) == (None, 50000.0)


def test_a_stale_alarm_is_latched_and_repeated_like_any_other(path: Path) -> None:
    stale = _load(path, "alarms: {default: {repeat: 60}, stale: {latch: true}}").alarms.rule_for("stale")
    assert (stale.latch, stale.repeat) == (True, 60.0)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("gateway: Gw 1", 'gateway: got "Gw 1", expected a name of a-z, 0-9 and - only'),
        ("broker: {port: 0}", "broker.port: got 0, expected an integer in 1-65535"),
        ("broker: {receive_maximum: 65536}", "broker.receive_maximum: got 65536, expected an integer in 1-65535"),
        ("broker: {protocol: 3.1}", "broker.protocol: got 3.1, expected auto | 5 | 3.1.1"),
        (
            "broker: {host: 'h:1883'}",
            'broker.host: got "h:1883", expected a name or an address alone: the port goes into port',
        ),
        (
            "broker: {tls: {key: k.pem}}",
            "broker.tls.certificate: missing, expected a path: key is of no use without certificate",
        ),
        (
            "broker: {password: {env: P}}",
            "broker.username: missing, expected a text: a password is of no use without a username",
        ),
        (
            "broker: {host: broker.example, username: u, password: {env: P}}",
            (
                "broker.tls: null, so the password would go to broker.example in clear text; "
                "fix: broker.tls (encrypted), or broker.plaintext: true if nobody else can listen"
            ),
        ),
        (
            "topics: {base: $share/a}",
            'topics.base: got "$share/a", expected a topic with no $ in front: such topics are the broker\'s',
        ),
        ("topics: {base: a/+}", 'topics.base: got "a/+", expected a topic with no wildcard (+ #)'),
        (
            "topics: {response_prefixes: [ok, 'a/#']}",
            'topics.response_prefixes[1]: got "a/#", expected the beginning of a topic with no wildcard (+ #)',
        ),
        ("alarms: {methane: {raise: [5, 3]}}", "alarms.methane.raise: got [5, 3], expected [m, n] with 1 <= m <= n"),
        ("alarms: {default: {raise: [0, 3]}}", "alarms.default.raise: got [0, 3], expected [m, n] with 1 <= m <= n"),
        ("alarms: {mathane: {}}", 'alarms.mathane: unknown key, did you mean "methane"?'),
        (
            "alarms: {stale: {latch: true, hold: 5}}",
            (
                "alarms.stale.hold: does not apply to a silent station, expected latch or repeat; "
                "fix: remove it, and see stale_after"
            ),
        ),
        (
            "alarms: {clock: {repeat: 60, deadband: 1}}",
            "alarms.clock.deadband: does not apply to a station's clock, expected latch or repeat; fix: remove it",
        ),
        ("stations: [{}]", "stations[0].bundle: missing, expected a path"),
        (
            "{journal: {path: j.db}, archive: {path: ./j.db}}",
            'archive.path: got "j.db", which is the journal; fix: another name for one of the two',
        ),
        ("log: {level: loud}", 'log.level: got "loud", expected debug | info | warning | error'),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_reported_in_one_line(path: Path, text: str, problem: str) -> None:
    (line,) = _problems(path, text)
    assert line == problem


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("topic: a/b", 'station: missing, expected a name, or {station} as one level of the topic (got "a/b")'),
        ("topic: 'a/x{station}'", 'topic: got "a/x{station}", expected {station} once, as a whole level'),
        ("topic: '{station}/{station}'", 'topic: got "{station}/{station}", expected {station} once, as a whole level'),
        ("topic: '{station}/#/a'", "expected a topic filter with wildcards as a whole level, # only as the last"),
        ("topic: '{station}/a+'", "expected a topic filter with wildcards as a whole level, # only as the last"),
        ("topic: '/{station}'", "expected a topic filter with no empty level"),
        ("topic: '$SYS/{station}'", "expected a topic filter with no $ in front"),
        ("topic: '$share/+/{station}'", "expected a topic filter with $share/GROUP/FILTER: a group without wildcards"),
        ("topic: '$share/{station}/a'", "expected a topic filter with $share/GROUP/FILTER: a group without wildcards"),
        ("topic: '$share/{station}'", "expected a topic filter with $share/GROUP/FILTER: a group without wildcards"),
        ("topic: '$share/g/$share/g/{station}'", "expected a topic filter with no $ in front"),
        ("topic: '$share/g/davylamp/gw1/{station}'", "expected a filter that does not overlap our own topics"),
        ("topic: '{station}/a', station: st1", 'expected it without {station}: station is "st1" already'),
        ("topic: a/b, station: state", 'station: got "state", expected another name'),
        ("topic: a/b, station: a/b", 'station: got "a/b", expected 1 to 64 letters, digits'),
        (
            "topic: 'davylamp/gw1/{station}'",
            "expected a filter that does not overlap our own topics (davylamp/gw1/...)",
        ),
        ("topic: '#', station: st1", "expected a filter that does not overlap our own topics"),
        ("topic: '+/+/{station}/score'", "expected a filter that does not overlap our own topics"),
        ("keys: {ch4_ppb: a..b}", 'keys.ch4_ppb: got "a..b", expected a name between two dots'),
        ("keys: {ch4_ppb: a}, absent: [ch4_ppb]", 'absent: got "ch4_ppb", which keys maps: it cannot be both'),
        (
            "format: senml, columns: [ts]",
            "columns: got names, expected none: format senml brings its own; fix: use keys",
        ),
        ("stale_after: 0", "stale_after: got 0, expected a number > 0 or null"),
    ],
)
def test_a_wrong_station_entry_is_reported_in_one_line(path: Path, entry: str, problem: str) -> None:
    (line,) = _problems(path, f"gateway: gw1\nstations: [{{bundle: b.davy, {entry}}}]")
    assert line.startswith("stations[0].")
    assert problem in line


@pytest.mark.parametrize(
    ("one", "other", "twice"),
    [
        ("$share/pair/sensors/{station}/a", "sensors/{station}/a", True),
        ("$share/pair/sensors/{station}/a", "$share/trio/sensors/{station}/+", True),
        ("$share/pair/sensors/{station}/a", "$share/pair/sensors/{station}/b", False),
        ("sensors/{station}/a", "sensors/{station}/+", False),  # a broker sends it once, and the first entry takes it
    ],
)
def test_a_shared_subscription_that_would_deliver_readings_twice_is_refused(
    path: Path, one: str, other: str, twice: bool
) -> None:
    text = f"gateway: gw1\nstations: [{{bundle: b.davy, topic: '{one}'}}, {{bundle: b.davy, topic: '{other}'}}]"
    if twice:
        (line,) = _problems(path, text)
        assert line.startswith(
            f'stations[1].topic: got "{other}", expected one that does not overlap "{one}" of stations[0]: '
        )
    else:
        assert len(_load(path, text).stations) == 2


@pytest.mark.parametrize(
    "entry",
    [
        "topic: 'davylamp/gw2/{station}'",
        "topic: 'a/{station}/+/#'",
        "topic: '{station}'",
        "topic: '$share/pair/a/{station}'",
        "topic: a/b, station: st-1",
    ],
)
def test_a_good_station_entry_is_accepted(path: Path, entry: str) -> None:
    assert len(_load(path, f"gateway: gw1\nstations: [{{bundle: b.davy, {entry}}}]").stations) == 1


@pytest.mark.parametrize(
    "broker",
    [
        "host: broker.example, username: u, password: {env: P}, tls: {}",
        "host: broker.example, username: u, password: {env: P}, plaintext: true",
        "host: broker.example, username: u",
        "host: 127.0.0.7, username: u, password: {env: P}",
        "host: '::1', username: u, password: {env: P}",
        "username: u, password: {env: P}",
    ],
)
def test_a_password_that_nobody_can_overhear_is_accepted(path: Path, broker: str) -> None:
    assert _load(path, f"broker: {{{broker}}}").broker.username == "u"


def test_an_entry_that_never_matches_is_refused(path: Path) -> None:
    (line,) = _problems(path, "stations: [{bundle: a}, {bundle: b}]")
    assert line == 'stations[1].topic: got "sensors/{station}/readings", which stations[0] has already'


def test_the_topic_of_an_entry_becomes_its_subscription_filter(path: Path) -> None:
    (entry,) = _load(path, "stations: [{bundle: a, topic: 'x/{station}/y/#'}]").stations
    assert entry.filters == ("x/+/y/#",)


_WRITTEN = ["hunter2", "'*hunter2'", "[hunter2]", "{hunter2}", "{plain: hunter2}", "{env: [hunter2]}",
            "{file: a, env: hunter2}", "{}", "*hunter2", "!hunter2 a"]  # fmt: skip


@pytest.mark.parametrize("written", _WRITTEN)
def test_a_password_in_the_file_is_refused_and_not_repeated(path: Path, written: str) -> None:
    problems = _problems(path, f"broker:\n  username: u\n  password: {written}\n")
    assert len(problems) == 1
    assert "hunter2" not in problems[0]
    if not written.startswith(("*", "!")):  # those two are no YAML
        assert problems[0].startswith("broker.password: expected {file: PATH}, {env: NAME} or {credential: NAME}")


def test_the_password_is_read_from_the_configured_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mqtt").write_text("hunter2\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("MQTT_PASSWORD", "hunter2")
    for password in (Password(file=str(tmp_path / "mqtt")), Password(env="MQTT_PASSWORD"), Password(credential="mqtt")):
        broker = Broker(username="u", password=password)
        assert broker.read_password() == "hunter2"
        assert "hunter2" not in repr(broker)
    assert Broker().read_password() is None


@pytest.mark.parametrize("name", ["../../x", "a b", "a:b", ".", "/etc/x", "-x", "x" * 101])
def test_a_credential_whose_name_is_none_is_refused(path: Path, name: str) -> None:
    (line,) = _problems(path, f"broker: {{username: u, password: {{credential: '{name}'}}}}")
    assert line.startswith("broker.password.credential: expected the name that LoadCredential= gives it")


@pytest.mark.parametrize(
    ("password", "line"),
    [
        (Password(env="DAVYLAMP_NOT_SET"), "broker.password.env: the environment variable DAVYLAMP_NOT_SET is not set"),
        (Password(credential="mqtt"), "broker.password.credential: only systemd hands out credentials"),
        (Password(file="/nowhere/mqtt"), "broker.password.file: /nowhere/mqtt cannot be read: No such file"),
    ],
)
def test_a_password_that_is_not_there_is_reported_in_one_line(
    monkeypatch: pytest.MonkeyPatch, password: Password, line: str
) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with pytest.raises(ConfigError) as caught:
        Broker(username="u", password=password).read_password()
    (problem,) = caught.value.problems
    assert problem.startswith(line)
    assert "fix: " in problem


def test_an_empty_password_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mqtt").write_text("\n")
    with pytest.raises(ConfigError, match="mqtt is empty"):
        Broker(username="u", password=Password(file=str(tmp_path / "mqtt"))).read_password()
