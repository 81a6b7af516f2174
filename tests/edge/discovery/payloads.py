"""Rules for discovery payloads that Home Assistant 2025.4 and later share, as its own schema code has them."""

from __future__ import annotations

import re
from typing import Any

ROOT = {"dev", "o", "avty", "avty_mode", "cmps"}
"""Keys at the root: any other one refuses the whole device, in 2025.4 at least."""

DEVICE = {"ids", "name", "mf", "mdl", "mdl_id", "sw", "sn", "via_device"}

COMMON = {"p", "uniq_id", "name", "qos", "ent_cat", "avty", "ic", "json_attr_t", "json_attr_tpl"}
OF_PLATFORM = {
    "sensor": {"stat_t", "val_tpl", "unit_of_meas", "stat_cla", "dev_cla", "sug_dsp_prc", "exp_aft", "ops"},
    "binary_sensor": {"stat_t", "val_tpl", "dev_cla", "exp_aft"},
    "number": {"stat_t", "val_tpl", "cmd_t", "cmd_tpl", "min", "max", "step", "mode"},
    "button": {"cmd_t", "pl_prs"},
    "event": {"stat_t", "evt_typ"},
    "update": {"stat_t", "val_tpl", "dev_cla", "cmd_t", "pl_inst"},
}


def faults(topic: str, payload: dict[str, Any]) -> list[str]:
    """Return what Home Assistant would refuse."""
    found = []
    if not re.fullmatch(r"[^+#]+/device/[a-zA-Z0-9_-]+/config", topic):
        found.append(f"topic {topic}")
    found += [f"root {key}" for key in payload.keys() - ROOT]
    found += [f"device {key}" for key in payload["dev"].keys() - DEVICE]
    found += [f"root lacks {key}" for key in {"dev", "o", "cmps"} - payload.keys()]
    ids = [body["uniq_id"] for body in payload["cmps"].values()]
    if len(set(ids)) != len(ids):
        found.append("two components have one unique id")
    for name, body in payload["cmps"].items():
        found += [f"{name}: {key}" for key in body.keys() - COMMON - OF_PLATFORM[body["p"]]]
        if body["p"] == "sensor" and body.get("ent_cat") == "config":
            found.append(f"{name}: a sensor of the category config")
        if body["p"] == "sensor" and body.get("dev_cla") == "gas":
            found.append(f"{name}: a volume of gas")
        if body.get("qos") not in (0, 1, 2):
            found.append(f"{name}: qos")
        if body.get("dev_cla") == "enum" and ("stat_cla" in body or not body.get("ops")):
            found.append(f"{name}: an enum")
        for key in ("stat_t", "cmd_t"):
            if key in body and re.search(r"[+#]", body[key]):
                found.append(f"{name}: {key} has a wildcard")
    return found
