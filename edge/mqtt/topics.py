"""Topics: every topic name of davylamp, once; and the patterns under which stations publish."""

from __future__ import annotations

import re

from config.settings.gateway import RESERVED
from config.topic_filters import STATION_LEVEL, strip_share, subscription_filter

_STATION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}")


class Topics:
    """Names of everything below one gateway's base topic.

    Parameters
    ----------
    base
        For example ``davylamp/gw1``; a slash at its end is ignored.

    Examples
    --------
    >>> Topics("davylamp/gw1").score("st-01")
    'davylamp/gw1/st-01/score'
    """

    def __init__(self, base: str) -> None:
        self.base = base.rstrip("/")
        self.state = f"{self.base}/state"
        self.info = f"{self.base}/info"
        self.health = f"{self.base}/health"
        self.deadletter = f"{self.base}/deadletter"
        self.requests = f"{self.base}/request/#"
        self.responses = f"{self.base}/response"

    def availability(self, station: str) -> str:
        """Whether the station sends (retained)."""
        return f"{self.base}/{station}/availability"

    def score(self, station: str) -> str:
        """Verdict of every reading."""
        return f"{self.base}/{station}/score"

    def event(self, station: str) -> str:
        """Alarms opening, going on and closing (never retained)."""
        return f"{self.base}/{station}/event"

    def alarm(self, station: str) -> str:
        """What stands now (retained)."""
        return f"{self.base}/{station}/alarm"

    def request(self, verb: str) -> str:
        """Where a verb is asked for."""
        return f"{self.base}/request/{verb}"

    def response(self, verb: str) -> str:
        """Where a verb is answered."""
        return f"{self.responses}/{verb}"

    def verb(self, topic: str) -> str | None:
        """Name the verb of a request topic, ``None`` for every other topic."""
        prefix = f"{self.base}/request/"
        return topic.removeprefix(prefix) if topic.startswith(prefix) else None

    def may_answer(self, topic: str, prefixes: tuple[str, ...] = ()) -> bool:
        """Tell whether a requester may name this topic as the place for its answer.

        Whoever may send a request makes the agent publish, with the agent's own permissions. So an answer goes below
        ``<base>/response`` or below one of the configured prefixes, and nowhere else in the base: a request must not
        be able to write a gateway's state, or another request.

        Parameters
        ----------
        topic
            The Response Topic of an MQTT 5 request.
        prefixes
            ``topics.response_prefixes`` of gateway.yaml; whole levels, ``clients`` allows no ``clients-of-others``.
        """
        if not topic or len(topic) > 1024 or topic.startswith("$") or any(c in topic for c in "+#\0"):
            return False
        if _below(topic, self.base):
            return topic.startswith(f"{self.responses}/")
        return any(_below(topic, prefix) for prefix in prefixes)


class Pattern:
    """Topic pattern of stations: ``{station}`` captures one whole level.

    Parameters
    ----------
    template
        For example ``sensors/{station}/readings``. Other wildcards (``+``, a closing ``#``) match and are ignored, and
        so is ``$share/GROUP/`` in front: see :func:`config.topic_filters.strip_share`.

    Examples
    --------
    >>> pattern = Pattern("sensors/{station}/readings")
    >>> pattern.filter, pattern.station("sensors/st-01/readings")
    ('sensors/+/readings', 'st-01')
    """

    def __init__(self, template: str) -> None:
        self.template = template
        self.filter = subscription_filter(template)
        levels = [_level(level) for level in strip_share(template).split("/")]
        # "a/#" matches "a" itself, too.
        rest = "(?:/.*)?" if levels[-1] == "#" else ""
        self._regex = re.compile("/".join(level for level in levels if level != "#") + rest, re.DOTALL)
        self._captures = STATION_LEVEL in template.split("/")

    def matches(self, topic: str) -> bool:
        """Tell whether a topic is one of this pattern's."""
        return self._regex.fullmatch(topic) is not None

    def station(self, topic: str) -> str | None:
        """Station of a topic, ``None`` where the pattern does not match or captures none; not checked yet."""
        found = self._regex.fullmatch(topic)
        return found["station"] if found and self._captures else None


def station_problem(station: str) -> str | None:
    """Say why a name cannot be a station's; ``None`` when it can.

    A station's name becomes a level of our topics and a cell of CSV files: letters, digits and ``_.:-``, at most 64
    of them, and none of :data:`config.settings.gateway.RESERVED`.
    """
    if station in RESERVED:
        return f"{station!r} is one of the gateway's own words ({', '.join(sorted(RESERVED))}); fix: rename the station"
    if not _STATION.fullmatch(station):
        return f"got the station {station[:64]!r}, expected 1 to 64 letters, digits, _ . : - (first a letter or digit)"
    return None


def _below(topic: str, prefix: str) -> bool:
    return topic.startswith(prefix.rstrip("/") + "/")


def _level(level: str) -> str:
    if level == STATION_LEVEL:
        return "(?P<station>[^/]*)"
    return {"+": "[^/]*", "#": "#"}.get(level) or re.escape(level)
