"""The dashboard for Grafana is what Grafana's own types say, and asks for metrics that there are."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.clients.conftest import MODULES, ROOT

FOLDER = ROOT / "docs" / "clients" / "prometheus"
DASHBOARD: dict[str, Any] = json.loads((FOLDER / "grafana-dashboard.json").read_text())
TYPES = MODULES / "@grafana" / "schema" / "dist" / "types" / "raw"


@pytest.fixture(scope="module")
def generator() -> list[str]:
    """The command that makes a JSON schema of Grafana's types."""
    node = shutil.which("node")
    script = MODULES / "ts-json-schema-generator" / "bin" / "ts-json-schema-generator.js"
    if not (node and script.is_file() and TYPES.is_dir()):
        pytest.skip("THE GRAFANA DASHBOARD IS NOT TESTED: run `make test-clients`, which installs Grafana's types")
    return [node, str(script), "--no-type-check"]


def faults(generator: list[str], types: Path, name: str, value: Any) -> list[str]:
    """Return what a type says against a value."""
    jsonschema = pytest.importorskip("jsonschema", reason="SCHEMAS ARE NOT TESTED: jsonschema is not installed")
    definitions = schema(*generator, "--path", str(types), "--type", "*")["definitions"]
    check = jsonschema.Draft7Validator({"$ref": f"#/definitions/{name}", "definitions": definitions})
    return [f"{error.json_path}: {error.message}" for error in check.iter_errors(value)]


@cache
def schema(*command: str) -> Any:
    return json.loads(subprocess.run(command, capture_output=True, check=True, timeout=120).stdout)


def test_the_dashboard_is_as_grafanas_schema_says(generator: list[str]) -> None:
    types = TYPES / "dashboard" / "x" / "types.gen.d.ts"
    assert faults(generator, types, "Dashboard", DASHBOARD) == []
    assert faults(generator, types, "Dashboard", DASHBOARD | {"panels": [{"title": "no type"}]})


def test_the_options_of_each_panel_are_those_of_its_kind(generator: list[str]) -> None:
    for panel in DASHBOARD["panels"]:
        if panel["type"] == "row":
            continue
        (types,) = (TYPES / "composable" / panel["type"].replace("-", "") / "panelcfg" / "x").glob("*.d.ts")
        assert faults(generator, types, "Options", panel["options"]) == [], panel["title"]
        if (custom := panel["fieldConfig"]["defaults"].get("custom")) is not None:
            assert faults(generator, types, "FieldConfig", custom) == [], panel["title"]


def test_panels_do_not_overlap_and_none_is_outside() -> None:
    taken: dict[tuple[int, int], str] = {}
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        for cell in ((place["x"] + i, place["y"] + j) for i in range(place["w"]) for j in range(place["h"])):
            assert taken.setdefault(cell, panel["title"]) == panel["title"]
    identifiers = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(identifiers)) == len(identifiers)


def test_each_query_names_metrics_that_are_exported() -> None:
    exported = {each["prom_name"] for each in yaml.safe_load((FOLDER / "mqtt-exporter.yaml").read_text())["metrics"]}
    queries = [target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", ())]
    queries += [each["query"] for each in DASHBOARD["templating"]["list"] if each["type"] == "query"]
    rules = yaml.safe_load((FOLDER / "davylamp-rules.yml").read_text())["groups"][0]["rules"]
    named = set(re.findall(r"davylamp_\w+", " ".join(queries + [rule["expr"] for rule in rules])))
    assert len(queries) > 20
    assert named <= exported
