"""Topic names below a gateway's base topic, and the topic patterns of stations."""

from __future__ import annotations

import re
import unicodedata
from hashlib import blake2b

from config.settings.gateway import RESERVED
from config.topic_filters import KEY_LEVEL, STATION_LEVEL, strip_share, subscription_filter

_LONGEST = 64  # characters of a station's name
_STATION = re.compile(rf"[A-Za-z0-9][A-Za-z0-9_.:-]{{0,{_LONGEST - 1}}}")


class Topics:
    """Topic names below one gateway's base topic.

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
        self.marker = f"{self.base}/marker"
        self.requests = f"{self.base}/request/#"
        self.responses = f"{self.base}/response"

    @property
    def own(self) -> tuple[str, ...]:
        """Every topic on which the agent publishes something about itself."""
        return self.state, self.info, self.health, self.deadletter, self.marker

    def of_station(self, station: str) -> tuple[str, ...]:
        """Every topic on which the agent publishes something about a station."""
        return self.score(station), self.event(station), *self.retained_of(station), self.counts(station)

    def retained_of(self, station: str) -> tuple[str, ...]:
        """Those of them that are retained."""
        return self.alarm(station), self.availability(station), self.model(station)

    def availability(self, station: str) -> str:
        """Topic for whether a station sends (retained)."""
        return f"{self.base}/{station}/availability"

    def score(self, station: str) -> str:
        """Topic for the verdicts of a station's readings."""
        return f"{self.base}/{station}/score"

    def event(self, station: str) -> str:
        """Topic for a station's alarm events: opened, continuing, closed (never retained)."""
        return f"{self.base}/{station}/event"

    def alarm(self, station: str) -> str:
        """Topic for a station's active alarms (retained)."""
        return f"{self.base}/{station}/alarm"

    def counts(self, station: str) -> str:
        """Topic for a station's part of ``health``."""
        return f"{self.base}/{station}/counts"

    def model(self, station: str) -> str:
        """Topic for which bundle scores a station, and which waits (retained)."""
        return f"{self.base}/{station}/model"

    def request(self, verb: str) -> str:
        """Topic for requests of a verb."""
        return f"{self.base}/request/{verb}"

    def response(self, verb: str) -> str:
        """Topic for answers to a verb."""
        return f"{self.responses}/{verb}"

    def verb(self, topic: str) -> str | None:
        """Return the verb of a request topic, ``None`` for every other topic."""
        prefix = f"{self.base}/request/"
        return topic.removeprefix(prefix) if topic.startswith(prefix) else None

    def may_answer(self, topic: str, prefixes: tuple[str, ...] = ()) -> bool:
        """Return whether a requester may ask for its answer on this topic.

        A request makes the agent publish with the agent's own permissions. So an answer goes below ``<base>/response``
        or below one of the configured prefixes, and nowhere else in the base: a request must not be able to write a
        gateway's state, or another request.

        Parameters
        ----------
        topic
            The Response Topic of an MQTT 5 request.
        prefixes
            ``topics.response_prefixes`` of gateway.yaml: whole levels, ``clients`` does not allow ``clients-2``.
        """
        if not topic or len(topic) > 1024 or topic.startswith("$") or any(c in topic for c in "+#\0"):
            return False
        if _below(topic, self.base):
            return topic.startswith(f"{self.responses}/")
        return any(_below(topic, prefix) for prefix in prefixes)


class Pattern:
    """Topic pattern of stations: ``{station}`` and ``{key}`` each capture one whole level.

    Parameters
    ----------
    template
        For example ``sensors/{station}/readings``. Other wildcards (``+``, a closing ``#``) match and are ignored, and
        so is ``$share/GROUP/`` in front: see :func:`config.topic_filters.strip_share`.

    Attributes
    ----------
    splits
        Whether the pattern captures ``{key}``: a message is a part of a reading then.

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
        # "a/#" matches "a" as well.
        rest = "(?:/.*)?" if levels[-1] == "#" else ""
        self._regex = re.compile("/".join(level for level in levels if level != "#") + rest, re.DOTALL)
        self._captures = STATION_LEVEL in template.split("/")
        self.splits = KEY_LEVEL in template.split("/")

    def matches(self, topic: str) -> bool:
        """Return whether a topic matches this pattern."""
        return self._regex.fullmatch(topic) is not None

    def station(self, topic: str) -> str | None:
        """Return a topic's station, unchecked; ``None`` when the pattern does not match or captures no station."""
        found = self._regex.fullmatch(topic)
        return found["station"] if found and self._captures else None

    def key(self, topic: str) -> str | None:
        """Return the name of the value or part that a topic carries; ``None`` when the pattern captures none."""
        found = self._regex.fullmatch(topic) if self.splits else None
        return found["key"] if found else None


def station_problem(station: str) -> str | None:
    """Describe why a name cannot be a station's; ``None`` when it can.

    A station's name becomes a level of our topics and a cell of CSV files: at most 64 letters, digits and ``_.:-``,
    and none of :data:`config.settings.gateway.RESERVED`.
    """
    if station in RESERVED:
        return f"{station!r} is one of the gateway's own words ({', '.join(sorted(RESERVED))}); fix: rename the station"
    if not _STATION.fullmatch(station):
        return f"got the station {station[:64]!r}, expected 1 to 64 letters, digits, _ . : - (first a letter or digit)"
    return None


def safe_station(name: str) -> str:
    """Make a name that can be a station's from one that a device or a topic gives.

    The same name always gives the same one: a name that can be a station's stays as it is; blanks, slashes and the
    like become ``_``, accents are left out. A name that loses letters on the way, or its end, gets a checksum, so that
    two of them stay different.

    Examples
    --------
    >>> safe_station("well pad 7"), safe_station("84:f3:eb:aa:bb:cc"), safe_station("Gärten/Süd"), safe_station("state")
    ('well_pad_7', '84:f3:eb:aa:bb:cc', 'Garten_Sud', 'station_state')
    >>> safe_station("Цех 7")
    '7_bba93b'
    """
    if station_problem(name) is None:
        return name
    plain = unicodedata.normalize("NFKD", name)
    kept = "".join(c for c in plain if not unicodedata.combining(c))
    safe = re.sub(r"[^A-Za-z0-9_.:-]+", "_", kept).lstrip("_.:-").rstrip("_")
    if not safe or len(safe) > _LONGEST or any(c.isalnum() and not c.isascii() for c in kept):
        checksum = blake2b(name.encode(errors="replace"), digest_size=3).hexdigest()
        safe = f"{safe[: _LONGEST - 7] or 'station'}_{checksum}"
    return f"station_{safe}" if safe in RESERVED else safe


def _below(topic: str, prefix: str) -> bool:
    return topic.startswith(prefix.rstrip("/") + "/")


def _level(level: str) -> str:
    if level in (STATION_LEVEL, KEY_LEVEL):
        return f"(?P<{level[1:-1]}>[^/]*)"
    return {"+": "[^/]*", "#": "#"}.get(level) or re.escape(level)
