"""Compressed files are opened by their first bytes, within bounds; what is no text is named."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.edge.readings.csv.files import ROWS, lines, read, refusal

TEXT = lines(*ROWS).encode()


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/"), content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        gzip.compress(TEXT),
        gzip.compress(TEXT[:700]) + gzip.compress(TEXT[700:]),
        gzip.compress(TEXT) + bytes(512),
        bz2.compress(TEXT),
        lzma.compress(TEXT),
        zipped(**{"garden.csv": TEXT}),
        zipped(**{"export__garden.csv": TEXT, "__MACOSX__._garden.csv": b"\0", "export__read me.txt": b"hello"}),
        gzip.compress(TEXT.decode().encode("utf-16")),
    ],
)
def test_a_compressed_file_is_read_whatever_its_name(tmp_path: Path, data: bytes) -> None:
    table = read(tmp_path, data)
    assert table.values.shape == (60, 3)
    assert table.sentences() == []


@pytest.mark.parametrize("cut", range(20, 200, 7))
def test_a_file_that_is_cut_off_gives_its_whole_rows_and_says_so(tmp_path: Path, cut: int) -> None:
    table = read(tmp_path, gzip.compress(TEXT)[:-cut])
    assert 10 < len(table.values) <= 60
    assert table.values[-1].tolist() == [float(cell) for cell in ROWS[len(table.values) - 1].split(",")]
    assert "the gzip file is cut off" in table.notes[0]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (bz2.compress(TEXT)[:-30], "got a bzip2 file that is cut off before its first row"),
        (b"\x1f\x8bnonsense", "got a damaged gzip file"),
        (zipped(**{"garden.csv": TEXT})[:-30], "got a damaged zip"),
        (zipped(**{"a.csv": TEXT, "b.csv": TEXT}), "got a zip with a.csv, b.csv, expected one CSV in it"),
        (zipped(**{"xl__workbook.xml": b"<x/>"}), "got a spreadsheet (.xlsx), expected text; open it there and save"),
        (zipped(mimetype=b"x", **{"content.xml": b"<x/>"}), "got a spreadsheet (.ods)"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "got a spreadsheet (.xls)"),
        (b"\x28\xb5\x2f\xfd1234", "got Zstandard, expected CSV, alone or in gzip, zip, bzip2 or xz; fix: zstd -d"),
        (b"7z\xbc\xaf\x27\x1c", "got a 7z archive"),
        (b"PAR1" + bytes(20), "got Parquet, expected CSV"),
        (b"SQLite format 3\0", "got an SQLite database"),
    ],
)
def test_what_cannot_be_opened_is_named_in_one_line(tmp_path: Path, data: bytes, sentence: str) -> None:
    text = refusal(tmp_path, data)
    assert text.startswith(f"garden.csv: {sentence}")
    assert "\n" not in text


def test_an_archive_within_a_compressed_file_is_named(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", format=tarfile.USTAR_FORMAT) as archive:
        member = tarfile.TarInfo("garden.csv")
        member.size = len(TEXT)
        archive.addfile(member, io.BytesIO(TEXT))
    assert "got a tar archive" in refusal(tmp_path, buffer.getvalue())


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress, lambda data: zipped(bomb=data)])
def test_a_file_that_becomes_far_too_large_is_refused_before_it_does(
    tmp_path: Path, compress: Callable[[bytes], bytes]
) -> None:
    assert "which no readings need" in refusal(tmp_path, compress(bytes(96 << 20)))


@pytest.mark.parametrize("data", [gzip.compress(lzma.compress(TEXT)), zipped(**{"garden.csv.gz": gzip.compress(TEXT)})])
def test_a_compressed_file_within_another_is_named(tmp_path: Path, data: bytes) -> None:
    assert "got a compressed file within another" in refusal(tmp_path, data)
