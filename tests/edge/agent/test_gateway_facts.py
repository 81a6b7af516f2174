"""What an installation learns about a gateway file, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

FILE = """
gateway: gw
broker: {host: far, username: u, password: {file: pw}, tls: {ca: ca.pem, certificate: c.pem, key: /k.pem}}
stations: [{topic: 'a/{station}', bundle: one.davy}, {topic: 'b/{station}', bundle: one.davy}]
"""


def facts(path: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "edge.agent.gateway_facts", str(path)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_the_facts_are_json_with_absolute_paths(tmp_path: Path) -> None:
    path = tmp_path / "gateway.yaml"
    path.write_text(FILE)
    assert json.loads(facts(path).stdout) == {
        "gateway": "gw", "base": "davylamp/gw", "host": "far", "port": 8883, "username": "u", "credential": None,
        "secrets": [f"{tmp_path}/pw", "/k.pem"], "certificates": [f"{tmp_path}/ca.pem", f"{tmp_path}/c.pem"],
        "bundles": [f"{tmp_path}/one.davy"], "journal": "journal.db",
    }  # fmt: skip


def test_mistakes_are_lines_and_not_a_traceback(tmp_path: Path) -> None:
    path = tmp_path / "gateway.yaml"
    path.write_text("gateway: gw\nstation: 1\nbroker: {port: x}\n")
    done = facts(path)
    assert done.returncode == 1
    assert [line.startswith(str(path)) for line in done.stderr.splitlines()] == [True, True]
