"""A private file beside gateway.yaml is read from systemd's credentials, if it is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.settings.broker import Password, handed_out


def test_a_file_that_systemd_hands_out_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "pw").write_text("handed out\n")
    (tmp_path / "pw").write_text("beside\n")
    (tmp_path / "other").write_text("beside\n")
    assert Password(file=str(tmp_path / "pw")).read() == "beside"
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    assert Password(file=str(tmp_path / "pw")).read() == "handed out"
    assert Password(file=str(tmp_path / "other")).read() == "beside"
    assert handed_out(str(tmp_path / "gone")) == tmp_path / "gone"
