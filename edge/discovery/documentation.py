"""Makes the tables of docs/home-assistant.md: ``python -m edge.discovery.documentation``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from edge.discovery.component import NEEDS, Component
from edge.discovery.gateway_table import GATEWAY_COMPONENTS
from edge.discovery.station_table import STATION_COMPONENTS

_HEAD = "| entity | is a | from, or request | |\n|---|---|---|---|"


def component_tables() -> str:
    """Return the tables of the gateway's and of a station's components, in Markdown."""
    parts = [
        "### Of the gateway",
        "\n".join([_HEAD, *_rows(GATEWAY_COMPONENTS)]),
        "### Of each station",
        "\n".join([_HEAD, *_rows(STATION_COMPONENTS, "<station>/"), _RAW]),
    ]
    return "\n\n".join(parts)


_RAW = "| the columns' names | sensor | the station's own topic, or `<station>/score` | Each raw channel but the gas. |"


def _rows(components: Iterable[Component], place: str = "") -> Iterator[str]:
    for each in components:
        topics = [f"`{place}{each.topic}`"] if each.topic else []
        requests = [f"`request/{each.verb}`"] if each.verb else []
        needs = "" if each.needs is None else f" Only {NEEDS[each.needs]}."
        yield f"| {each.name} | {each.platform} | {', '.join(topics + requests)} | {each.meaning}{needs} |"


if __name__ == "__main__":
    sys.stdout.write(f"{component_tables()}\n")
