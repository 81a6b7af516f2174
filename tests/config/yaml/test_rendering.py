"""The shipped files are rendered from the structs, and rendered settings are read back unchanged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from config.address_syntax import address_fault
from config.printable import has_commands
from config.settings.alarms import AlarmRule, Alarms, MethaneAlarm
from config.settings.broker import TLS, Broker, Password
from config.settings.gateway import Gateway, StationEntry, TopicSettings
from config.settings.station import Feature, Station
from config.settings.training import Training
from config.templates.templates import GATEWAY, TRAINING
from config.yaml.load import load_gateway, load_settings, load_training
from config.yaml.messages import split_annotated
from config.yaml.rendering import render, shipped_gateway, shipped_training

_FIX = 'fix: python -c "from config.yaml.rendering import *; print(shipped_%s(), end=str())" > config/templates/%s.yaml'


@pytest.mark.parametrize(("file", "text"), [(TRAINING, shipped_training()), (GATEWAY, shipped_gateway())])
def test_the_shipped_file_is_the_rendering_of_the_structs(file: Path, text: str) -> None:
    assert file.read_text(encoding="utf-8") == text, _FIX % (file.stem, file.stem)


def test_the_shipped_training_file_gives_the_defaults() -> None:
    assert load_training(TRAINING) == Training()


def test_the_shipped_gateway_file_gives_the_defaults_and_one_station() -> None:
    gateway = load_gateway(GATEWAY)
    assert gateway == Gateway(stations=(StationEntry(bundle=str(GATEWAY.parent / "one.davy")),))


def test_other_yaml_readers_understand_the_shipped_gateway_file() -> None:
    plain = yaml.safe_load(GATEWAY.read_text(encoding="utf-8"))
    assert plain["alarms"]["default"]["raise"] == [3, 5]
    assert plain["stations"][0]["topic"] == "sensors/{station}/readings"


_DOCUMENTED = """
gateway broker.host broker.port broker.protocol broker.client_id broker.username broker.password broker.tls
broker.keepalive broker.session_expiry broker.receive_maximum topics.base topics.response_prefixes
stations.topic stations.bundle stations.keys stations.absent stations.cadence stations.stale_after
scoring.publish_every scoring.adapt scoring.exceedances_per_1000
alarms.default.raise alarms.default.clear_after alarms.default.deadband alarms.default.hold alarms.default.latch
alarms.default.repeat alarms.methane.enhancement_ppb alarms.methane.limit_ppb
journal.path journal.durability journal.readings_per_station journal.max_mb
synthesis.max_rows synthesis.rows_per_part synthesis.per_minute health.every log.level
"""


def test_the_shipped_gateway_file_has_every_documented_key() -> None:
    assert set(_DOCUMENTED.split()) - set(_keys(yaml.safe_load(shipped_gateway()))) == set()


def _keys(data: Any, path: str = "") -> list[str]:
    if isinstance(data, dict):
        return [key for name, value in data.items() for key in _keys(value, f"{path}.{name}".strip("."))] or [path]
    if isinstance(data, list) and data and isinstance(data[0], dict):
        return _keys(data[0], path)
    return [path]


def test_every_training_setting_has_a_comment() -> None:
    for field in msgspec.structs.fields(Training):
        assert any(meta.description for meta in split_annotated(field.type)[1]), field.name


def test_comments_are_aligned_in_one_column() -> None:
    lines = [line for line in shipped_gateway().splitlines() if "  # " in line]
    assert len({line.index("  # ") for line in lines}) == 1


_text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
# A normalised path: it does not end with a slash, nor contain two in a row.
_path = _text.filter(lambda text: text not in (".", "..")).map(lambda text: "/" + text.replace("/", "_"))
_printable = _text.filter(lambda text: not has_commands(text))
_level = _text.filter(lambda text: "." not in text)
_key = st.from_regex(r"[a-z][a-z0-9]{0,5}(_[a-z0-9]{1,4})?", fullmatch=True).filter(
    lambda key: key not in ("ts", "seq")
)
_number = st.floats(-1e9, 1e9) | st.floats(-1e-6, 1e-6)


@st.composite
def _features(draw: st.DrawFn) -> Feature:
    low, high = sorted(draw(st.tuples(_number, _number)))
    assume(low < high)
    return Feature(
        name=draw(_printable),
        key=draw(_key),
        unit=draw(_printable),
        role=draw(st.sampled_from(["gas", "environment", "sensor"])),
        scale=draw(st.sampled_from(["log", "linear"])) if low >= 0 else "linear",
        range=(low, high),
        missing=draw(
            st.none() | st.lists(_number.filter(lambda value: not low <= value <= high) | _text, max_size=2).map(tuple)
        ),
    )


_stations = st.builds(
    Station,
    name=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,8}", fullmatch=True),
    features=st.lists(
        _features(), min_size=2, max_size=4, unique_by=(lambda feature: feature.name, lambda feature: feature.key)
    ).map(tuple),
    recenter=st.just("off") | st.integers(2, 1000),
    cadence=st.none() | st.floats(1e-3, 1e5),
)
_entries = st.builds(
    StationEntry,
    topic=st.from_regex(r"sensors/[a-z]{1,8}/\{station\}(/#)?", fullmatch=True),
    bundle=_path,
    keys=st.dictionaries(
        _text,
        st.lists(_level, min_size=1, max_size=2).map(".".join).filter(lambda text: address_fault(text) is None),
        max_size=2,
    ),
    missing=st.lists(_number | _text, max_size=2).map(tuple),
    cadence=st.none() | st.floats(1e-3, 1e5),
)
_gateways = st.builds(
    Gateway,
    gateway=st.from_regex(r"[a-z0-9-]{1,10}", fullmatch=True),
    broker=st.builds(
        Broker,
        host=st.sampled_from(["localhost", "10.0.0.1", "::1"]),
        protocol=st.sampled_from(["auto", 5, "3.1.1"]),
        client_id=_text,
        username=_text,
        password=st.none() | st.builds(Password, env=_text),
        plaintext=st.just(True),
        tls=st.none() | st.just(TLS()) | st.builds(TLS, ca=_path),
    ),
    topics=st.just(TopicSettings()) | st.builds(TopicSettings, response_prefixes=st.just(("clients", "on/site"))),
    stations=st.lists(_entries, max_size=3, unique_by=lambda entry: entry.topic).map(tuple),
    alarms=st.builds(
        Alarms,
        default=st.builds(AlarmRule, m_of_n=st.just((2, 4)), latch=st.booleans(), deadband=st.floats(0, 12)),
        methane=st.builds(MethaneAlarm, m_of_n=st.just((1, 1)), limit_ppb=st.none() | st.floats(1, 1e6)),
    ),
)


@given(written=_stations | _gateways)
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_rendered_settings_are_read_back_unchanged(tmp_path: Path, written: Station | Gateway) -> None:
    path = tmp_path / "written.yaml"
    path.write_text(render(written), encoding="utf-8", newline="")
    loaded = load_gateway(path) if isinstance(written, Gateway) else load_settings(path, Station)
    assert loaded == written
