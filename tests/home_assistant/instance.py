"""Home Assistant without a frontend, connected to a broker; runs with Home Assistant's Python.

Arguments: its folder and the broker's port. Commands on standard input, a line each, are answered by a line of JSON:
``states``, and ``call [DOMAIN, SERVICE, ENTITY, DATA]``. Its log goes to standard error.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from pathlib import Path
from typing import Any

from homeassistant import bootstrap, runner

# Neither a frontend nor what every installation has beside MQTT is wanted here.
for rest in ("CRITICAL_INTEGRATIONS", "DEFAULT_INTEGRATIONS", "STAGE_1_INTEGRATIONS", "CORE_INTEGRATIONS"):
    setattr(bootstrap, rest, set())
bootstrap.STAGE_0_INTEGRATIONS = ()


def configure(folder: Path, port: int) -> None:
    """Write the configuration: the MQTT integration, as its dialogue would have made it."""
    entry: dict[str, Any] = {
        "created_at": "2025-01-01T00:00:00+00:00", "modified_at": "2025-01-01T00:00:00+00:00",
        "data": {"broker": "127.0.0.1", "port": port}, "disabled_by": None, "discovery_keys": {}, "domain": "mqtt",
        "entry_id": "broker", "minor_version": 2, "options": {}, "pref_disable_new_entities": False,
        "pref_disable_polling": False, "source": "user", "subentries": [], "title": "broker", "unique_id": None,
        "version": 1,
    }  # fmt: skip
    stored = {"version": 1, "minor_version": 5, "key": "core.config_entries", "data": {"entries": [entry]}}
    (folder / ".storage").mkdir(parents=True, exist_ok=True)
    (folder / ".storage" / "core.config_entries").write_text(json.dumps(stored))
    with socket.create_server(("127.0.0.1", 0)) as free:
        http = f"{{server_host: 127.0.0.1, server_port: {free.getsockname()[1]}}}"
    (folder / "configuration.yaml").write_text(f"homeassistant: {{}}\nhttp: {http}\n")


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def main(folder: Path, port: int) -> None:
    """Run until standard input ends."""
    configure(folder, port)
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
        say(json.dumps(answer, default=str))
    await hass.async_stop()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
