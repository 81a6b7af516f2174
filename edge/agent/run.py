"""Running: an agent from its settings to a clean stop."""

from __future__ import annotations

from pathlib import Path

from config.yaml.load import load_gateway
from edge.agent.agent import Agent
from edge.agent.announcer import subscriptions
from edge.agent.presence import Presence
from edge.agent.resources import open_bundles, open_journal
from edge.agent.stations import Stations
from edge.agent.watchdog import Watchdog
from edge.bundles.bundle import Bundle
from edge.clock import SystemClock
from edge.log import Log, start_logging
from edge.mqtt.options import Options
from edge.mqtt.reconnecting_link import ReconnectingLink
from edge.mqtt.topics import Topics
from edge.stop import Stop


def run(gateway_path: str | Path) -> int:
    """Run the agent until SIGTERM or SIGINT.

    Every bundle reproduces its golden rows before the broker hears of us.

    Returns
    -------
    int
        0, the exit code of a clean stop.

    Raises
    ------
    ConfigError, BundleError, JournalError
        Before anything is connected.
    """
    with Stop() as stop:
        gateway = load_gateway(gateway_path)
        start_logging(gateway.log.level)
        clock, log = SystemClock(), Log("agent")

        def log_verified(file: str, bundle: Bundle, difference: float) -> None:
            log.info("bundle verified", file=file, bundle=bundle.id, golden_rows_differ_by=difference)

        stations = Stations(gateway, open_bundles(gateway, log_verified))
        topics = Topics(gateway.topics.base)
        presence = Presence(gateway, topics, clock)
        watchdog = Watchdog(clock)
        journal = open_journal(gateway, clock)
        link = ReconnectingLink(
            Options.from_settings(gateway.broker, client_id=gateway.broker.client_id),
            subscriptions(stations, topics),
            unsubscribe=sorted(journal.past.filters),
            will=presence.will,
            stop=stop,
            clock=clock,
        )
        agent = Agent(gateway, stations, link, journal, presence=presence, watchdog=watchdog, clock=clock)
        watchdog.ready()
        while not stop.requested:
            agent.turn()
        agent.stop()
        log.info("stopped")
    return 0
