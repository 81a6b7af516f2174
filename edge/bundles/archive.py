"""The bundle as a file: a sealed zip, and what to say when one arrives damaged.

A bundle is a zip with stored members, ``manifest.json`` first. Its comment is ``davylamp sha256:`` and the SHA-256 of
every byte before the comment, so that any flipped bit shows. The manifest holds the SHA-256 of every other member, so
that the damaged one can be named; where the directory at the end is cut off, the local headers lead to the members.
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

import msgspec

from edge.bundles.manifest import FORMAT, Manifest, Member
from edge.errors import BundleError

MANIFEST = "manifest.json"
OPTIONAL_MEMBER = "scorer-absent.onnx"
"""A member that a bundle has when its station has a gas column."""
MEMBERS = ("encoder.onnx", "decoder.onnx", "scorer.onnx", OPTIONAL_MEMBER, "tables.npz", "golden.npz")
"""Every other member, in the order of the file."""
MAX_BYTES = 20_000_000
"""Bytes; a bundle has some 100,000."""

_SEAL = b"davylamp sha256:"
_SEAL_SIZE = len(_SEAL) + 64
_LOCAL = struct.Struct("<4s10xLLLHH")  # signature, CRC-32, stored size, size, length of name, length of extra field
_AGAIN = "fix: copy or export the bundle again"


@dataclass(frozen=True)
class BundleContents:
    """An intact bundle: 64 hexadecimal digits of its digest, its manifest and its other members."""

    digest: str
    manifest: Manifest
    members: dict[str, bytes]


def pack(manifest: Manifest, members: Mapping[str, bytes]) -> bytes:
    """Make a bundle: the same manifest and members give the same bytes.

    Parameters
    ----------
    manifest
        Its ``members`` are filled in here.
    members
        Contents of each of :data:`MEMBERS` that its station has.
    """
    members = {name: members[name] for name in _members(manifest)}
    entries = {name: Member(sha256=_sha256(content), bytes=len(content)) for name, content in members.items()}
    manifest = msgspec.structs.replace(manifest, members=entries)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in {MANIFEST: manifest.to_json(), **members}.items():
            info = zipfile.ZipInfo(name)  # dated 1980-01-01
            info.create_system, info.external_attr = 3, 0o644 << 16  # Unix, wherever it is packed
            archive.writestr(info, content)
        archive.comment = bytes(_SEAL_SIZE)  # the seal covers its length
    body = buffer.getvalue()[:-_SEAL_SIZE]
    return body + _seal(body)


def read_bundle(path: str | os.PathLike[str]) -> bytes:
    """Read a file that may be a bundle.

    Raises
    ------
    BundleError
        There is none, it cannot be read, or it is far too large.
    """
    try:
        if Path(path).is_dir():
            raise BundleError(f"{path}: got a folder, expected a bundle (a file that ends in .davy)")
        with Path(path).open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise BundleError(f"{path}: {error.strerror}; expected a bundle made by 'davylamp export'") from error
    if len(data) > MAX_BYTES:
        raise BundleError(f"{path}: got more than {MAX_BYTES:,} bytes, expected a bundle (they are far smaller)")
    return data


def unpack(data: bytes, place: str) -> BundleContents:
    """Take a bundle apart.

    Parameters
    ----------
    data
        The whole file.
    place
        Its name, for messages.

    Raises
    ------
    BundleError
        It is no bundle, a damaged one (the member and both hashes are named), or one of another format.
    """
    body, seal = data[:-_SEAL_SIZE], data[-_SEAL_SIZE:]
    if seal != _seal(body):
        raise BundleError(f"{place}: {_damage(data, place)}; {_AGAIN}")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_directory(archive.infolist(), place)
            contents = {name: archive.read(name) for name in archive.namelist()}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, EOFError, OSError) as error:
        raise BundleError(f"{place}: got a zip that contradicts itself ({error}); {_AGAIN}") from error
    manifest = _decode(contents.pop(MANIFEST), place)
    expected = _members(manifest)
    if (OPTIONAL_MEMBER in contents) != (OPTIONAL_MEMBER in expected):
        fault = "is missing" if OPTIONAL_MEMBER in expected else "does not belong"
        raise BundleError(f"{place}: got a zip that is no bundle: {OPTIONAL_MEMBER} {fault}; {_AGAIN}")
    for name in expected:
        _compare(name, contents[name], manifest, place)
    return BundleContents(seal[len(_SEAL) :].decode(), manifest, contents)


def _members(manifest: Manifest) -> list[str]:
    return [name for name in MEMBERS if name != OPTIONAL_MEMBER or manifest.station.gas is not None]


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _seal(body: bytes) -> bytes:
    return _SEAL + _sha256(body).encode()


def _decode(text: bytes, place: str) -> Manifest:
    """Read a manifest, its format version before anything else."""
    try:
        # A later format may be another structure altogether: only this one number is read in any case.
        version = msgspec.json.decode(text, type=dict[str, msgspec.Raw]).get("format", b"null")
        if not re.fullmatch(rb"[0-9]{1,9}", bytes(version)) or int(bytes(version)) < 1:
            raise BundleError(f"{place}: {MANIFEST}: format: expected a whole number; {_AGAIN}")
        if int(bytes(version)) < FORMAT:
            raise BundleError(
                f"{place}: got bundle format {int(bytes(version))}, this davylamp reads {FORMAT}; "
                "fix: train and export again"
            )
        if int(bytes(version)) > FORMAT:
            raise BundleError(
                f"{place}: got bundle format {int(bytes(version))}, this davylamp reads up to {FORMAT}; "
                "fix: upgrade davylamp"
            )
        return Manifest.from_json(text)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise BundleError(f"{place}: {MANIFEST}: got {error}; {_AGAIN}") from error


def _check_directory(entries: list[zipfile.ZipInfo], place: str) -> None:
    names = [entry.filename for entry in entries]
    faults = [
        *(f"{name} is missing" for name in (MANIFEST, *MEMBERS) if name not in {*names, OPTIONAL_MEMBER}),
        *(f"{name!r} does not belong" for name in names if name not in (MANIFEST, *MEMBERS)),
        *(f"{name} is there twice" for name in dict.fromkeys(names) if names.count(name) > 1),
        *(f"{entry.filename!r} is compressed" for entry in entries if entry.compress_type != zipfile.ZIP_STORED),
    ]
    if faults:
        raise BundleError(f"{place}: got a zip that is no bundle: {', '.join(faults)}; {_AGAIN}")


def _mismatch(name: str, content: bytes, manifest: Manifest) -> str | None:
    """Say how a member differs from what the manifest promises, ``None`` if it does not."""
    promised = manifest.members.get(name)
    if promised is None:
        return f"{name}: got a manifest without it"
    if _sha256(content) == promised.sha256:
        return None
    return (
        f"{name}: got sha256 {_sha256(content)} ({len(content)} bytes), "
        f"expected {promised.sha256} ({promised.bytes} bytes)"
    )


def _compare(name: str, content: bytes, manifest: Manifest, place: str) -> None:
    fault = _mismatch(name, content, manifest)
    if fault:
        raise BundleError(f"{place}: {fault}; {_AGAIN}")


def _damage(data: bytes, place: str) -> str:
    """What is wrong with a file whose seal does not fit, in half a sentence that names the member where it can."""
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
    manifest = _decode(text, place)
    contents = {name: content for name, content, _ in found}
    for name in _members(manifest):
        fault = _mismatch(name, contents.get(name, b""), manifest)
        if fault:
            return fault
    at = data.rfind(_SEAL)
    if at < 0 or len(data) - at != _SEAL_SIZE:
        return "got every member whole but the end of the file cut off or changed"
    promised = data[at + len(_SEAL) :].decode("ascii", "backslashreplace")
    return f"got sha256 {_sha256(data[:at])} over the whole file, expected {promised}"


def _walk(data: bytes) -> list[tuple[str, bytes, int]]:
    """Follow the local headers: name, content (cut where the file is) and CRC-32 of each member."""
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
