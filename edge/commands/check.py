"""check: find what would go wrong, before the agent starts."""

from __future__ import annotations

import os
import stat
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from config.arguments import add_gateway, seconds
from config.errors import DavylampError
from edge.clock import SystemClock

if TYPE_CHECKING:
    from config.settings.gateway import Gateway
    from edge.agent.stations import Stations
    from edge.bundles.bundle import Bundle
    from edge.mqtt.message import Message
    from edge.mqtt.reconnecting_link import ReconnectingLink
    from edge.mqtt.topics import Topics
    from edge.stop import Stop

EXAMPLE = "davylamp check -c gateway.yaml"

LISTEN = 5.0
"""How long to listen for readings [s]."""

_CONFIRMATION = 5.0  # [s] for the broker to confirm a publication and the subscriptions


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of ``davylamp check``."""
    add_gateway(parser)
    parser.add_argument(
        "--listen", type=seconds, default=LISTEN, metavar="S",
        help=f"how long to listen for readings [s]; default: {LISTEN:g}",
    )  # fmt: skip


def run(arguments: Namespace) -> int:
    """Check, printing to standard output; an error among the findings is exit code 1."""
    return 0 if check(arguments.config, sys.stdout, listen=arguments.listen) else 1


def check(gateway_path: str | Path, out: TextIO, *, listen: float = LISTEN) -> bool:
    """Check everything that the agent needs, and print a line per finding: ok, warning or error.

    Parameters
    ----------
    gateway_path
        Gateway file.
    out
        Stream to print to.
    listen
        How long to listen for readings [s].

    Returns
    -------
    bool
        Whether no finding is an error.
    """
    return _Check(out).run(gateway_path, listen)


class _Check:
    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._errors = 0

    def run(self, gateway_path: str | Path, listen: float) -> bool:
        from config.yaml.load import load_gateway
        from edge.mqtt.options import Options

        try:
            gateway = load_gateway(gateway_path)
        except DavylampError as error:
            self.error(error)
            return False
        broker = gateway.broker
        self.ok(f"{gateway_path}: gateway {gateway.gateway}, broker {broker.host}:{broker.port}")
        stations = self.stations(gateway)
        self.password(gateway)
        self.journal(gateway)
        try:
            Options.from_settings(broker, client_id=broker.client_id)
        except DavylampError as error:
            self.error(error)
            return False
        self.broker(gateway, stations, listen)
        return not self._errors

    def ok(self, text: object) -> None:
        self._print("ok", text)

    def warning(self, text: object) -> None:
        self._print("warning", text)

    def error(self, text: object) -> None:
        self._errors += 1
        self._print("error", text)

    def _print(self, level: str, text: object) -> None:
        for line in str(text).splitlines():
            print(f"{level:8}{line}", file=self._out, flush=True)

    def stations(self, gateway: Gateway) -> Stations | None:
        """Check the bundles, their golden rows, and the keys that gateway.yaml names."""
        from edge.agent.run import open_bundles
        from edge.agent.stations import Stations
        from edge.bundles.manifest import SCORER

        def print_verified(file: str, bundle: Bundle, difference: float) -> None:
            self.ok(f"{file}: bundle {bundle.id}, golden rows reproduced (off by {difference:.0e})")
            windows = bundle.manifest.scorers[SCORER].windows
            every = "an unknown interval" if windows.cadence is None else f"readings every {windows.cadence:.3g} s"
            lengths = ", ".join(f"{window} {length}" for window, length in windows.describe())
            self.ok(f"{file}: trained on {every}; {lengths}")

        try:
            stations = Stations(gateway, open_bundles(gateway, print_verified))
        except DavylampError as error:
            self.error(error)
            return None
        for group in stations.groups:
            for warning in group.warnings():
                self.warning(warning)
            level = group.scorer.level
            if level is not None:
                unit = level.unit.text
                limit = "without a limit" if level.limit is None else f"or at {level.limit:g} {unit}"
                where = f"{group.entry.topics[0]}: {group.bundle.station.gas} exceeds"
                self.ok(f"{where} {level.enhancement:g} {unit} above its background, {limit}")
        return stations

    def password(self, gateway: Gateway) -> None:
        """Check who else can read the password, on the disk and on the way to the broker."""
        broker = gateway.broker
        if broker.password is None:
            return
        if broker.password.file:
            path = Path(broker.password.file)
            if path.exists() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                self.warning(f"{path}: others can read the password; fix: chmod 600 {path}")
        if broker.exposed:
            self.warning(f"broker.plaintext: true: everybody on the way to {broker.host} can read the password")

    def journal(self, gateway: Gateway) -> None:
        """Check that the journal's folder can be written."""
        folder = Path(gateway.journal.path).resolve().parent
        if not os.access(folder, os.W_OK | os.X_OK):
            self.warning(f"journal.path: {folder} cannot be written; fix: make it, or let the agent's user write it")

    def broker(self, gateway: Gateway, stations: Stations | None, listen: float) -> None:
        """Check the login, the permissions, and the readings that arrive."""
        from edge.agent.announcer import subscriptions
        from edge.mqtt.command_link import command_link
        from edge.mqtt.topics import Topics
        from edge.stop import Stop

        topics = Topics(gateway.topics.base)
        wanted = [] if stations is None else subscriptions(stations, topics, retained=True)
        broker = gateway.broker
        try:
            with Stop() as stop, command_link(broker, "check", wanted, stop) as link:
                who = f"as {broker.username}" if broker.username else "without a login"
                self.ok(f"{broker.host}:{broker.port}: reached {who}, MQTT {link.protocol}")
                if link.protocol != "5":
                    self.warning("MQTT 3.1.1: a broker does not report what it refuses, so publishing is not checked")
                early = self.permissions(link, topics)
                if stations is not None:
                    self.listen(link, stations, stop, listen, early)
        except DavylampError as error:
            self.error(error)

    def permissions(self, link: ReconnectingLink, topics: Topics) -> list[Message]:
        """Check that we may publish below our base (only MQTT 5 reports it) and read; returns what came meanwhile."""
        clock = SystemClock()
        deadline = clock.monotonic() + _CONFIRMATION
        topic = topics.response("check")
        sent = link.publish(topic, b"{}", qos=1) if link.protocol == "5" else None
        answered = subscribed = False
        early: list[Message] = []
        while clock.monotonic() < deadline and not ((answered or sent is None) and subscribed):
            link.flush()
            early += link.poll(0.1)
            subscribed = subscribed or link.became_ready()
            for receipt in link.receipts():
                answered = True
                if receipt.refusal is None:
                    self.ok(f"{topics.base}/#: may be published")
                else:
                    fix = f"let this user write {topics.base}/#"
                    self.error(f"{topic}: the broker refuses what we publish: {receipt.refusal}; fix: {fix}")
        if sent is not None and not answered:
            self.error(f"{topic}: the broker did not confirm a publication within {_CONFIRMATION:g} s")
        if not subscribed:
            self.error(f"the broker did not confirm the subscriptions within {_CONFIRMATION:g} s")
        if link.counts.refused_subscriptions:
            self.error(f"{link.counts.refused_subscriptions} subscriptions refused; fix: let this user read the topics")
        return early

    def listen(
        self, link: ReconnectingLink, stations: Stations, stop: Stop, seconds: float, early: list[Message]
    ) -> None:
        """Listen to the stations, and report what they send and what is wrong with it."""
        from edge.agent.inspection import Inspection

        clock = SystemClock()
        deadline = clock.monotonic() + seconds
        inspection = Inspection(stations)
        reported: set[str] = set()

        def report(warnings: Sequence[str]) -> None:
            for warning in warnings:
                if warning not in reported:
                    reported.add(warning)
                    self.warning(warning)

        messages = early
        while not stop.requested:
            for message in messages:
                report(inspection.take(message))
            report(inspection.close_due(clock.now()))
            link.acknowledge(messages)
            link.flush()
            if clock.monotonic() >= deadline:
                break
            messages = link.poll(min(0.2, seconds))
        report(inspection.close())
        for name, count in sorted(inspection.readings.items()):
            called = inspection.called(name)
            of = "" if called == name else f', which calls itself "{called}"'
            self.ok(f"{name}{of}: {count} readings that can be scored")
        if not inspection.readings:
            self.warning(
                f"no reading that can be scored within {seconds:g} s; fix: stations[].topic, or start a station"
            )
