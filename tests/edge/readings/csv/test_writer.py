"""Rows are written as they come, or not at all."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from edge.readings.csv.writer import write_table

NAMES = ("Methane (ppb)", "Temperature", "RMQ4")


def test_rows_are_written_to_a_stream_as_they_come() -> None:
    stream = io.StringIO()

    write_table(stream, ("file", "n", "p"), (("a,b.csv", i, np.float64(i) / 3 if i else None) for i in range(2)))

    assert stream.getvalue() == 'file,n,p\n"a,b.csv",0,\n"a,b.csv",1,0.3333333333333333\n'


def test_significant_digits_hide_the_last_bits() -> None:
    streams = [io.StringIO(), io.StringIO()]
    for stream, bit in zip(streams, (0, 1), strict=True):
        values = np.array([[1 / 3, 48084.59906123, -0.0 * (1 - bit)]]) * (1 + bit * 1e-13)
        write_table(stream, NAMES, values, digits=8)

    assert streams[0].getvalue() == streams[1].getvalue() == "Methane (ppb),Temperature,RMQ4\n0.33333333,48084.599,0\n"


def test_a_failed_write_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("before")

    with pytest.raises(ValueError, match="got a row of 2 cells, expected 3"):
        write_table(path, NAMES, [(1.0, 2.0, 3.0), (1.0, 2.0)])

    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]
