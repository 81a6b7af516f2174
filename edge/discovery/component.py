"""Component: one entity of Home Assistant, a row of the table from which payloads and documentation are made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Platform = Literal["sensor", "binary_sensor", "number", "button", "event", "update"]
Need = Literal["analyser", "gas", "onset"]

NEEDS: dict[Need, str] = {
    "analyser": "stations that send the gas",
    "gas": "bundles with a gas column",
    "onset": "bundles that find plumes from the sensors alone",
}
"""What a station must have for a component to be announced."""

MEASURED: Mapping[str, object] = {"stat_cla": "measurement"}
COUNTED: Mapping[str, object] = {"stat_cla": "total_increasing"}
DIAGNOSTIC: Mapping[str, object] = {"ent_cat": "diagnostic"}
CONTROL: Mapping[str, object] = {"ent_cat": "config"}

_PRESSED: Mapping[str, str] = {"button": "pl_prs", "update": "pl_inst"}  # key of what is sent when it is pressed

TRANSACTION = "home-assistant"
"""The ``transaction`` of every request that Home Assistant sends."""


@dataclass(frozen=True)
class Component:
    """An entity.

    Parameters
    ----------
    id
        Its id in the payload, and the end of its unique id.
    platform
        What Home Assistant makes of it.
    name
        Its name there.
    meaning
        What it shows or does, for the documentation.
    topic
        Level below the owner's topics from which its state comes; empty for a button.
    value
        Template of the state; empty: the payload itself.
    attributes
        Template of its attributes, made of the same message; empty without any.
    verb
        The request that it sends; empty if it sends none.
    request
        Body of the request; a button or an update of a station adds ``station``.
    options
        Further keys of the payload, as Home Assistant abbreviates them.
    needs
        Without this the component is left out.
    in_gas_unit
        Whether the state is a level in the unit of the gas column.
    expires
        Whether the state is unknown when nothing has come for long.
    always_available
        Whether it is available while the agent is not.
    """

    id: str
    platform: Platform
    name: str
    meaning: str
    topic: str = ""
    value: str = ""
    attributes: str = ""
    verb: str = ""
    request: Mapping[str, object] = field(default_factory=dict)
    options: Mapping[str, object] = field(default_factory=dict)
    needs: Need | None = None
    in_gas_unit: bool = False
    expires: bool = False
    always_available: bool = False

    def body(self, owner: str, place: str, requests: str, station: str | None = None) -> dict[str, Any]:
        """Return its part of a payload.

        Parameters
        ----------
        owner
            Object id of the device.
        place
            Topic below which the device's messages are.
        requests
            Topic below which requests are.
        station
            Name of the station whose component it is; ``None``: the gateway's.
        """
        made: dict[str, Any] = {"p": self.platform, "uniq_id": f"{owner}_{self.id}", "name": self.name, "qos": 1}
        if self.topic:
            made["stat_t"] = f"{place}/{self.topic}"
        if self.value:
            made["val_tpl"] = self.value
        if self.attributes:
            made |= {"json_attr_t": made["stat_t"], "json_attr_tpl": self.attributes}
        if self.verb:
            made["cmd_t"] = f"{requests}/{self.verb}"
        if self.platform in _PRESSED:
            whose = {} if station is None else {"station": station}
            made[_PRESSED[self.platform]] = json.dumps({**whose, **self.request, "transaction": TRANSACTION})
        return {**made, **self.options}
