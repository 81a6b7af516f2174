"""Lines of InfluxDB's protocol become documents, with their tags, escapes and time stamps."""

from __future__ import annotations

from typing import Any

import pytest

from edge.errors import ReadingError
from edge.readings.decoding.formats.influx import InfluxFormat, looks_like_influx


def documents(text: str) -> list[Any]:
    return InfluxFormat().documents(text.encode())


def test_a_line_has_fields_tags_a_name_and_a_time() -> None:
    (found,) = documents('air,station=st-9,site=roof ch4=2011.5,n=3i,u=4u,ok=t,note="a b" 1783854307000000000\n')
    assert found == {
        "ch4": 2011.5, "n": 3, "u": 4, "ok": True, "note": "a b", "ts": 1783854307000000000, "name": "air",
        "tags": {"station": "st-9", "site": "roof"},
        "air": {"ch4": 2011.5, "n": 3, "u": 4, "ok": True, "note": "a b"},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        (r"my\ air a\ b=1", "a b", 1.0),
        (r"air a\,b=1", "a,b", 1.0),
        (r"air a\=b=1", "a=b", 1.0),
        (r"air,t=a\ b\,c\=d x=1", "x", 1.0),
        (r'air x="a \"b\", c=d e"', "x", 'a "b", c=d e'),
        (r'air x="back\\slash"', "x", "back\\slash"),
        ("air x=-1.5e-3", "x", -0.0015),
        ("air x=-7i 5", "x", -7),
        ("air x=nan", "x", "nan"),
        ("air x=1e999", "x", "1e999"),
        ("air x=FALSE", "x", False),
        ("air x=", "x", None),
        ('air x="two\nlines"', "x", "two\nlines"),
    ],
)
def test_escapes_and_types(line: str, name: str, value: Any) -> None:
    if value is None:
        assert isinstance(documents(line)[0], ReadingError)
        return
    (found,) = documents(line)
    assert found[name] == value
    assert type(found[name]) is type(value)


def test_each_line_is_a_document_and_a_bad_one_costs_itself() -> None:
    found = documents("# comment\nair x=1 10\n\nair 10\nair x=2 20\r\nair x=3 20 later\n")
    assert [type(each) for each in found] == [dict, ReadingError, dict, ReadingError]
    assert found[1].at == "line 2"
    assert "expected fields" in found[1].reason
    assert (found[2]["x"], found[2]["ts"]) == (2.0, 20)
    assert "nothing behind the fields" in found[3].reason


def test_measurements_of_one_time_are_one_document() -> None:
    found = documents(
        "t,host=pi value=21.5 100\nrh,host=pi value=40 100\nt,host=pi value=21.6 160\nt,host=b value=1 100"
    )
    assert len(found) == 3
    assert found[0]["t"] == {"value": 21.5}
    assert found[0]["rh"] == {"value": 40.0}
    assert [each["t"]["value"] for each in found] == [21.5, 21.6, 1.0]


def test_lines_without_a_time_stay_apart() -> None:
    assert len(documents("t value=1\nrh value=2")) == 2


def test_a_field_keeps_its_name() -> None:
    (found,) = documents("air,tags=a ts=5,name=6,tags=7,air=8 100")
    assert [found[name] for name in ("ts", "name", "tags", "air")] == [5.0, 6.0, 7.0, 8.0]


@pytest.mark.parametrize("payload", [b"", b"\n\n", b"# only\n", b"\0"])
def test_no_line_is_refused(payload: bytes) -> None:
    with pytest.raises(ReadingError, match="empty"):
        InfluxFormat().documents(payload)


@pytest.mark.parametrize(
    ("text", "looks"),
    [
        ("air x=1", True), ("air,a=b x=1,y=2i 5", True), (r"my\ air x=1", True), ('air x="{"', True),
        ("ch4=2000", False), ("21.5", False), ("", False), ('{"a": "b c=1"}', False), ("[1, 2]", False),
        ("2026-07-12T11:05:07Z,1,2", False), ("a b c", False), ("ch4=1 t=2", False), ("data: {x=1}", False),
    ],
)  # fmt: skip
def test_a_line_is_recognised(text: str, looks: bool) -> None:
    assert looks_like_influx(text) is looks
