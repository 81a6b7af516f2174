"""The loader reports all mistakes of a file at once, one line each, and raises nothing but ConfigError."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from config.errors import ConfigError
from config.settings.gateway import Gateway
from config.settings.station import Feature, Station
from config.settings.training import Training
from config.templates.templates import METHANE
from config.yaml.load import load_gateway, load_settings, load_station, load_training


def _lines(path: Path, text: str | bytes, struct: type = Gateway) -> list[str]:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError) as caught:
        load_settings(path, struct)
    lines = str(caught.value).splitlines()
    assert lines == list(caught.value.problems), "a problem is more than one line"
    assert all(line.startswith(f"{path}: ") for line in lines)
    return [line.removeprefix(f"{path}: ") for line in lines]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gateway.yaml"


def test_three_mistakes_give_three_lines(path: Path) -> None:
    text = "broker: {prot: 1883, port: 188x}\nhealth: {every: -1}\n"
    assert _lines(path, text) == [
        'broker.prot: unknown key, did you mean "port"?',
        'broker.port: got "188x", expected an integer in 1-65535',
        "health.every: got -1, expected a number > 0",
    ]


def test_three_mistakes_of_different_kinds_in_one_station_give_three_lines(path: Path) -> None:
    text = METHANE.read_text(encoding="utf-8")
    text = text.replace("range: [-40, 60]", "range: [60, -40]").replace("key: rmq4_ohm", "key: r2600_ohm")
    assert len(_lines(path, text.replace("recenter:", "recentre:"), Station)) == 3


def test_a_problem_names_the_file_as_it_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("here.yaml").write_text("name: [1]")
    with pytest.raises(ConfigError, match=r"^here\.yaml: name: got \[1\], expected"):
        load_station("here.yaml")


def test_the_error_for_a_missing_file_has_a_fix(path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gateway\.yaml: there is no such file; .*davylamp init") as caught:
        load_gateway(path)
    assert len(caught.value.problems) == 1


def test_a_folder_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_station(tmp_path)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (b"", "the file is empty, expected a mapping with "),
        (b"# only a comment\n", "the file is empty, expected a mapping with "),
        (b"- 1\n- 2\n", "got [1, 2], expected a mapping with "),
        (b"just words", 'got "just words", expected a mapping with '),
        (b"broker: {host: \xff}", "byte 15 (0xff) is not UTF-8; save the file as UTF-8"),
        (b"broker:\n  port: 1\n   host: x\n", "line 3, column 8: not YAML: mapping values are not allowed here"),
        (b"a: {b: 1\n", "line 2, column 1: not YAML: "),
        (b"a: \x01", "not YAML: unacceptable character"),
        (b"a: 1\n---\nb: 1\n", "line 2, column 1: not YAML: expected a single document"),
        (b"[" * 5000, "nested too deeply"),
        (b"log: !!python/object:os.system {}", "log: line 1: tags (!) are not understood; remove it"),
        (b"log: &a {level: *a}", "log.level: line 1: an alias (*) inside its own anchor (&)"),
        (b"? [1]\n: 2", "line 1: got a list or a mapping as a key, expected a text"),
        (b'gateway: "\\ud800"', "gateway: line 1: half a character"),
    ],
)
def test_what_is_not_settings_at_all_is_reported_with_its_place(path: Path, text: bytes, line: str) -> None:
    assert _lines(path, text)[0].startswith(line)


def test_a_key_that_is_given_twice_is_reported_with_both_lines(path: Path) -> None:
    text = "broker:\n  port: 1\n  host: x\n  port: 2\n"
    assert _lines(path, text) == ["broker.port: given twice (lines 2 and 4); keep one of them"]


def test_a_key_with_a_line_break_stays_one_line(path: Path) -> None:
    assert _lines(path, '"a\\nb": 1')[0].startswith("a\\nb: unknown key")


def test_numbers_are_read_as_a_person_reads_them(path: Path) -> None:
    path.write_text("learning_rate: 1e-3\nbeta: 1\nseed: 010\n")
    training = load_training(path)
    assert (training.learning_rate, training.beta, training.seed) == (0.001, 1.0, 10)


@pytest.mark.parametrize("word", [".inf", ".nan", "1e999", "yes", "12:30:45", "0x1F"])
def test_only_plain_finite_numbers_are_numbers(path: Path, word: str) -> None:
    assert _lines(path, f"health: {{every: {word}}}") == [f'health.every: got "{word}", expected a number > 0']


def test_null_means_the_default_of_a_field_that_cannot_be_null(path: Path) -> None:
    path.write_text("broker:\nalarms: {default: {hold: null}, methane: null}\n")
    assert load_gateway(path) == Gateway()


def test_a_byte_order_mark_is_ignored(path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbflog: {level: debug}")
    assert load_gateway(path).log.level == "debug"


def test_without_a_file_training_has_its_defaults() -> None:
    assert load_training() == load_training(None) == Training()


_WORDS = [
    name
    for struct in (Gateway, Station, Feature, *(type(getattr(Gateway(), field)) for field in Gateway.__struct_fields__))
    for name in getattr(struct, "__struct_encode_fields__", ())
]
_data = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(_WORDS)
    | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(_WORDS) | st.text(max_size=4), inner, max_size=8)
    ),
    max_leaves=25,
)


@given(data=_data, struct=st.sampled_from([Gateway, Station, Training]))
@example(data={"broker": {"tls": 1, "password": []}, "topics": None, "gateway": [], "stations": {}}, struct=Gateway)
@example(data={"stations": [{}, {"topic": 1, "keys": {"": 1}}, 3]}, struct=Gateway)
@example(data={"features": [{}, {"range": 1, "missing": 2}], "ratio": {}}, struct=Station)
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_loader_raises_nothing_but_its_own_error_on_any_data(tmp_path: Path, data: Any, struct: type) -> None:
    path = tmp_path / "any.yaml"
    path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8", errors="replace")
    problems: tuple[str, ...] = ()
    try:
        assert isinstance(load_settings(path, struct), struct)
    except ConfigError as error:
        problems = error.problems
    assert all(line.startswith(f"{path}: ") for line in "\n".join(problems).splitlines())


@given(text=st.binary(max_size=60) | st.text("{}[]:,-?&*!|>'\"%@#~ \nab1.e", max_size=40).map(str.encode))
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_loader_raises_nothing_but_its_own_error_on_any_bytes(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "any.yaml"
    path.write_bytes(text)
    with pytest.raises(ConfigError):
        load_settings(path, Station)  # no text so short is a station


def test_too_short_a_list_does_not_hide_the_mistakes_inside_it(tmp_path: Path) -> None:
    path = tmp_path / "short.yaml"
    path.write_text("name: x\nfeatures:\n  - {name: A, key: a b, unit: u, role: gas, range: [3, 1], scal: log}\n")
    with pytest.raises(ConfigError) as caught:
        load_station(path)
    places = sorted(problem.removeprefix(str(path)).split(": ")[1] for problem in caught.value.problems)
    assert places == ["features", "features[0].key", "features[0].range", "features[0].scal"]
