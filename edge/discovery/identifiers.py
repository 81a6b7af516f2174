"""Maps names to the ids that Home Assistant takes, and finds names that it would confuse."""

from __future__ import annotations

import re
from hashlib import blake2b

_FOREIGN = re.compile(r"[^A-Za-z0-9_-]")


def object_id(gateway: str, station: str | None = None) -> str:
    """Return the id of a device: letters, digits, ``_`` and ``-`` only.

    A station's name may have ``.`` and ``:`` as well. One that has gets a checksum, so that two of them stay different
    and neither depends on which came first.

    Parameters
    ----------
    gateway
        Name of the gateway.
    station
        Name of the station; ``None``: the gateway itself.

    Examples
    --------
    >>> object_id("gw1"), object_id("gw1", "st-1"), object_id("gw1", "st.1")
    ('davylamp_gw1', 'davylamp_gw1_st-1', 'davylamp_gw1_st_1_72352a')
    """
    if station is None:
        return f"davylamp_{gateway}"
    plain = _FOREIGN.sub("_", station)
    if plain != station:
        plain = f"{plain}_{blake2b(station.encode(), digest_size=3).hexdigest()}"
    return f"davylamp_{gateway}_{plain}"


def device_topic(prefix: str, gateway: str, station: str | None = None) -> str:
    """Return the topic of a device's payload.

    Examples
    --------
    >>> device_topic("homeassistant", "gw1")
    'homeassistant/device/davylamp_gw1/config'
    """
    return f"{prefix}/device/{object_id(gateway, station)}/config"


def device_in(topic: str, prefix: str) -> str | None:
    """Return the id of the device whose payload is on a topic; ``None`` for every other topic.

    Examples
    --------
    >>> device_in("homeassistant/device/davylamp_gw1/config", "homeassistant")
    'davylamp_gw1'
    """
    before = f"{prefix}/device/"
    found = topic.removeprefix(before).removesuffix("/config")
    return found if topic == f"{before}{found}/config" and "/" not in found else None


def is_of_gateway(identifier: str, gateway: str) -> bool:
    """Return whether a device is the gateway or one of its stations; a gateway's name has no ``_``.

    Examples
    --------
    >>> is_of_gateway("davylamp_gw1_st-1", "gw1"), is_of_gateway("davylamp_gw10", "gw1")
    (True, False)
    """
    own = object_id(gateway)
    return identifier == own or identifier.startswith(f"{own}_")


def appearance(station: str) -> str:
    """Return what Home Assistant makes of a station's name in the ids of entities.

    Examples
    --------
    >>> appearance("ST.1") == appearance("st:1") == appearance("st-1")
    True
    """
    return re.sub(r"[^a-z0-9]+", "_", station.lower()).strip("_")
