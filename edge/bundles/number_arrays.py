"""Reads arrays of numbers from an npz as numpy writes it.

numpy's own reader takes a header for an expression in Python, and whatever a stranger writes there ends in one of a
dozen kinds of errors, or in an attempt to have 160 GB of memory.
"""

from __future__ import annotations

import io
import math
import re
import struct
import zipfile
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from config.printable import in_quotes
from edge.arrays import Arrays

MOST_BYTES = 20_000_000
"""Most bytes of numbers in a file, which may be compressed [B]."""
MOST_RANK = 8
"""Most dimensions of an array."""

_HEADER = re.compile(
    rb"\{'descr': '([<|][biuf][1248])', 'fortran_order': (True|False), "
    rb"'shape': \(((?:[0-9]{1,9}, ?)*[0-9]{0,9})\), \} *\n"
)
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_MAGIC = b"\x93NUMPY"


def read_number_arrays(data: bytes) -> Arrays:
    """Return the arrays of an npz by name.

    Raises
    ------
    ValueError
        It is no npz, has something else than numbers, or too many of them.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if any(entry.compress_type not in _COMPRESSIONS for entry in entries):
                raise ValueError("a compression that numpy does not write")
            if sum(entry.file_size for entry in entries) > MOST_BYTES:
                raise ValueError(f"more than {MOST_BYTES:,} bytes of numbers")
            arrays = {entry.filename.removesuffix(".npy"): archive.read(entry) for entry in entries}
    except (
        zipfile.BadZipFile,
        zlib.error,
        OSError,
        EOFError,
        NotImplementedError,
        RuntimeError,
        struct.error,
    ) as error:
        raise ValueError(f"no file of arrays ({error})") from error
    if len(arrays) != len(entries):
        raise ValueError("an array twice")
    return {name: _array(name, content) for name, content in arrays.items()}


def _array(name: str, content: bytes) -> NDArray[Any]:
    version, size = content[6:8], 2 if content[6:7] == b"\x01" else 4
    start = 8 + size
    end = start + int.from_bytes(content[8:start], "little")
    header = _HEADER.fullmatch(content[start:end])
    if content[:6] != _MAGIC or version not in (b"\x01\x00", b"\x02\x00") or header is None:
        raise ValueError(f"{in_quotes(name)}, which is no array of numbers")
    dtype = np.dtype(header[1].decode())
    shape = tuple(int(each) for each in header[3].split(b",") if each.strip())
    if len(shape) > MOST_RANK or math.prod(shape) * dtype.itemsize != len(content) - end:
        raise ValueError(f"{in_quotes(name)} of another size than it says")
    flat = np.frombuffer(content, dtype, offset=end)
    return flat.reshape(shape, order="F" if header[2] == b"True" else "C").copy(order="K")
