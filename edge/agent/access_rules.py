"""Lists what an agent and its stations have to be allowed at the broker: ``python -m edge.agent.access_rules FILE``."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from config.errors import DavylampError
from config.settings.gateway import Gateway
from config.topic_filters import KEY_LEVEL, STATION_LEVEL, strip_share
from config.yaml.load import load_gateway

_EACH_LOGIN = "%u"  # as Mosquitto's patterns write it


def access_rules(gateway: Gateway) -> Iterator[str]:
    """Yield a line ``WHO ACCESS FILTER`` for each permission; ``%u`` stands for the login of a station.

    Parameters
    ----------
    gateway
        Settings. A station whose name is neither in its topic nor in its entry has no rule here: its login is unknown.
    """
    agent = gateway.broker.username or "davylamp"
    yield f"{agent} readwrite {gateway.topics.base}/#"
    if gateway.home_assistant.possible:
        yield f"{agent} read {gateway.home_assistant.status}"
        yield f"{agent} readwrite {gateway.home_assistant.configurations}"
    for prefix in gateway.topics.response_prefixes:
        yield f"{agent} write {prefix.removesuffix('/')}/#"
    for entry in gateway.stations:
        for topic, wanted in zip(entry.topics, entry.filters, strict=True):
            yield f"{agent} read {strip_share(wanted)}"
            station = strip_share(topic).replace(KEY_LEVEL, "+")
            if STATION_LEVEL in station.split("/"):
                yield f"{_EACH_LOGIN} write {station.replace(STATION_LEVEL, _EACH_LOGIN)}"
            elif entry.station is not None:
                yield f"{entry.station} write {station}"


def main(path: str) -> int:
    """Print the rules of a gateway file; returns the exit code."""
    try:
        for rule in access_rules(load_gateway(path)):
            sys.stdout.write(f"{rule}\n")
    except DavylampError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
