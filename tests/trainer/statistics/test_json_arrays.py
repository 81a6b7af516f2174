from __future__ import annotations

import json
from pathlib import Path

import msgspec
import numpy as np
import pytest

from edge.arrays import Floats
from trainer.errors import TrainingError
from trainer.statistics.json_arrays import decode_arrays, encode_arrays, read_arrays


class Table(msgspec.Struct, frozen=True):
    rows: Floats
    by_name: dict[str, Floats]
    share: float


TABLE = Table(np.array([14186.0, np.nan, 0.123456789]), {"a": np.array([[1.0, 2.5]])}, float("nan"))


def test_arrays_and_nan_come_back_and_whole_numbers_exactly() -> None:
    again = decode_arrays(encode_arrays(TABLE), Table)

    np.testing.assert_array_equal(again.rows, [14186.0, np.nan, 0.12346])
    np.testing.assert_array_equal(again.by_name["a"], [[1.0, 2.5]])
    assert np.isnan(again.share)


def test_what_is_written_is_standard_json() -> None:
    written = json.loads(encode_arrays(TABLE), parse_constant=pytest.fail)

    assert written["rows"] == [14186, "nan", 0.12346]


def test_a_file_that_does_not_exist_is_none_and_a_damaged_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / "table.json"
    assert read_arrays(path, Table, fix="again") is None

    path.write_bytes(encode_arrays(TABLE)[:30])
    with pytest.raises(TrainingError, match=r"table\.json: cannot be read: .*; fix: again"):
        read_arrays(path, Table, fix="again")
    path.write_bytes(b'{"rows": ["much"], "by_name": {}, "share": 1}')
    with pytest.raises(TrainingError, match=r"table\.json: cannot be read"):
        read_arrays(path, Table, fix="again")
