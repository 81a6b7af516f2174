"""TightWheel: a wheel whose large members are packed by LZMA, a fifth smaller than by deflate, as wheels come."""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

LARGE = 1_000_000
"""Size from which a member is packed by LZMA [bytes]."""

# Fast, because a laptop packs them once: level 6 takes six times as long, and saves another tenth.
_FILTER = {"id": lzma.FILTER_LZMA1, "preset": 1, "dict_size": 1 << 20, "lc": 3, "lp": 0, "pb": 2}
_LZMA_HEADER = struct.pack("<BBHBI", 9, 4, 5, (2 * 5 + 0) * 9 + 3, 1 << 20)  # version, size, properties of the filter
_LZMA_FLAG = 0x02  # the end is marked
_UTF8_FLAG = 0x800
_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_EPOCH = 0x21  # 1980-01-01, as a date of MS-DOS: the same members are the same bytes


@dataclass(frozen=True)
class _Member:
    name: bytes
    method: int
    checksum: int
    packed: bytes
    size: int
    attributes: int

    def fields(self) -> tuple[int, ...]:
        """Return what both headers of a member have, from the version that is needed to the length of its name."""
        lzma_packed = self.method == zipfile.ZIP_LZMA
        flags = _UTF8_FLAG | (_LZMA_FLAG if lzma_packed else 0)
        version = 63 if lzma_packed else 20
        return (
            version, flags, self.method, 0, _EPOCH, self.checksum, len(self.packed), self.size, len(self.name), 0,
        )  # fmt: skip


def tighten_wheel(path: Path) -> None:
    """Pack a wheel's large members by LZMA; its members, and so its RECORD, stay byte for byte what they are.

    pip reads both kinds. Wheels without large members are left alone, among them pip's own, which is run out of its
    wheel: Python imports from deflated members only.
    """
    with zipfile.ZipFile(path) as archive:
        infos = [info for info in archive.infolist() if not info.is_dir()]
        if not any(info.file_size >= LARGE for info in infos):
            return
        with ThreadPoolExecutor() as threads:
            members = list(threads.map(_pack, infos, [archive.read(info) for info in infos]))
    data = _zip(members)
    if len(data) < path.stat().st_size:
        beside = path.with_suffix(".tight")
        beside.write_bytes(data)
        beside.replace(path)


def _pack(info: zipfile.ZipInfo, data: bytes) -> _Member:
    if len(data) >= LARGE:
        method = zipfile.ZIP_LZMA
        packed = _LZMA_HEADER + lzma.compress(data, format=lzma.FORMAT_RAW, filters=[_FILTER])
    else:
        method = zipfile.ZIP_DEFLATED
        packed = zlib.compress(data, 6, wbits=-zlib.MAX_WBITS)
    return _Member(info.filename.encode(), method, info.CRC, packed, len(data), info.external_attr)


def _zip(members: Sequence[_Member]) -> bytes:
    """Write a zip file; ``zipfile`` cannot choose the level of LZMA, and its own takes a minute."""
    parts, directory, offset = list[bytes](), list[bytes](), 0
    for member in members:
        fields = member.fields()
        here = _LOCAL.pack(b"PK\x03\x04", *fields) + member.name + member.packed
        central = (b"PK\x01\x02", 3 << 8 | fields[0], *fields, 0, 0, 0, member.attributes, offset)
        directory.append(_CENTRAL.pack(*central) + member.name)
        parts.append(here)
        offset += len(here)
    listed = b"".join(directory)
    end = _END.pack(b"PK\x05\x06", 0, 0, len(members), len(members), len(listed), offset, 0)
    return b"".join([*parts, listed, end])
