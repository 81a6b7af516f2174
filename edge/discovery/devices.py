"""The payloads with which Home Assistant makes devices: one of the gateway, and one of each station."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

from config.settings.gateway import StationEntry
from edge.bundles.bundle import Bundle
from edge.discovery.channels import raw_channels
from edge.discovery.component import Need
from edge.discovery.gateway_table import GATEWAY_COMPONENTS
from edge.discovery.home_assistant_units import home_assistant_unit
from edge.discovery.identifiers import device_topic, object_id
from edge.discovery.station_table import STATION_COMPONENTS
from edge.mqtt.topics import Topics
from edge.scoring.gas_unit import GasUnit

_URL: Final = "https://github.com/davylamp/davylamp"
_HEALTHS: Final = 3  # health messages that may be missed before their values are unknown

# "stopped" is neither online nor offline for Home Assistant, and an empty message has no JSON.
_ONLINE: Final = "{{ 'online' if (value_json | default({})).state == 'online' else 'offline' }}"


@dataclass(frozen=True)
class AnnouncedStation:
    """What the device of a station is made of.

    Parameters
    ----------
    name
        Its name.
    topic
        Where it publishes.
    entry
        Its entry in gateway.yaml.
    bundle
        Its bundle.
    expire_after
        Time after its last score from which on values are unknown [s]; ``None``: never.
    shows_values
        Whether its score messages have the values of its columns.
    """

    name: str
    topic: str
    entry: StationEntry
    bundle: Bundle
    expire_after: int | None
    shows_values: bool = False


class Devices:
    """Makes the payloads, and names their topics.

    Parameters
    ----------
    gateway
        Name of the gateway.
    topics
        Names of the agent's topics.
    prefix
        Home Assistant's discovery prefix.
    version
        Version of davylamp.
    health_every
        Time between two health messages [s].
    """

    def __init__(self, gateway: str, topics: Topics, prefix: str, *, version: str, health_every: float) -> None:
        self._gateway = gateway
        self._topics = topics
        self._prefix = prefix
        self._version = version
        self._health_every = health_every
        self._requests = topics.request("x").removesuffix("/x")

    def topic(self, station: str | None = None) -> str:
        """Return the topic of a station's payload; ``None``: the gateway's."""
        return device_topic(self._prefix, self._gateway, station)

    def gateway(self) -> dict[str, Any]:
        """Make the payload of the gateway."""
        owner = object_id(self._gateway)
        components = {}
        for each in GATEWAY_COMPONENTS:
            body = components[each.id] = each.body(owner, self._topics.base, self._requests)
            if each.expires:
                body["exp_aft"] = math.ceil(_HEALTHS * self._health_every)
            if not each.always_available:
                body["avty"] = [self._available(self._topics.state)]
        device = {"ids": [owner], "name": f"davylamp {self._gateway}", "mf": "davylamp", "mdl": "gateway agent"}
        return {"dev": device | {"sw": self._version}, "o": self._origin, "cmps": components}

    def station(self, station: AnnouncedStation) -> dict[str, Any]:
        """Make the payload of a station."""
        name, entry, bundle = station.name, station.entry, station.bundle
        owner = object_id(self._gateway, name)
        unit = GasUnit.from_bundle(bundle)
        place = f"{self._topics.base}/{name}"
        score = f"{place}/score" if station.shows_values else None
        has = _has(entry, bundle, unit)
        components = {}
        for each in STATION_COMPONENTS:
            if each.needs is not None and each.needs not in has:
                continue
            body = each.body(owner, place, self._requests, name)
            if each.in_gas_unit and unit is not None:
                body |= {"unit_of_meas": home_assistant_unit(unit.code), "sug_dsp_prc": _decimals(unit)}
            components[each.id] = body if each.expires is False else self._expiring(body, station)
        for key, body in raw_channels(owner, bundle.station, entry, station.topic, score=score).items():
            components[key] = self._expiring(body, station)
        device = {
            "ids": [owner], "name": f"Station {name}", "mf": "davylamp", "mdl": bundle.station.name,
            "mdl_id": bundle.id, "sw": self._version, "sn": name, "via_device": object_id(self._gateway),
        }  # fmt: skip
        return {
            "dev": device,
            "o": self._origin,
            "avty": [self._available(self._topics.state), self._available(self._topics.availability(name))],
            "avty_mode": "all",
            "cmps": components,
        }

    @property
    def _origin(self) -> dict[str, str]:
        return {"name": "davylamp", "sw": self._version, "url": _URL}

    @staticmethod
    def _available(topic: str) -> dict[str, str]:
        return {"t": topic, "val_tpl": _ONLINE}

    @staticmethod
    def _expiring(body: dict[str, Any], station: AnnouncedStation) -> dict[str, Any]:
        return body if station.expire_after is None else body | {"exp_aft": station.expire_after}


def _has(entry: StationEntry, bundle: Bundle, unit: GasUnit | None) -> set[Need]:
    gas = bundle.station.gas
    found: set[Need] = set()
    if unit is not None:
        found.add("gas")
    if gas is not None and gas not in entry.absent:
        found.add("analyser")
    if bundle.no_onset(absent=gas in entry.absent) is None:
        found.add("onset")
    return found


def _decimals(unit: GasUnit) -> int:
    """Return how many decimals a level has on a card: one fewer than in a score."""
    return max(0, round(math.log10(unit.scale)) - 1)
