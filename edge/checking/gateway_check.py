"""Checks everything that the agent needs, as whoever runs the check: the user, the working directory, the sandbox."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from config.errors import DavylampError
from config.file_fault import writing_fault
from config.service import is_service
from config.settings.gateway import Gateway
from config.settings.home_assistant import HomeAssistantSettings
from config.yaml.load import load_gateway
from edge.agent.announcer import subscriptions
from edge.agent.configuration import open_bundles
from edge.agent.inspection import Inspection
from edge.agent.stations import Stations
from edge.archive.archive_fault import OF_AGENT, lack_of_room
from edge.archive.archive_reader import read_archive
from edge.bundles.bundle import Bundle
from edge.bundles.manifest import SCORER
from edge.checking.findings import Findings
from edge.checking.publishing import Publishing
from edge.checking.running_mosquitto import RunningMosquitto
from edge.clock import SystemClock
from edge.errors import ArchiveError, JournalError
from edge.journal.place import check_place, short_life
from edge.mqtt.command_link import command_link
from edge.mqtt.link import Subscription
from edge.mqtt.message import Message
from edge.mqtt.options import Options
from edge.mqtt.reconnecting_link import ReconnectingLink
from edge.mqtt.topics import Topics
from edge.stop import Stop

_LISTEN = 5.0  # [s] by default, unless a bundle's readings come less often
_LONGEST_LISTEN = 75.0  # [s] by default
_SOME_CADENCES = 1.2  # a station that sends on time has sent one reading by then
_CORRUPT = "another archive.path in gateway.yaml; nothing if it is a damaged archive, which the agent sets aside"
_CONFIRMATION = 5.0  # [s] for the broker to confirm the subscriptions


class GatewayCheck:
    """The check of one gateway file.

    Parameters
    ----------
    findings
        Where each finding is printed.
    mosquitto
        Whether the broker is known to be Mosquitto.
    """

    def __init__(self, findings: Findings, *, mosquitto: bool = False) -> None:
        self._findings = findings
        self._mosquitto = mosquitto

    def run(self, gateway_path: str | Path, listen: float | None) -> None:
        """Check everything; ``listen`` is how long to listen for readings [s], ``None``: until one must have come."""
        findings = self._findings
        try:
            gateway = load_gateway(gateway_path)
        except DavylampError as error:
            findings.error(error)
            return
        broker = gateway.broker
        findings.ok(f"{gateway_path}: gateway {gateway.gateway}, broker {broker.host}:{broker.port}")
        stations = self._check_bundles(gateway)
        self._check_password(gateway)
        self._check_journal(gateway)
        self._check_archive(gateway)
        if gateway.rollout.unsigned:
            findings.warning(
                "rollout.unsigned: true: whoever may publish requests can replace what decides on alarms; "
                "fix: davylamp keygen, and rollout.trusted_keys"
            )
        try:
            Options.from_settings(broker, client_id=broker.client_id)
        except DavylampError as error:
            findings.error(error)
            return
        if not is_service():  # the sandbox hides other processes; whoever has started the service looks for them
            self._mosquitto |= check_settings(gateway, findings)
        self._check_broker(gateway, stations, listen)

    def _check_bundles(self, gateway: Gateway) -> Stations | None:
        """Check the bundles, their golden rows, and the keys that gateway.yaml names."""
        findings = self._findings

        def print_verified(file: str, bundle: Bundle, difference: float) -> None:
            findings.ok(f"{file}: bundle {bundle.id}, golden rows reproduced (off by {difference:.0e})")
            windows = bundle.manifest.scorers[SCORER].windows
            every = "an unknown interval" if windows.cadence is None else f"readings every {windows.cadence:.3g} s"
            lengths = ", ".join(f"{window} {length}" for window, length in windows.describe())
            findings.ok(f"{file}: trained on {every}; {lengths}")

        try:
            stations = Stations(gateway, open_bundles(gateway, print_verified))
        except DavylampError as error:
            findings.error(error)
            return None
        for group in stations.groups:
            for warning in group.warnings():
                findings.warning(warning)
            level = group.scorer.level
            if level is not None:
                unit = level.unit.text
                limit = "without a limit" if level.limit is None else f"or at {level.limit:g} {unit}"
                where = f"{group.entry.topics[0]}: {group.bundle.station.gas} exceeds"
                findings.ok(f"{where} {level.enhancement:g} {unit} above its background, {limit}")
        return stations

    def _check_password(self, gateway: Gateway) -> None:
        """Check who else can read the password, on the disk and on the way to the broker."""
        broker = gateway.broker
        if broker.password is None:
            return
        if broker.password.file:
            path = Path(broker.password.file)
            try:
                readable = path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
            except OSError:  # reported where the password is read
                readable = 0
            if readable:
                self._findings.warning(f"{path}: others can read the password; fix: chmod 600 {path}")
        if broker.exposed:
            self._findings.warning(
                f"broker.plaintext: true: everybody on the way to {broker.host} can read the password"
            )

    def _check_journal(self, gateway: Gateway) -> None:
        """Check that the journal can be made or opened, and that it lasts."""
        path = gateway.journal.path
        short = short_life(path)
        try:
            check_place(path)
        except JournalError as error:
            if is_service():
                self._findings.error(error)
                return
            seen_from = "" if Path(path).is_absolute() else f" (relative to {Path.cwd()}, where this runs)"
            how = "davylamp check --as-service judges as the service will"
            self._findings.warning(f"{error}{seen_from}; {how}")
            return
        if short is not None:
            self._findings.warning(short)
        else:
            self._findings.ok(f"journal.path: {Path(path).absolute()} can be written")

    def _check_archive(self, gateway: Gateway) -> None:
        """Check that the archive can be made or opened; without it, readings are scored all the same."""
        place = gateway.archive.place(gateway.journal.path)
        if not gateway.archive.max_mb:
            return
        beside = place.parent == Path(gateway.journal.path).parent  # what holds for that folder has been said
        if not beside and (fault := writing_fault(place)) is not None:
            self._findings.warning(f"archive.path: {place}: {fault}")
        elif (lack := lack_of_room(place)) is not None:
            self._findings.warning(f"archive.path: {lack}")
        elif os.access(place, os.R_OK):  # there is one, and it is not for the agent alone
            try:
                with read_archive(place, fixes={**OF_AGENT, "corrupt": _CORRUPT}):
                    pass
            except ArchiveError as error:
                self._findings.warning(f"archive.path: {error}")

    def _check_broker(self, gateway: Gateway, stations: Stations | None, listen: float | None) -> None:
        """Check the login, the permissions, and the readings that arrive."""
        findings, broker, topics = self._findings, gateway.broker, Topics(gateway.topics.base)
        status, wanted = gateway.home_assistant.status, list[Subscription]()
        if stations is not None:
            wanted = subscriptions(stations, topics, retained=True, status=status)
        try:
            with Stop() as stop, command_link(broker, "check", wanted, stop) as link:
                who = f"as {broker.username}" if broker.username else "without a login"
                findings.ok(f"{broker.host}:{broker.port}: reached {who}, MQTT {link.protocol}")
                names = {entry.station for entry in gateway.stations if entry.station}
                early = self._subscribe(link, gateway.home_assistant)
                if stations is not None:
                    names |= self._listen(link, stations, stop, listen, early)
                protocol, lacking = link.protocol, link.lacks
            if protocol == "5" and not lacking:
                Publishing(gateway, names, findings, mosquitto=self._mosquitto).check()
            elif protocol == "3.1.1":
                findings.warning("MQTT 3.1.1: a broker does not report what it refuses, so publishing is not checked")
        except DavylampError as error:
            findings.error(error)

    def _subscribe(self, link: ReconnectingLink, discovery: HomeAssistantSettings) -> list[Message]:
        """Wait for the subscriptions to be confirmed; returns what came meanwhile."""
        clock = SystemClock()
        deadline = clock.monotonic() + _CONFIRMATION
        early: list[Message] = []
        subscribed = False
        while clock.monotonic() < deadline and not subscribed:
            link.flush()
            early += link.poll(0.1)
            subscribed = link.became_ready()
        if not subscribed:
            self._findings.error(
                f"the broker did not confirm the subscriptions within {_CONFIRMATION:g} s; fix: see its log"
            )
        for lacking in link.lacks:
            self._findings.error(f"the broker lacks what davylamp needs: {lacking}")
        for refused in link.refused:
            if refused == discovery.status:  # a start of Home Assistant is not seen then
                fix = f"let this user read it, or {discovery.turned_off}"
                self._findings.warning(f"{refused}: the broker refuses the subscription; fix: {fix}")
            else:
                self._findings.error(f"{refused}: the broker refuses the subscription; fix: let this user read it")
        return early

    def _listen(
        self,
        link: ReconnectingLink,
        stations: Stations,
        stop: Stop,
        listen: float | None,
        messages: list[Message],
    ) -> set[str]:
        """Listen to the stations, and report what they send and what is wrong with it; returns their names."""
        clock = SystemClock()
        seconds = _long_enough(stations) if listen is None else listen
        if listen is None and seconds > _LISTEN:
            self._findings.ok(f"listening for a reading, {seconds:.0f} s at most (--listen S)")
        deadline = clock.monotonic() + seconds
        inspection = Inspection(stations)
        reported: set[str] = set()

        def report(warnings: Sequence[str]) -> None:
            for warning in warnings:
                if warning not in reported:
                    reported.add(warning)
                    self._findings.warning(warning)

        begun = clock.monotonic()
        while not stop.requested:
            for message in messages:
                report(inspection.take(message))
            report(inspection.close_due(clock.now()))
            link.acknowledge(messages)
            link.flush()
            now = clock.monotonic()
            if now >= deadline or (listen is None and inspection.readings and now >= begun + _LISTEN):
                break
            messages = link.poll(min(0.2, seconds))
        report(inspection.close())
        for name, count in sorted(inspection.readings.items()):
            called = inspection.called(name)
            of = "" if called == name else f', which calls itself "{called}"'
            self._findings.ok(f"{name}{of}: {count} readings that can be scored")
        if not inspection.readings and seconds:
            fix = "stations[].topic, or start a station, or let this user read the topic, or --listen longer"
            self._findings.warning(f"no reading that can be scored within {seconds:g} s; fix: {fix}")
        return set(inspection.readings)


def check_settings(gateway: Gateway, findings: Findings) -> bool:
    """Check the settings of a Mosquitto on this computer; returns whether the broker is one."""
    if not gateway.broker.on_this_computer:
        return False
    found = RunningMosquitto.of_port(gateway.broker.port)
    if found is None:
        return False
    for warning in found.report():
        findings.warning(warning)
    if found.files and not found.report():
        findings.ok(f"{', '.join(found.files)}: what waits for the agent survives a restart of the broker")
    return True


def _long_enough(stations: Stations) -> float:
    """Return how long to listen so that a reading comes, if the stations send as often as in training [s]."""
    cadences = [
        group.entry.cadence or group.bundle.manifest.scorers[SCORER].windows.cadence or 0.0 for group in stations.groups
    ]
    return min(max(_LISTEN, _SOME_CADENCES * min(cadences, default=0.0)), _LONGEST_LISTEN)
