"""Bundles that differ from another one in their manifest only."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from edge.bundles.archive import pack, unpack


def variant(path: Path, **changed: Any) -> bytes:
    """Return a bundle with other values in its manifest; its seal and hashes are right."""
    contents = unpack(path.read_bytes(), str(path))
    return pack(msgspec.structs.replace(contents.manifest, **changed), contents.members)


def later(path: Path, year: int = 2099) -> bytes:
    """Return the same bundle as if it had been trained later."""
    return variant(path, created=f"{year}-01-01T00:00:00.000Z")


def without_tables(path: Path, part: str) -> bytes:
    """Return a bundle without those of its tables whose names contain a part."""
    contents = unpack(path.read_bytes(), str(path))
    tables = np.load(io.BytesIO(contents.members["tables.npz"]), allow_pickle=False)
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **{name: tables[name] for name in tables if part not in name})
    return pack(contents.manifest, contents.members | {"tables.npz": buffer.getvalue()})
