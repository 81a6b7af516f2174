"""Home Assistant, connected to a broker; runs with Home Assistant's Python.

Arguments: its folder, the broker's port and, for one with pages, the YAML file of its dashboard. Commands on standard
input, a line each, are answered by a line of JSON: ``states``, ``call [DOMAIN, SERVICE, ENTITY, DATA]``, and ``login``,
which returns where its pages are and the tokens that its frontend keeps in a browser. Its log goes to standard error.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import time
from pathlib import Path
from typing import Any

from homeassistant import bootstrap, runner
from homeassistant.auth.const import GROUP_ID_ADMIN
from homeassistant.core import HomeAssistant

# Neither a frontend nor what every installation has beside MQTT is wanted here.
for rest in ("CRITICAL_INTEGRATIONS", "DEFAULT_INTEGRATIONS", "STAGE_1_INTEGRATIONS", "CORE_INTEGRATIONS"):
    setattr(bootstrap, rest, set())
bootstrap.STAGE_0_INTEGRATIONS = ()


PAGES = """
config:
frontend:
history:
logbook:
recorder: {{commit_interval: 1}}
lovelace: {{mode: yaml, dashboards: {{station-card: {{mode: yaml, title: Station, filename: {}}}}}}}
"""


def store(folder: Path, key: str, data: dict[str, Any], version: int = 1, minor_version: int = 1) -> None:
    """Write a file of Home Assistant's storage."""
    (folder / ".storage").mkdir(parents=True, exist_ok=True)
    stored = {"version": version, "minor_version": minor_version, "key": key, "data": data}
    (folder / ".storage" / key).write_text(json.dumps(stored))


def configure(folder: Path, port: int, dashboard: str | None) -> None:
    """Write the configuration: the MQTT integration, as its dialogue would have made it."""
    entry: dict[str, Any] = {
        "created_at": "2025-01-01T00:00:00+00:00", "modified_at": "2025-01-01T00:00:00+00:00",
        "data": {"broker": "127.0.0.1", "port": port}, "disabled_by": None, "discovery_keys": {}, "domain": "mqtt",
        "entry_id": "broker", "minor_version": 2, "options": {}, "pref_disable_new_entities": False,
        "pref_disable_polling": False, "source": "user", "subentries": [], "title": "broker", "unique_id": None,
        "version": 1,
    }  # fmt: skip
    store(folder, "core.config_entries", {"entries": [entry]}, minor_version=5)
    store(folder, "onboarding", {"done": ["user", "core_config", "analytics", "integration"]}, version=4)
    with socket.create_server(("127.0.0.1", 0)) as free:
        http = f"{{server_host: 127.0.0.1, server_port: {free.getsockname()[1]}}}"
    pages = PAGES.format(dashboard) if dashboard else ""
    (folder / "configuration.yaml").write_text(f"homeassistant: {{}}\nhttp: {http}\n{pages}")


async def login(hass: HomeAssistant) -> dict[str, Any]:
    """Make a user; returns the address of the pages, and what the frontend keeps of a login."""
    address = f"http://127.0.0.1:{hass.http.server_port}"
    user = await hass.auth.async_create_user("Ada", group_ids=[GROUP_ID_ADMIN])
    refresh = await hass.auth.async_create_refresh_token(user, client_id=f"{address}/")
    access = hass.auth.async_create_access_token(refresh, "127.0.0.1")
    tokens = {
        "access_token": access, "token_type": "Bearer", "expires_in": 1800, "refresh_token": refresh.token,
        "hassUrl": address, "clientId": f"{address}/", "expires": time.time() * 1000 + 1_800_000,
    }  # fmt: skip
    return {"address": address, "tokens": tokens}


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def main(folder: Path, port: int, dashboard: str | None = None) -> None:
    """Run until standard input ends."""
    configure(folder, port, dashboard)
    settings = runner.RuntimeConfig(config_dir=str(folder), skip_pip=True, open_ui=False)
    hass = await bootstrap.async_setup_hass(settings)
    assert hass is not None
    await hass.async_start()
    say("ready")
    reader = asyncio.StreamReader(limit=1 << 20)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := (await reader.readline()).decode():
        command, _, rest = line.strip().partition(" ")
        answer = None
        if command == "states":
            answer = {each.entity_id: [each.state, dict(each.attributes)] for each in hass.states.async_all()}
        elif command == "call":
            domain, service, entity, data = json.loads(rest)
            await hass.services.async_call(domain, service, {"entity_id": entity, **data}, blocking=True)
        elif command == "login":
            answer = await login(hass)
        say(json.dumps(answer, default=str))
    await hass.async_stop()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:]))
