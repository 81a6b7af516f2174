"""Each format reads its payloads; what is unambiguous is recognised; no bytes get past any of them."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.errors import ConfigError
from config.settings.gateway import Format
from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.clock import rfc3339
from edge.errors import ReadingError
from edge.readings.decoding.decoder import Decoder
from edge.readings.decoding.formats.formats import make_format
from edge.readings.reading import Reading

STATION = load_station(METHANE)
KEYS = STATION.keys
VALUES = (2011.5, 11000.0, 18.25, 61.5, 81000.0, 17100.0, 23200.0, 33300.0, 64400.0)
T = 1_783_854_307.0
FLAT = dict(zip(KEYS, VALUES, strict=True)) | {"ts": T}
COLUMNS = ("ts", *KEYS)
LINE = ",".join(map(str, (T, *VALUES)))
INFLUX = f"air,station=st {','.join(f'{key}={value}' for key, value in zip(KEYS, VALUES, strict=True))} {int(T)}"
SENML = [
    {"bt": T, "n": "ch4_ppb", "v": VALUES[0]},
    *({"n": k, "v": v} for k, v in zip(KEYS[1:], VALUES[1:], strict=True)),
]

SHAPES: dict[str, tuple[Format, dict[str, Any], str]] = {
    "flat": ("json", {}, json.dumps(FLAT)),
    "nested": ("json", {"keys": {key: f"d.{key}" for key in COLUMNS}}, json.dumps({"d": FLAT})),
    "an array of objects": ("json", {}, json.dumps([FLAT])),
    "an array of values with columns": ("json", {"columns": COLUMNS}, json.dumps([T, *VALUES])),
    "an array of rows": ("json", {"columns": COLUMNS}, json.dumps([[T, *VALUES]])),
    "an array of values by place": (
        "json", {"keys": {key: f"[{i}]" for i, key in enumerate(COLUMNS)}}, json.dumps([T, *VALUES]),
    ),
    "a list of pairs": (
        "json",
        {"keys": {key: f"[type={key}].value" for key in COLUMNS}},
        json.dumps([{"type": key, "value": str(FLAT[key])} for key in COLUMNS]),
    ),
    "senml": ("senml", {}, json.dumps(SENML)),
    "influx": ("influx", {}, INFLUX),
    "csv": ("csv", {"columns": COLUMNS}, LINE),
}  # fmt: skip


@pytest.mark.parametrize("auto", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_each_shape_gives_its_reading_declared_or_recognised(shape: str, auto: bool) -> None:
    form, options, payload = SHAPES[shape]
    decoder = Decoder("st", STATION, form="auto" if auto else form, **options)
    (found,) = decoder.decode(payload.encode(), T + 1)
    assert found == Reading(station="st", values=VALUES, ts=T, received=T + 1)


@pytest.mark.parametrize("form", ["auto", "number"])
@pytest.mark.parametrize(
    ("payload", "value"),
    [("18.25", 18.25), (" 18.25\n", 18.25), ("18", 18.0), ('"18.25"', 18.25), ("1.825e1", 18.25), ("18,25", 18.25),
     ("18.25\0", 18.25), ("nan", None), ("unavailable", None), ("unknown", None), ("18.25 °C", 18.25), ("null", None)],
)  # fmt: skip
def test_a_bare_value_gets_the_name_of_its_topic(form: Format, payload: str, value: float | None) -> None:
    decoder = Decoder("st", STATION, form=form)
    (document,) = decoder.parse(payload.encode(), "temperature_c")
    assert not isinstance(document, ReadingError)
    assert list(document) == ["temperature_c"]
    part = decoder.read_part(document, T)
    assert not isinstance(part, ReadingError)
    assert part.came == (2,)
    assert part.values[2] == value or (value is None and part.values[2] != part.values[2])


def test_an_object_gets_the_name_of_its_topic() -> None:
    decoder = Decoder("st", STATION, {"temperature_c": '"temperature:0".tC'})
    (document,) = decoder.parse(b'{"id": 0, "tC": 18.25}', "temperature:0")
    part = decoder.read_part(document, T)
    assert not isinstance(part, ReadingError)
    assert (part.came, part.values[2]) == ((2,), 18.25)


def test_a_bare_value_in_a_topic_of_its_own_is_called_value() -> None:
    for form in ("auto", "number"):
        (found,) = Decoder("st", STATION, {"temperature_c": "value"}, form=form).decode(b"18.25", T)
        assert isinstance(found, Reading)
        assert found.values[2] == 18.25


def test_a_csv_needs_its_columns() -> None:
    with pytest.raises(ConfigError, match="columns: missing"):
        make_format("csv")
    with pytest.raises(ConfigError, match='columns: got "a"'):
        make_format("auto", ["a", "a"])


@pytest.mark.parametrize(
    "payload",
    [b"", b"\0", b"\n", b"hello", b"hello world", b"\x0a\x03spB\x10\x01\xff", b"<xml/>", b"a=1&b=2", b"18.25 19.5",
     b"[]", b"[[]]", b"[1, 2]", b"true"],
)  # fmt: skip
@pytest.mark.parametrize("form", get_args(Format))
def test_what_no_format_knows_is_refused_in_one_line(form: Format, payload: bytes) -> None:
    found = Decoder("st", STATION, form=form, columns=COLUMNS).decode(payload, T)
    assert found
    for each in found:
        assert isinstance(each, ReadingError)
        assert "\n" not in str(each)


_TEXT = st.text(alphabet="{}[]\",:;= \\\n019.eNa-+_tsnvbu|'#", max_size=60)
_ALMOST = st.sampled_from([json.dumps(FLAT), json.dumps(SENML), INFLUX, LINE, "18.25"])


@st.composite
def _damaged(draw: st.DrawFn) -> bytes:
    text = draw(_ALMOST)
    at, length = draw(st.integers(0, len(text))), draw(st.integers(0, 5))
    return (text[:at] + draw(_TEXT) + text[at + length :]).encode()


@given(_damaged() | _TEXT.map(str.encode) | st.binary(max_size=100), st.sampled_from(get_args(Format)), st.booleans())
@settings(max_examples=400)
def test_any_bytes_in_any_format_are_readings_or_refusals(payload: bytes, form: Format, split: bool) -> None:
    decoder = Decoder("st", STATION, form=form, columns=COLUMNS)
    found: list[Any] = decoder.decode(payload, T)
    if split:
        found += [
            each if isinstance(each, ReadingError) else decoder.read_part(each, T)
            for each in decoder.parse(payload, "ch4_ppb")
        ]
    assert found
    for each in found:
        if isinstance(each, ReadingError):
            assert "\n" not in str(each)
            assert len(str(each).encode()) < 700
        else:
            assert not any(abs(value) == float("inf") for value in each.values)
            assert each.ts is None or rfc3339(each.ts)
    assert all(note is None or "\n" not in note for note in decoder.notes.values())


@pytest.mark.parametrize("line", ["1\n", "a b=1\n", '{"ch4_ppb":1}\n', "[1],"])
def test_a_payload_of_very_many_lines_is_refused_whole(line: str) -> None:
    payload = line * 12_000
    decoder = Decoder("st", STATION, columns=("ch4_ppb",))
    (found,) = decoder.decode((f"[{payload[:-1]}]" if line[0] == "[" else payload).encode(), T)
    assert "expected at most 5000 in one payload" in str(found)
