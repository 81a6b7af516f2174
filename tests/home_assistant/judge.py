"""Judges discovery payloads with Home Assistant's own schema code; runs with Home Assistant's Python.

Reads a JSON list of payloads from standard input, and prints a list: what is wrong with each, null for nothing.
"""

from __future__ import annotations

import asyncio
import copy
import importlib
import json
import sys
from typing import Any

from homeassistant.components.mqtt import discovery, schemas
from homeassistant.core import HomeAssistant


def judge(payload: dict[str, Any]) -> str | None:
    """Take a payload as Home Assistant would; returns why it is refused."""
    try:
        discovery._replace_all_abbreviations(payload)
        device = schemas.DEVICE_DISCOVERY_SCHEMA(copy.deepcopy(payload))
        check = getattr(schemas, "validate_device_discovery_components", None)  # later releases have one
        if check is not None:
            check(copy.deepcopy(device))
        for component in payload["components"].values():
            config = dict(component)
            platform = config.pop("platform")
            discovery._merge_common_device_options(config, payload)
            config |= {"device": payload["device"], "origin": payload["origin"]}
            importlib.import_module(f"homeassistant.components.mqtt.{platform}").DISCOVERY_SCHEMA(config)
    except Exception as error:  # whatever it is, Home Assistant would refuse the device
        return f"{type(error).__name__}: {error}"
    return None


async def main() -> None:
    """Judge what comes on standard input."""
    HomeAssistant("/nonexistent")  # templates are parsed by one
    json.dump([judge(each) for each in json.load(sys.stdin)], sys.stdout)


if __name__ == "__main__":
    asyncio.run(main())
