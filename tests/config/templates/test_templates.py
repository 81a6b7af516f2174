"""The files that a new installation starts from."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.errors import ConfigError
from config.templates.templates import copy_templates
from config.yaml.load import load_gateway, load_station, load_training


def test_the_copied_files_can_be_loaded(tmp_path: Path) -> None:
    written = copy_templates(tmp_path / "new" / "site")
    names = [
        "methane.yaml",
        "training.yaml",
        "gateway.yaml",
        "mosquitto.conf",
        "mosquitto.acl",
        "davylamp.service",
        "davylamp-dashboard.service",
    ]
    assert [path.name for path in written] == names
    station, training, gateway, _, _, unit, page_unit = written
    load_station(station)
    load_training(training)
    assert load_gateway(gateway).stations[0].bundle == str(gateway.parent.resolve() / "one.davy")
    assert "ExecStart=" in unit.read_text()
    assert "davylamp dashboard" in page_unit.read_text()


def test_nothing_is_written_if_a_file_exists_already(tmp_path: Path) -> None:
    (tmp_path / "gateway.yaml").write_text("mine")
    (tmp_path / "training.yaml").write_text("mine, too")
    with pytest.raises(ConfigError, match=r"training\.yaml, gateway\.yaml exist already") as caught:
        copy_templates(tmp_path)
    assert len(caught.value.problems) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["gateway.yaml", "training.yaml"]
    assert (tmp_path / "gateway.yaml").read_text() == "mine"


def test_a_folder_that_cannot_be_created_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="cannot be written to"):
        copy_templates(tmp_path / "file" / "below")
