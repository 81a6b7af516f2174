"""Runs an agent, from its settings to a clean stop."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from config.errors import ConfigError
from config.settings.gateway import Gateway
from config.yaml.load import load_gateway
from edge.bundles.bundle import Bundle
from edge.clock import Clock, SystemClock
from edge.journal.journal import Journal
from edge.log import Log, start_logging
from edge.models.runtime import release_memory
from edge.stop import Stop


def run(gateway_path: str | Path) -> int:
    """Run the agent until SIGTERM or SIGINT.

    Every bundle reproduces its golden rows before the agent connects to the broker.

    Returns
    -------
    int
        0, the exit code of a clean stop.

    Raises
    ------
    ConfigError, BundleError, JournalError
        The agent cannot start; it has not connected.
    """
    with Stop() as stop:
        gateway = load_gateway(gateway_path)
        start_logging(gateway.log.level)
        clock, log = SystemClock(), Log("agent")

        def log_verified(file: str, bundle: Bundle, difference: float) -> None:
            log.info("bundle verified", file=file, bundle=bundle.id, golden_rows_differ_by=difference)

        bundles = open_bundles(gateway, log_verified)
        release_memory()
        # Not before: the most memory is taken while ONNX Runtime loads a graph, and these modules are 3 MiB.
        from edge.agent.agent import Agent
        from edge.agent.announcer import subscriptions
        from edge.agent.presence import Presence
        from edge.agent.stations import Stations
        from edge.agent.watchdog import Watchdog
        from edge.mqtt.options import Options
        from edge.mqtt.reconnecting_link import ReconnectingLink
        from edge.mqtt.topics import Topics

        stations = Stations(gateway, bundles)
        for group in stations.groups:
            for warning in group.warnings():
                log.warning(warning)
        topics = Topics(gateway.topics.base)
        presence = Presence(gateway, topics, clock)
        watchdog = Watchdog(clock)
        journal = open_journal(gateway, clock)
        link = ReconnectingLink(
            Options.from_settings(gateway.broker, client_id=gateway.broker.client_id),
            subscriptions(stations, topics),
            unsubscribe=sorted(journal.recovered.filters),
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


def open_bundles(gateway: Gateway, on_verified: Callable[[str, Bundle, float], None]) -> list[Bundle]:
    """Open and verify the bundle of every entry, each file once.

    Parameters
    ----------
    gateway
        Settings with the entries.
    on_verified
        Called with a file, its bundle, and the largest difference of its golden rows.

    Raises
    ------
    ConfigError
        There is no entry.
    BundleError
        A bundle must not be used.
    """
    if not gateway.stations:
        raise ConfigError(["gateway.yaml: stations: got none, expected at least one entry with a topic and a bundle"])
    bundles: dict[str, Bundle] = {}
    for entry in gateway.stations:
        if entry.bundle not in bundles:
            bundle = bundles[entry.bundle] = Bundle.open(entry.bundle)
            on_verified(entry.bundle, bundle, bundle.verify())
    return [bundles[entry.bundle] for entry in gateway.stations]


def open_journal(gateway: Gateway, clock: Clock) -> Journal:
    """Open the journal that gateway.yaml describes; raises JournalError if that fails."""
    settings = gateway.journal
    return Journal(
        settings.path,
        durability=settings.durability,
        max_mb=settings.max_mb,
        readings_per_station=settings.readings_per_station,
        clock=clock,
    )
