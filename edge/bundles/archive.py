"""Packs and unpacks bundle files: sealed zips, whose damage is described by member.

A bundle is a zip with stored members, ``manifest.json`` first. Its comment is ``davylamp sha256:`` and the SHA-256 of
every byte before the comment, so that any flipped bit shows. The manifest holds the SHA-256 of every other member, so
that a damaged one can be named; if the directory at the end is cut off, the members are found by their local headers.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from config.file_fault import reading_fault
from config.printable import escape_commands, has_commands, in_quotes
from edge.bundles.manifest import FORMAT, Manifest, Member
from edge.errors import BundleError

MANIFEST = "manifest.json"
OPTIONAL_MEMBER = "scorer-absent.onnx"
"""The member that a bundle has only if its station has a gas column."""
MEMBERS = ("encoder.onnx", "decoder.onnx", "scorer.onnx", OPTIONAL_MEMBER, "tables.npz", "golden.npz")
"""All members but the manifest, in the order of the file."""
MAX_BYTES = 20_000_000
"""Largest file that is read [B]; a bundle has some 100,000."""

_SEAL = b"davylamp sha256:"
_SEAL_SIZE = len(_SEAL) + 64
_LOCAL = struct.Struct("<4s10xLLLHH")  # signature, CRC-32, stored size, size, length of name, length of extra field
_FIX = "fix: copy or export the bundle again"


@dataclass(frozen=True)
class BundleContents:
    """The contents of an intact bundle.

    Parameters
    ----------
    digest
        SHA-256 of the file up to its seal, in 64 hexadecimal digits.
    manifest
        The manifest.
    members
        Contents of the other members by name.
    """

    digest: str
    manifest: Manifest
    members: dict[str, bytes]


def pack(manifest: Manifest, members: Mapping[str, bytes]) -> bytes:
    """Make a bundle: the same manifest and members give the same bytes.

    Parameters
    ----------
    manifest
        The manifest; its ``members`` are filled in here.
    members
        Contents of each of :data:`MEMBERS`; the optional one is ignored if the station has no gas column.
    """
    members = {name: members[name] for name in _members(manifest)}
    entries = {name: Member(sha256=_sha256(content), bytes=len(content)) for name, content in members.items()}
    manifest = msgspec.structs.replace(manifest, members=entries)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in {MANIFEST: manifest.to_json(), **members}.items():
            info = zipfile.ZipInfo(name)  # dated 1980-01-01
            info.create_system, info.external_attr = 3, 0o644 << 16  # Unix, whichever system packs it
            archive.writestr(info, content)
        archive.comment = bytes(_SEAL_SIZE)  # the seal covers its length
    body = buffer.getvalue()[:-_SEAL_SIZE]
    return body + _seal(body)


def read_bundle(path: str | os.PathLike[str]) -> bytes:
    """Read a file that may be a bundle.

    Raises
    ------
    BundleError
        The file is missing, cannot be read, or is far too large.
    """
    try:
        if Path(path).is_dir():
            raise BundleError(f"{path}: got a folder, expected a bundle (a file that ends in .davy)")
        with Path(path).open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        expected = "expected a bundle made by 'davylamp export'"
        raise BundleError(f"{path}: {reading_fault(path, error, otherwise=expected)}") from error
    if len(data) > MAX_BYTES:
        raise BundleError(f"{path}: got more than {MAX_BYTES:,} bytes, expected a bundle (they are far smaller)")
    return data


def unpack(data: bytes, path: str) -> BundleContents:
    """Unpack a bundle.

    Parameters
    ----------
    data
        Bytes of the whole file.
    path
        Its path, for messages.

    Raises
    ------
    BundleError
        It is no bundle, is damaged (the error names the member and both hashes), or has another format.
    """
    body, seal = data[:-_SEAL_SIZE], data[-_SEAL_SIZE:]
    if seal != _seal(body):
        raise BundleError(f"{path}: {_damage(data, path)}; {_FIX}")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_directory(archive.infolist(), path)
            contents = {name: archive.read(name) for name in archive.namelist()}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, EOFError, OSError) as error:
        raise BundleError(f"{path}: got a zip that contradicts itself ({error}); {_FIX}") from error
    manifest = _decode(contents.pop(MANIFEST), path)
    expected = _members(manifest)
    if (OPTIONAL_MEMBER in contents) != (OPTIONAL_MEMBER in expected):
        fault = "is missing" if OPTIONAL_MEMBER in expected else "does not belong"
        raise BundleError(f"{path}: got a zip that is no bundle: {OPTIONAL_MEMBER} {fault}; {_FIX}")
    for name in expected:
        _compare(name, contents[name], manifest, path)
    return BundleContents(seal[len(_SEAL) :].decode(), manifest, contents)


def _members(manifest: Manifest) -> list[str]:
    return [name for name in MEMBERS if name != OPTIONAL_MEMBER or manifest.station.gas is not None]


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _seal(body: bytes) -> bytes:
    return _SEAL + _sha256(body).encode()


def _decode(text: bytes, path: str) -> Manifest:
    """Decode a manifest, its format version first."""
    try:
        # A later format may have another structure altogether: only this number is sure to be there.
        version = msgspec.json.decode(text, type=dict[str, msgspec.Raw]).get("format", b"null")
        if not re.fullmatch(rb"[0-9]{1,9}", bytes(version)) or int(bytes(version)) < 1:
            raise BundleError(f"{path}: {MANIFEST}: format: expected a whole number; {_FIX}")
        if int(bytes(version)) < FORMAT:
            raise BundleError(
                f"{path}: got bundle format {int(bytes(version))}, this davylamp reads {FORMAT}; "
                "fix: train and export again"
            )
        if int(bytes(version)) > FORMAT:
            raise BundleError(
                f"{path}: got bundle format {int(bytes(version))}, this davylamp reads up to {FORMAT}; "
                "fix: upgrade davylamp"
            )
        _check_texts(msgspec.json.decode(text), path)
        return Manifest.from_json(text)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise BundleError(f"{path}: {MANIFEST}: got {escape_commands(str(error))}; {_FIX}") from error


def _check_texts(value: Any, path: str, place: str = "") -> None:
    """Refuse a text that a terminal would obey: what a bundle says is printed by many verbs, and logged.

    Line breaks and tabs are left: a column may be named "CH4" and, in a second line, its unit.
    """
    if isinstance(value, str) and has_commands(value):
        got = f"got {in_quotes(value)}, expected a text without control characters"
        fix = "fix: train and export the bundle again, and do not use bundles of strangers"
        raise BundleError(f"{path}: {MANIFEST}: {place.lstrip('.')}: {got}; {fix}")
    if isinstance(value, dict):
        for key, each in value.items():
            _check_texts(key, path, f"{place} (a key)")
            _check_texts(each, path, f"{place}.{key}")
    elif isinstance(value, list):
        for index, each in enumerate(value):
            _check_texts(each, path, f"{place}[{index}]")


def _check_directory(entries: list[zipfile.ZipInfo], path: str) -> None:
    names = [entry.filename for entry in entries]
    faults = [
        *(f"{name} is missing" for name in (MANIFEST, *MEMBERS) if name not in {*names, OPTIONAL_MEMBER}),
        *(f"{name!r} does not belong" for name in names if name not in (MANIFEST, *MEMBERS)),
        *(f"{name} is there twice" for name in dict.fromkeys(names) if names.count(name) > 1),
        *(f"{entry.filename!r} is compressed" for entry in entries if entry.compress_type != zipfile.ZIP_STORED),
    ]
    if faults:
        raise BundleError(f"{path}: got a zip that is no bundle: {', '.join(faults)}; {_FIX}")


def _mismatch(name: str, content: bytes, manifest: Manifest) -> str | None:
    """Describe how a member differs from what the manifest promises; ``None``: it does not."""
    promised = manifest.members.get(name)
    if promised is None:
        return f"{name}: got a manifest without it"
    if _sha256(content) == promised.sha256:
        return None
    return (
        f"{name}: got sha256 {_sha256(content)} ({len(content)} bytes), "
        f"expected {promised.sha256} ({promised.bytes} bytes)"
    )


def _compare(name: str, content: bytes, manifest: Manifest, path: str) -> None:
    fault = _mismatch(name, content, manifest)
    if fault:
        raise BundleError(f"{path}: {fault}; {_FIX}")


def _damage(data: bytes, path: str) -> str:
    """Describe what is wrong with a file whose seal does not match, by member if possible."""
    if not data:
        return "got an empty file, expected a bundle"
    if data[:4] != b"PK\x03\x04"[: len(data)]:
        return "got a file that is no zip, expected a bundle made by 'davylamp export'"
    found = _walk(data)
    if not found:
        return f"{MANIFEST}: got {len(data)} bytes in all, expected a whole bundle"
    name, text, crc = found[0]
    if name != MANIFEST:
        return f"got a zip that does not begin with {MANIFEST}, expected a bundle made by 'davylamp export'"
    if zlib.crc32(text) != crc:
        return f"{MANIFEST}: got crc32 {zlib.crc32(text):08x} ({len(text)} bytes), expected {crc:08x}"
    manifest = _decode(text, path)
    contents = {name: content for name, content, _ in found}
    for name in _members(manifest):
        fault = _mismatch(name, contents.get(name, b""), manifest)
        if fault:
            return fault
    at = data.rfind(_SEAL)
    if at < 0 or len(data) - at != _SEAL_SIZE:
        return "got every member whole but the end of the file cut off or changed"
    promised = escape_commands(data[at + len(_SEAL) :].decode("ascii", "backslashreplace"))
    return f"got sha256 {_sha256(data[:at])} over the whole file, expected {promised}"


def _walk(data: bytes) -> list[tuple[str, bytes, int]]:
    """Follow the local headers: name, content (cut off with the file) and CRC-32 of each member."""
    found = []
    at = 0
    while len(data) - at >= _LOCAL.size:
        signature, crc, size, _, name_length, extra_length = _LOCAL.unpack_from(data, at)
        start = at + _LOCAL.size + name_length + extra_length
        if signature != b"PK\x03\x04" or start > len(data):
            break
        name = data[at + _LOCAL.size :][:name_length].decode("ascii", "replace")
        found.append((name, data[start : start + size], crc))
        at = start + size
    return found
