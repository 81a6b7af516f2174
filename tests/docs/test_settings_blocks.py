"""What the pages say to write into settings is accepted, and TLS as its page sets it up works."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from msgspec.structs import fields

from config.settings.gateway import Gateway
from config.templates.templates import METHANE
from config.yaml.load import load_fleet, load_gateway, load_station
from edge.discovery.station_table import STATION_COMPONENTS
from tests.conftest import ROOT
from tests.docs.command_blocks import blocks_of
from tests.docs.workspace import Workspace
from tests.running_broker import StartBroker

_ENTRY = "stations: [{topic: 'sensors/{station}/readings', bundle: one.davy}]\n"


def settings_blocks() -> Iterator[tuple[str, str]]:
    """Yield (place, text) of every block of YAML; entries of payloads.md have a test of their own."""
    for page in sorted((ROOT / "docs").glob("*.md")):
        text = page.read_text(encoding="utf-8")
        for found in re.finditer(r"^```yaml\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE):
            if page.name != "payloads.md":
                yield f"{page.name}:{text.count(chr(10), 0, found.start(1)) + 1}", found[1]


@pytest.mark.parametrize("text", [pytest.param(text, id=place) for place, text in settings_blocks()])
def test_a_block_of_settings_is_accepted(text: str, tmp_path: Path) -> None:
    keys = yaml.safe_load(text).keys()
    path = tmp_path / "settings.yaml"
    if "features" in keys:
        path.write_text(text)
        assert load_station(path).features
    elif keys == {"windows"}:
        before = METHANE.read_text(encoding="utf-8").replace("cadence: null", "cadence: 60")
        path.write_text(re.sub(r"^windows:\n(?: .*\n)*", text, before, flags=re.MULTILINE))
        assert load_station(path).windows.recenter == yaml.safe_load(text)["windows"]["recenter"]
    elif "{station}.csv" in text:
        path.write_text(text)
        assert load_fleet(path).stations
    elif "type" in keys:
        _assert_entities_exist(text)
    else:
        assert keys <= {each.encode_name for each in fields(Gateway)}
        path.write_text(text if "stations" in keys else text + _ENTRY)
        assert load_gateway(path).stations


def _assert_entities_exist(card: str) -> None:
    """Hold the ids in a card against those that Home Assistant makes of the names in the table, and of the columns."""
    named = [(each.platform, each.name) for each in STATION_COMPONENTS]
    named += [("sensor", each.name) for each in load_station(METHANE).features]
    ids = {f"{platform}.station_st_1_{re.sub(r'[^a-z0-9]+', '_', name.lower())}" for platform, name in named}
    found = set(re.findall(r"\b(?:sensor|binary_sensor|button|number|event)\.\w+", card))
    assert found
    assert found - ids == set()


@pytest.mark.broker
@pytest.mark.mqtt5
def test_tls_as_its_page_sets_it_up(tmp_path: Path, start_broker: StartBroker, bundles: dict[str, Path]) -> None:
    page = ROOT / "docs" / "tls.md"
    place = Workspace(tmp_path / "reader", 0)
    certificates = next(blocks_of(page))
    outcome = place.run(certificates.text, timeout=60)
    assert outcome.code == 0, outcome.printed
    (lines,) = re.findall(r"^```text\n(listener.*?)^```$", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    files = re.sub("/etc/mosquitto/certs", str(place.folder), lines).splitlines()[1:]
    broker = start_broker(*files)
    (text,) = re.findall(r"^```yaml\n(.*?)^```$", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    settings = text.replace("host: gateway.local", f"host: localhost\n  port: {broker.port}")
    (place.folder / "gateway.yaml").write_text(f"{settings}stations: [{{bundle: {bundles['both']}}}]\n")
    (place.folder / "password.txt").write_text("ignored by a broker without logins\n")
    (place.folder / "password.txt").chmod(0o600)

    def check() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "davylamp", "check", "-c", "gateway.yaml", "--listen", "0"],
            cwd=place.folder, env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    passed = check()
    assert passed.returncode == 0, passed.stdout + passed.stderr
    without = settings.replace("tls: {ca: ca.crt}", "plaintext: true")
    (place.folder / "gateway.yaml").write_text(f"{without}stations: [{{bundle: {bundles['both']}}}]\n")
    refused = check()
    assert refused.returncode == 1
    assert "speaks TLS, and broker.tls is null" in refused.stdout + refused.stderr
