"""Rules for the folder of a Home Assistant add-on, as the documentation for its developers has them.

Its linter cannot be had from a package registry, so they are written down here.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jsonschema
import yaml

_ELEMENT = re.compile(
    r"(bool|email|url|port|device(\(subsystem=[a-z]+\))?|(str|password)(\(\d*,\d*\))?|int(\(\d*,\d*\))?"
    r"|float(\([\d.]*,[\d.]*\))?|match\(.+\)|list\(.+\))\??"
)
_TEXT = {"type": "string", "minLength": 1}
_FLAG = {"type": "boolean"}
_RULES: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "version", "slug", "description", "arch"],
    "properties": {
        "name": _TEXT,
        "version": {"type": "string", "pattern": r"^\d+(\.\d+)*$"},
        "slug": {"type": "string", "pattern": "^[-_.A-Za-z0-9]+$"},
        "description": _TEXT,
        "url": {"type": "string", "pattern": "^https://"},
        "arch": {"type": "array", "minItems": 1, "items": {"enum": ["aarch64", "amd64"]}},  # others have ended
        "startup": {"enum": ["initialize", "system", "services", "once"]},
        "stage": {"enum": ["experimental", "deprecated"]},
        "services": {"type": "array", "items": {"type": "string", "pattern": "^(mqtt|mysql):(provide|want|need)$"}},
        "map": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["type"],
                "properties": {
                    "type": {"enum": ["addon_config", "homeassistant_config", "ssl", "share", "media", "data"]},
                    "read_only": _FLAG,
                    "path": _TEXT,
                },
            },
        },
        "timeout": {"type": "integer", "minimum": 11, "maximum": 300},
        "backup": {"const": "cold"},
        "ports": {"type": "object"},
        "ports_description": {"type": "object"},
        "ingress": {"const": True},
        "ingress_port": {"type": "integer"},
        "panel_icon": {"type": "string", "pattern": "^mdi:"},
        "panel_title": _TEXT,
        "tmpfs": {"const": True},
        "options": {"type": "object", "minProperties": 1},
        "schema": {"type": "object", "minProperties": 1},
    },
}
"""Keys of config.yaml that an add-on without privileges has. A value that is the default has to be left out."""


def add_on_faults(folder: Path) -> list[str]:
    """Return a sentence for everything in the folder that the Supervisor, or the add-on linter, would refuse."""
    configuration = yaml.safe_load((folder / "config.yaml").read_text())
    validator = jsonschema.Draft7Validator(_RULES)
    faults = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(configuration)]
    faults += [f"{name}: not found" for name in ("Dockerfile", "DOCS.md") if not (folder / name).is_file()]
    if any(path.parent != folder for path in folder.rglob("config.*")):
        faults.append("config.yaml: found a second one, which the Supervisor would take for an add-on")
    schema, options = configuration.get("schema", {}), configuration.get("options", {})
    faults += _schema_faults(schema, "schema", depth=1)
    faults += _option_faults(schema, options, "options")
    return faults


def _schema_faults(element: Any, place: str, depth: int) -> list[str]:
    if isinstance(element, str):
        return [] if _ELEMENT.fullmatch(element) else [f'{place}: got "{element}", expected a type of the Supervisor']
    if depth > 3:
        return [f"{place}: nested more than twice"]
    if isinstance(element, list):
        if len(element) != 1 or isinstance(element[0], list):
            return [f"{place}: expected one element, which is no list"]
        return _schema_faults(element[0], f"{place}[0]", depth)
    if isinstance(element, dict):
        return [each for key, below in element.items() for each in _schema_faults(below, f"{place}.{key}", depth + 1)]
    return [f"{place}: got {element!r}, expected a type, a list or a mapping"]


def _option_faults(schema: Any, value: Any, place: str) -> list[str]:
    """Return where the default options do not fit the schema."""
    if isinstance(schema, list):
        if not isinstance(value, list):
            return [f"{place}: expected a list"]
        return [each for i, item in enumerate(value) for each in _option_faults(schema[0], item, f"{place}[{i}]")]
    if isinstance(schema, dict):
        if not isinstance(value, dict):
            return [f"{place}: expected a mapping"]
        faults = [f"{place}.{key}: not in the schema" for key in value if key not in schema]
        for key, below in schema.items():
            optional = isinstance(below, str) and below.endswith("?")
            if optional and key in value and place == "options":
                faults.append(f"{place}.{key}: optional, so it must not have a default")
            if not optional and key not in value:
                faults.append(f"{place}.{key}: missing, and not optional")
            if key in value:
                faults += _option_faults(below, value[key], f"{place}.{key}")
        return faults
    return _value_faults(str(schema).removesuffix("?"), value, place)


def _value_faults(kind: str, value: Any, place: str) -> list[str]:
    right = value is not None
    if found := re.fullmatch(r"match\((.*)\)", kind):
        right = re.match(found[1], str(value)) is not None
    elif found := re.fullmatch(r"list\((.*)\)", kind):
        right = str(value) in found[1].split("|")
    elif kind == "bool":
        right = isinstance(value, bool)
    elif kind.startswith(("int", "port", "float")):
        right = isinstance(value, int | float) and not isinstance(value, bool)
    elif kind.startswith(("str", "password")):
        right = isinstance(value, str)
    return [] if right else [f"{place}: got {value!r}, expected {kind}"]
