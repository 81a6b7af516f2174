"""The table of the gateway's components."""

from __future__ import annotations

from typing import Final

from edge.discovery.component import CONTROL, COUNTED, DIAGNOSTIC, MEASURED, TRANSACTION, Component

# No rate is 0, and a button that does nothing helps nobody.
_RATE: Final = '{"exceedances_per_1000": {{ value if value else "null" }}, "transaction": "' + TRANSACTION + '"}'


def _health(ident: str, name: str, meaning: str, value: str, **options: object) -> Component:
    return Component(
        ident, "sensor", name, meaning, "health", f"{{{{ value_json.{value} }}}}",
        options={**options, **DIAGNOSTIC}, expires=True,
    )  # fmt: skip


GATEWAY_COMPONENTS: Final = (
    Component(
        "online", "binary_sensor", "Agent", "Whether the agent runs and the broker has it.", "state",
        "{{ 'ON' if (value_json | default({})).state == 'online' else 'OFF' }}",
        attributes="{{ (value_json | default({})) | tojson }}",
        options={"dev_cla": "connectivity", **DIAGNOSTIC}, always_available=True,
    ),
    _health("readings", "Readings", "Readings scored since the start.", "readings", ic="mdi:counter", **COUNTED),
    _health("stations", "Stations", "Stations that have sent a reading.", "stations", ic="mdi:broadcast", **MEASURED),
    _health(
        "dead", "Dead letters", "Payloads that could not be used since the start.", "dead_letters",
        ic="mdi:email-alert", **COUNTED,
    ),
    _health(
        "outbox", "Outbox", "Events and dead letters that the broker has not confirmed.", "outbox",
        ic="mdi:tray-arrow-up", **MEASURED,
    ),
    _health(
        "rss", "Memory", "Resident memory of the agent.", "rss_mib",
        ic="mdi:memory", dev_cla="data_size", unit_of_meas="MiB", sug_dsp_prc=0, **MEASURED,
    ),
    Component(
        "journal", "binary_sensor", "Journal", "Whether the journal cannot commit; its size is an attribute.", "health",
        "{{ 'OFF' if value_json.journal.state == 'ok' else 'ON' }}",
        attributes="{{ value_json.journal | tojson }}", options={"dev_cla": "problem", **DIAGNOSTIC}, expires=True,
    ),
    Component(
        "bundle", "sensor", "Bundles", "Files of the bundles in use.", "info",
        "{{ (value_json.bundles | map(attribute='file') | join(', '))[:255] if value_json is defined else none }}",
        options={"ic": "mdi:package-variant-closed", **DIAGNOSTIC},
    ),
    Component(
        "rate", "number", "False alarms per 1000",
        "The requested rate of exceedances; entering one sets it, 0 returns to gateway.yaml's.", "info",
        "{{ value_json.exceedances_per_1000 if value_json is defined else none }}",
        verb="rate/set",
        options={
            "ic": "mdi:tune", "cmd_tpl": _RATE, "min": 0, "max": 1000, "step": 0.001, "mode": "box", **CONTROL,
        },
    ),
    Component(
        "answer", "sensor", "Last synthesis", "ok, or why the last request for synthetic rows was refused.",
        "response/synthesize", "{{ value_json.error[:255] if value_json.status == 'error' else 'ok' }}",
        options={"ic": "mdi:table-check", **DIAGNOSTIC},
    ),
)  # fmt: skip
"""Every component of the gateway's device, in the order of the documentation."""
