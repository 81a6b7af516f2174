"""Checks that the broker accepts everything that the agent publishes, without disturbing anybody who reads it."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence

from config.settings.gateway import Gateway
from edge.agent.request_verbs import REQUEST_VERBS
from edge.checking.findings import Findings
from edge.checking.permission_probe import PermissionProbe
from edge.discovery.identifiers import device_topic
from edge.mqtt.topics import Topics

_NEW = "davylamp-check"  # a station that does not exist


class Publishing:
    """The topics that an agent publishes to, and what the broker would refuse of them.

    Parameters
    ----------
    gateway
        Settings.
    stations
        Names of the stations that are known.
    findings
        Where refusals are printed.
    mosquitto
        Whether the broker is known to be Mosquitto.
    """

    def __init__(self, gateway: Gateway, stations: Iterable[str], findings: Findings, *, mosquitto: bool) -> None:
        self._topics = topics = Topics(gateway.topics.base)
        self._findings = findings
        self._who = gateway.broker.username or "clients without a login"
        self._fix = f"let {self._who} write {topics.base}/#"
        self._control = topics.response("check")
        self._probe = PermissionProbe(
            gateway.broker,
            f"davylamp-probe-{secrets.token_hex(4)}",
            self._control,
            mosquitto=mosquitto,
            beside=topics.availability("+"),
        )
        self._answers = [self._control, *map(topics.response, REQUEST_VERBS)]
        self._prefixes = {f"{prefix.rstrip('/')}/{_NEW}": prefix for prefix in gateway.topics.response_prefixes}
        discovery = gateway.home_assistant
        self._devices = [device_topic(discovery.root, gateway.gateway)] if discovery.possible else []
        self._devices_fix = f"let {self._who} write {discovery.configurations}, or {discovery.turned_off}"
        self._needs_devices = discovery.asked
        self._stations = set(stations)
        self._refused: dict[str, str] = {}

    def check(self) -> None:
        """Ask the broker about every topic, and print what it refuses.

        Raises
        ------
        BrokerError
            There is no connection.
        """
        findings, waits = self._findings, self._probe.waits()
        before, after = self._topics.availability("+").split("+")
        self._stations |= {topic.removeprefix(before).removesuffix(after) for topic in self._probe.seen}
        asked = self._asked(waits)
        found = self._probe.refusals(asked, qos=1 if waits is False else 2)
        self._refused = {topic: reason for topic, reason in found.items() if reason is not None}
        for topic in [*self._topics.own, *self._answers]:
            self._judge(topic, self._fix)
        for topic, prefix in self._prefixes.items():
            self._judge(topic, f"let {self._who} write {prefix}, or remove it from topics.response_prefixes")
        report = findings.error if self._needs_devices else findings.warning
        for topic in self._devices:
            if (reason := self._refused.pop(topic, None)) is not None:
                report(f"{topic}: the broker refuses what we publish: {reason}; fix: {self._devices_fix}")
        for number in range(len(self._topics.of_station(_NEW))):
            self._judge_stations(number)
        unanswered = [topic for topic in asked if topic not in found]
        if unanswered:
            what = f"the broker does not say whether it may be published, nor of {len(unanswered) - 1} more"
            findings.error(f"{unanswered[0]}: {what}; fix: look into the broker's log")
        self._summarise(waits, complete=not self._refused and not unanswered)

    def _asked(self, waits: bool | None) -> Sequence[str]:
        """Return the topics that can be asked about, if the broker ``waits`` for the end of a publication."""
        if waits is False:
            return [self._control]
        new = self._topics.of_station(_NEW)
        if waits is None:  # subscribers might receive the trial: only where nobody misses a station
            return [*self._answers, *self._prefixes, *new]
        known = (topic for name in sorted(self._stations) for topic in self._topics.of_station(name))
        # Never where a subscriber might receive it: to Home Assistant, an empty message removes a device.
        return [*self._topics.own, *self._answers, *self._prefixes, *self._devices, *new, *known]

    def _judge(self, topic: str, fix: str) -> None:
        if (reason := self._refused.get(topic)) is not None:
            self._findings.error(f"{topic}: the broker refuses what we publish: {reason}; fix: {fix}")

    def _judge_stations(self, number: int) -> None:
        """Judge one topic of every station; what is refused for all of them is one finding."""
        general = self._topics.of_station(_NEW)[number]
        each = {name: self._topics.of_station(name)[number] for name in sorted(self._stations)}
        refused = [topic for topic in each.values() if topic in self._refused]
        pattern = general.replace(f"/{_NEW}/", "/+/")
        if general in self._refused and len(refused) == len(each):
            reason = self._refused[general]
            self._findings.error(f"{pattern}: the broker refuses what we publish: {reason}; fix: {self._fix}")
            return
        if general in self._refused:
            accepted = ", ".join(name for name, topic in each.items() if topic not in self._refused)
            self._findings.warning(f"{pattern}: the broker accepts it of {accepted} only; fix for others: {self._fix}")
        for topic in refused:
            self._judge(topic, self._fix)

    def _summarise(self, waits: bool | None, *, complete: bool) -> None:
        base = f"{self._topics.base}/#"
        if waits and complete:
            whose = ", ".join(sorted(self._stations)) or "any station"
            own = ", ".join(topic.rpartition("/")[2] for topic in self._topics.own)
            self._findings.ok(f"{base}: may be published: {own}, answers, and all of {whose}")
        elif waits is None:
            fix = f"let {self._who} read {self._control}, with which the broker is tried"
            self._findings.warning(f"{base}: all but answers and topics of stations is not checked; fix: {fix}")
        elif waits is False:
            why = "this broker would hand every trial to subscribers"
            self._findings.warning(f"{base}: whether it may be published is checked on {self._control} only: {why}")
