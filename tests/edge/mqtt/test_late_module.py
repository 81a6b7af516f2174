"""A module that is imported late is there when it is needed, and costs nothing before."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def printed(script: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{script}"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_an_agent_has_no_web_client_in_its_memory() -> None:
    script = "import edge.mqtt.reconnecting_link, edge.agent.agent, edge.agent.presence\n"
    heavy = "{'http.client', 'email', 'importlib.metadata', 'tkinter', 'asyncio'}"
    assert printed(f"{script}print(sorted({heavy} & set(sys.modules)))") == "[]"


@pytest.mark.parametrize(
    "use",
    [
        "import urllib.request; print(urllib.request.quote('ü'))",
        "from urllib.request import quote; print(quote('ü'))",
        "import urllib.request as r; r.own = 1; import urllib.request; print(urllib.request.quote('ü') * r.own)",
        "import urllib.request as r; r.own = 1; del r.own; print(r.quote('ü') * (not hasattr(r, 'own')))",
        "import importlib.util as u; u.find_spec('urllib.request'); import urllib.request as r; print(r.quote('ü'))",
    ],
)
def test_a_late_module_is_the_module_as_soon_as_it_is_used(use: str) -> None:
    script = "import edge.mqtt, urllib.request as before\nassert 'http.client' not in sys.modules\n"
    ending = "\nassert 'http.client' in sys.modules\nassert type(sys.modules['urllib.request']).__name__ == 'module'"
    assert printed(script + use + ending) == "%C3%BC"


def test_a_module_that_is_there_is_left_alone() -> None:
    script = "import urllib.request as before\nimport edge.mqtt\nimport urllib.request as after\nprint(before is after)"
    assert printed(script) == "True"


def test_paho_can_still_look_for_a_proxy() -> None:
    script = "import edge.mqtt, paho.mqtt.client as paho\nprint(callable(paho.urllib.request.proxy_bypass))"
    assert printed(script) == "True"
