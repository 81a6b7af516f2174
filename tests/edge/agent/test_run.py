"""Files that cannot be used are refused before anything is connected."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from config.errors import ConfigError
from config.settings.gateway import Gateway, JournalSettings, StationEntry
from edge.agent.configuration import Configuration, open_bundles
from edge.agent.run import open_journal, run
from edge.agent.signals import AgentSignals
from edge.errors import BundleError
from tests.doubles import FakeClock


def test_a_tampered_bundle_is_refused_before_anything_is_connected(bundles: dict[str, Path], tmp_path: Path) -> None:
    data = bytearray(bundles["both"].read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "bad.davy").write_bytes(data)
    gateway = Gateway(stations=(StationEntry(bundle=str(tmp_path / "bad.davy")),))
    with pytest.raises(BundleError) as refused:
        open_bundles(gateway, lambda *_: None)
    assert "\n" not in str(refused.value)


def test_entries_of_one_bundle_share_it_and_it_is_verified_once(bundles: dict[str, Path]) -> None:
    both, ae = str(bundles["both"]), str(bundles["ae"])
    gateway = Gateway(
        stations=tuple(StationEntry(bundle=file, topic=f"{n}/{{station}}") for n, file in enumerate((both, ae, both)))
    )
    verified: list[tuple[str, str]] = []
    first, second, third = open_bundles(gateway, lambda file, bundle, difference: verified.append((file, bundle.id)))
    assert first is third
    assert verified == [(both, first.id), (ae, second.id)]


def test_a_gateway_without_stations_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"gateway\.yaml: stations: got none, expected at least one entry"):
        open_bundles(Gateway(), lambda *_: None)


def test_the_journal_is_opened_as_gateway_yaml_says(tmp_path: Path, fake_clock: FakeClock) -> None:
    settings = JournalSettings(path=str(tmp_path / "j.db"), durability="process", max_mb=50, readings_per_station=700)
    journal = open_journal(Gateway(journal=settings), fake_clock)
    assert (tmp_path / "j.db").is_file()
    assert (journal._durability, journal.readings_kept(1, 9)) == ("process", 700)
    assert journal.readings_kept(1000, 9) < 700
    journal.close()


def test_what_an_agent_cannot_start_with_is_in_the_log_of_json(
    tmp_path: Path, logging_afterwards: None, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "gateway.yaml"
    path.write_text('stations: [{bundle: "none.davy"}]\nlog: {format: json}\n')
    with AgentSignals() as signals:
        assert run(path, signals) == 1
    (line,) = capsys.readouterr().err.splitlines()
    body = json.loads(line)
    assert (body["level"], body["event"]) == ("error", "the agent cannot start")
    assert "none.davy" in body["detail"]
    path.write_text('stations: [{bundle: "none.davy"}]\n')
    with pytest.raises(BundleError, match=r"none\.davy"), AgentSignals() as signals:
        run(path, signals)


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_mistake_in_davylamp_that_ends_the_agent_is_in_the_log_of_json_with_its_traceback(
    tmp_path: Path,
    logging_afterwards: None,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    form: str,
) -> None:
    def fails(gateway: Gateway, _: object) -> None:
        raise ZeroDivisionError("a mistake")

    monkeypatch.setattr(Configuration, "of", fails)
    path = tmp_path / "gateway.yaml"
    path.write_text(f'stations: [{{bundle: "none.davy"}}]\nlog: {{format: {form}}}\n')
    with AgentSignals() as signals:
        if form == "text":  # Python prints it
            with pytest.raises(ZeroDivisionError):
                run(path, signals)
        else:
            assert run(path, signals) == 1
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(each["event"], each["traceback"].splitlines()[-1]) for each in lines] == (
        [("the agent has failed", "ZeroDivisionError: a mistake")] if form == "json" else []
    )
