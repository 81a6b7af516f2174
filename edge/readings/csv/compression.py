"""Opens compressed files by their first bytes, and names what is no text at all."""

from __future__ import annotations

import bz2
import io
import lzma
import zipfile
import zlib
from typing import Any

from edge.errors import TableError

MOST_TIMES = 200
"""A file may become this many times as long, beyond the first 64 MiB: sensors' rows shrink to a tenth at best."""
_FREE = 64 << 20
_CHUNK = 1 << 20

_COMPRESSED = {
    b"\x1f\x8b": ("gzip", lambda: zlib.decompressobj(wbits=31)),
    b"BZh": ("bzip2", bz2.BZ2Decompressor),
    b"\xfd7zXZ\x00": ("xz", lzma.LZMADecompressor),
}
_EXPORT = "expected text; open it there and save or download it as CSV"
_UNPACK = "expected CSV, alone or in gzip, zip, bzip2 or xz; fix: unpack it first"
_NO_TEXT = {
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": f"a spreadsheet (.xls), {_EXPORT}",
    b"\x28\xb5\x2f\xfd": "Zstandard, expected CSV, alone or in gzip, zip, bzip2 or xz; fix: zstd -d FILE",
    b"\x04\x22\x4d\x18": "LZ4, expected CSV, alone or in gzip, zip, bzip2 or xz; fix: lz4 -d FILE",
    b"7z\xbc\xaf\x27\x1c": f"a 7z archive, {_UNPACK}",
    b"Rar!": f"a RAR archive, {_UNPACK}",
    b"\x1f\x9d": f"a file of compress (.Z), {_UNPACK}",
    b"PAR1": "Parquet, expected CSV: only train, explore and evaluate read Parquet; fix: convert it",
    b"SQLite format 3\x00": "an SQLite database, expected CSV; fix: export the table as CSV",
    b"\x89HDF\r\n": "HDF5, expected CSV or Parquet; fix: convert it",
    b'"TOB': "a logger's binary table (TOB), expected CSV; fix: convert it to TOA5, as CardConvert does",
    b"%PDF": f"a PDF, {_EXPORT}",
}


def decompress(data: bytes, path: str) -> tuple[bytes, list[str]]:
    """Decompress a file's bytes, if they are compressed.

    Parameters
    ----------
    data
        The file's bytes.
    path
        The file's name, for messages.

    Returns
    -------
    tuple
        The bytes inside, and sentences about them: a file that is cut off gives what comes before the cut.

    Raises
    ------
    TableError
        The file is damaged, becomes far too large, holds several tables, or is something else than text.
    """
    most = _FREE + MOST_TIMES * len(data)
    notes: list[str] = []
    for mark, (name, make) in _COMPRESSED.items():
        if data.startswith(mark):
            data, notes = _inflate(data, name, make, _Output(most, name, path))
            break
    else:
        if data.startswith(b"PK\x03\x04"):
            data = _unzip(data, most, path)
    if data.startswith((*_COMPRESSED, b"PK\x03\x04")):
        raise TableError(f"{path}: got a compressed file within another, {_UNPACK}")
    for mark, what in _NO_TEXT.items():
        if data.startswith(mark):
            raise TableError(f"{path}: got {what}")
    if data[257:262] == b"ustar":
        raise TableError(f"{path}: got a tar archive, {_UNPACK}")
    return data, notes


class _Output(io.BytesIO):
    """What comes out of a file, up to a limit."""

    def __init__(self, most: int, name: str, path: str) -> None:
        super().__init__()
        self._most = most
        self.name = name
        self.path = path

    def add(self, data: bytes) -> None:
        self.write(data)
        if self.tell() > self._most:
            raise _too_large(self._most, self.name, self.path)


def _inflate(data: bytes, name: str, make: Any, out: _Output) -> tuple[bytes, list[str]]:
    """Decompress a stream of one or several members."""
    rest = data
    try:
        while rest:
            machine = make()
            rest = _member(machine, rest, out)
            if not machine.eof and not out.tell():
                raise TableError(f"{out.path}: got a {name} file that is cut off before its first row; copy it again")
            if not machine.eof:
                note = f"the {name} file is cut off, and so are its last rows; copy it again if the original is whole"
                text = out.getvalue()
                end = text.rfind(b"\n") + 1
                # The last line is not whole. In UTF-16 a line end has two bytes; there the row is left to its reader.
                return text[:end] if end and b"\0" not in text[:100] else text, [note]
            rest = rest.lstrip(b"\0")
            if not rest.startswith(data[:2]):  # what follows is no member: padding or a signature
                break
    except (zlib.error, OSError, ValueError, EOFError, lzma.LZMAError) as error:
        raise TableError(f"{out.path}: got a damaged {name} file ({error}); copy it again") from error
    return out.getvalue(), []


def _member(machine: Any, data: bytes, out: _Output) -> bytes:
    """Decompress one member in steps that are bounded, and return what follows it."""
    at = 0
    while not machine.eof and at < len(data):
        pending = data[at : at + _CHUNK]
        at += len(pending)
        while True:
            got = machine.decompress(pending, _CHUNK)
            out.add(got)
            pending = getattr(machine, "unconsumed_tail", b"")  # zlib keeps no input inside
            if machine.eof or not (pending or got):
                break
    return bytes(machine.unused_data) + data[at:]


def _unzip(data: bytes, most: int, path: str) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            if "xl/workbook.xml" in names or "xl/workbook.bin" in names or "Index/Document.iwa" in names:
                raise TableError(f"{path}: got a spreadsheet (.xlsx), {_EXPORT}")
            if "content.xml" in names and "mimetype" in names:
                raise TableError(f"{path}: got a spreadsheet (.ods), {_EXPORT}")
            members = [
                each
                for each in archive.infolist()
                if not each.is_dir() and not each.filename.startswith("__MACOSX/") and _base(each.filename)[:1] != "."
            ]
            if len(members) > 1:
                members = [each for each in members if each.filename.lower().endswith((".csv", ".tsv"))] or members
            if len(members) != 1:
                found = ", ".join(_base(each.filename) for each in members[:5]) or "nothing"
                raise TableError(f"{path}: got a zip with {found}, expected one CSV in it; unzip it and name the files")
            with archive.open(members[0]) as file:
                inside = file.read(most + 1)
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, OSError, EOFError, ValueError) as error:
        raise TableError(f"{path}: got a damaged zip ({error}); copy it again") from error
    except (RuntimeError, NotImplementedError) as error:  # a password, a method of compression
        raise TableError(f"{path}: got a zip that cannot be opened ({error}); unzip it") from error
    if len(inside) > most:
        raise _too_large(most, "zip", path)
    return inside


def _base(name: str) -> str:
    return name.rsplit("/", 1)[-1]


def _too_large(most: int, name: str, path: str) -> TableError:
    return TableError(
        f"{path}: got more than {most >> 20} MiB inside this {name} file, which no readings need; "
        "if it is a record after all, unpack it first"
    )
