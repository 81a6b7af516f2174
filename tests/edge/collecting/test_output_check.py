"""A collected file replaces nothing but one that was collected before."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.collecting.output_check import check_output
from edge.errors import RequestError


def test_a_new_file_an_empty_one_and_a_collected_one_may_be_written(tmp_path: Path) -> None:
    path = tmp_path / "recent.csv"
    check_output(path)
    path.touch()
    check_output(path)
    path.write_text("time;CH4;davylamp_verdict;davylamp_alarms;davylamp_label\n")
    (tmp_path / "recent.alarms.csv").write_text("id,closed_because\n")
    check_output(path)


@pytest.mark.parametrize("name", ["recent.csv", "recent.alarms.csv"])
def test_a_record_is_not_replaced(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("time,CH4\n2026-01-01T00:00:00Z,2000\n")
    with pytest.raises(RequestError, match="is there and was not collected; fix: another name"):
        check_output(tmp_path / "recent.csv")


@pytest.mark.parametrize("name", ["recent.csv.gz", "recent.parquet", "recent"])
def test_what_is_no_csv_is_not_called_otherwise(tmp_path: Path, name: str) -> None:
    with pytest.raises(RequestError, match=r"expected a name that ends in \.csv"):
        check_output(tmp_path / name)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"there is no folder .*nowhere; fix: make it"):
        check_output(tmp_path / "nowhere" / "recent.csv")
