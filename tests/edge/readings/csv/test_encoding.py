"""The encodings in which loggers and spreadsheets write are read, and a damaged place costs only its row."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from config.settings.station import Station
from tests.edge.readings.csv.files import GARDEN, ROWS, lines, read, refusal

TEXT = lines(*ROWS)


def renamed(old: str, new: str) -> Station:
    features = tuple(
        msgspec.structs.replace(feature, name=feature.name.replace(old, new)) for feature in GARDEN.features
    )
    return msgspec.structs.replace(GARDEN, features=features)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "mac_roman", "cp437", "gb18030"]
)
def test_a_file_is_read_in_its_encoding_with_and_without_a_mark(tmp_path: Path, encoding: str) -> None:
    table = read(tmp_path, TEXT.encode(encoding))
    assert table.values[0].tolist() == [420.5, 18.25, 30000.5]
    assert len(table.values) == 60


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "cp850", "cp1250"])
def test_a_degree_sign_is_one_in_every_code_page(tmp_path: Path, encoding: str) -> None:
    station = renamed("Ω", "Ohm")
    assert len(read(tmp_path, TEXT.replace("Ω", "Ohm").encode(encoding), station).values) == 60


@pytest.mark.parametrize(
    ("named", "written"),
    [("Ω", "\u2126"), ("\u2126", "Ω"), ("µΩ", "\u03bcΩ"), ("m²", "m2"), ("Ω ", "\u00a0Ω"), ("°Ω", "\u00baΩ")],
)
def test_signs_that_look_alike_are_the_same_in_a_header(tmp_path: Path, named: str, written: str) -> None:
    text = TEXT.replace("Ω", written, 1)
    assert len(read(tmp_path, text, renamed("Ω", named.strip())).values) == 60


def test_bytes_that_are_no_text_cost_only_their_row(tmp_path: Path) -> None:
    begin, end = lines(*ROWS[:30]).encode(), lines(*ROWS[30:]).encode().split(b"\n", 1)[1]
    table = read(tmp_path, begin + b"\xff" * 400 + b"\n" + end)
    assert len(table.values) == 60
    assert table.breaks == (30,)
    assert [(drop.count, drop.first_line) for drop in table.dropped] == [(1, 32)]


def test_utf_16_that_ends_within_a_character_is_read_to_there(tmp_path: Path) -> None:
    assert len(read(tmp_path, TEXT.encode("utf-16")[:-1]).values) == 60
    assert "not UTF-16" in refusal(tmp_path, b"\xff\xfea")
