"""An npz is read as numpy writes it, and whatever else it could be is a refusal."""

from __future__ import annotations

import io
import random
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.bundles.number_arrays import read_number_arrays


def npz(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return buffer.getvalue()


def npy(header: str, content: bytes = bytes(80)) -> bytes:
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + content


@pytest.mark.parametrize("name", ["tables.npz", "golden.npz"])
def test_the_arrays_of_a_bundle_are_those_that_numpy_reads(entries: dict[str, bytes], name: str) -> None:
    found = read_number_arrays(entries[name])
    with np.load(io.BytesIO(entries[name])) as expected:
        assert found.keys() == set(expected)
        for key, array in expected.items():
            np.testing.assert_array_equal(found[key], array)
            assert (found[key].dtype, found[key].shape) == (array.dtype, array.shape)
            assert found[key].flags.f_contiguous == array.flags.f_contiguous
            assert found[key].flags.writeable
            assert found[key].flags.aligned


def test_every_layout_that_numpy_writes_is_read(tmp_path: Path) -> None:
    arrays: dict[str, Any] = {
        "single": np.float64(3.5), "none": np.zeros((0, 4), np.float32), "turned": np.arange(6.0).reshape(2, 3).T,
        "whole": np.arange(5), "half": np.ones(3, np.float16), "which": np.array([True, False]),
    }  # fmt: skip
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "x.npz", **arrays)
        found = read_number_arrays((tmp_path / "x.npz").read_bytes())
        for name, expected in arrays.items():
            np.testing.assert_array_equal(found[name], expected)
            assert found[name].dtype == np.asarray(expected).dtype


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<f8', 'fortran_order': False, 'shape': (20000000000,), }\n",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (2000000000, 9), }\n",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999,), }\n",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (-10,), }\n",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (9,), }\n",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (True,), }\n",
        "{'descr': '|O', 'fortran_order': False, 'shape': (10,), }\n",
        "{'descr': '<U2', 'fortran_order': False, 'shape': (10,), }\n",
        "{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (10,), }\n",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (" + 70 * "1, " + "10), }\n",
        "'''",
        "((((((",
        "  x\n y\n",
        "\x00",
        "",
    ],
)
def test_a_header_of_a_stranger_is_a_refusal(header: str) -> None:
    with pytest.raises(ValueError, match=r'^"x", which is no array|^"x" of another size'):
        read_number_arrays(npz(x=npy(header)))


def test_what_is_no_npz_or_has_too_many_numbers_is_a_refusal() -> None:
    many = io.BytesIO()
    np.savez_compressed(many, zeros=np.zeros(10_000_000))
    for data in (b"", b"PK", b"no zip", npz(x=b"")[:-30], many.getvalue(), npz(x=b"\x93NUMPY")):
        with pytest.raises(ValueError, match=r"no file of arrays|no array of numbers|bytes of numbers"):
            read_number_arrays(data)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_compression_of_a_stranger_is_a_refusal(method: int) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr("x.npy", b"1" * 1000)
    damaged = bytearray(file.getvalue())
    damaged[40:60] = b"9" * 20
    for data in (file.getvalue(), bytes(damaged)):
        with pytest.raises(ValueError, match="compression"):
            read_number_arrays(data)


def test_no_damage_to_a_header_is_anything_but_a_refusal(entries: dict[str, bytes]) -> None:
    with zipfile.ZipFile(io.BytesIO(entries["tables.npz"])) as archive:
        members = {name.removesuffix(".npy"): archive.read(name) for name in archive.namelist()}
    rng = random.Random(3)
    refused = 0
    for _ in range(200):
        name = rng.choice(list(members))
        changed = bytearray(members[name])
        changed[rng.randrange(min(len(changed), 100))] = rng.choice([rng.randrange(256), *b"('9\n"])
        try:
            read_number_arrays(npz(**{**members, name: bytes(changed)}))
        except ValueError:
            refused += 1
    assert refused > 50
