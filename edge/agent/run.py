"""Runs an agent, from its settings to a clean stop."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

from msgspec.structs import replace

from config.errors import DavylampError
from config.settings.gateway import Gateway
from config.yaml.load import load_gateway
from edge.agent.configuration import Configuration
from edge.agent.signals import AgentSignals
from edge.agent.watchdog import Watchdog
from edge.bundles.bundle import Bundle
from edge.clock import Clock, SystemClock
from edge.journal.journal import Journal
from edge.journal.place import check_place, short_life
from edge.log import Log, start_logging
from edge.models.runtime import release_memory, share_heap

_ENVIRONMENT = os.path.realpath(sys.prefix)  # a link that an upgrade turns


def run(gateway_path: str | Path, signals: AgentSignals) -> int:
    """Run the agent until a signal stops it; SIGHUP has it go on with what the files say then.

    Every bundle reproduces its golden rows before the agent connects to the broker.

    Parameters
    ----------
    gateway_path
        Gateway file.
    signals
        What signals ask for.

    Returns
    -------
    int
        0, the exit code of a clean stop; 1 after an error, a mistake in davylamp included, that has gone into a log of
        JSON.

    Raises
    ------
    ConfigError, BundleError, JournalError
        The agent cannot start; it has not connected.
    """
    gateway = load_gateway(gateway_path)
    start_logging(gateway.log.level, gateway.log.format)
    try:
        _run(gateway, gateway_path, signals)
    except DavylampError as error:
        if gateway.log.format == "text":
            raise
        for line in str(error).splitlines():
            Log("agent").error("the agent cannot start", detail=line)  # no traceback
        return 1
    except Exception:
        if gateway.log.format == "text":
            raise
        Log("agent").exception("the agent has failed")
        return 1
    return 0


def _run(gateway: Gateway, gateway_path: str | Path, signals: AgentSignals) -> None:
    share_heap()
    clock = SystemClock()
    following: Configuration | None = Configuration.of(gateway, _log_verified)
    watchdog = Watchdog(clock)
    while following is not None and not signals.requested:
        release_memory()
        following = _run_until_reload(following, gateway_path, signals, watchdog, clock)
        gc.collect()
    Log("agent").info("stopped", **({"by": signals.by} if signals.by else {}))


def _run_until_reload(
    configuration: Configuration, gateway_path: str | Path, signals: AgentSignals, watchdog: Watchdog, clock: Clock
) -> Configuration | None:
    """Run one agent; returns the configuration of the next one, ``None`` after a stop."""
    # Not before: the most memory is taken while ONNX Runtime loads a graph, and these modules are 3 MiB.
    from edge.agent.agent import Agent
    from edge.agent.announcer import subscriptions
    from edge.agent.presence import Presence
    from edge.agent.stations import Stations
    from edge.archive.archive import Archive
    from edge.mqtt.options import Options
    from edge.mqtt.reconnecting_link import ReconnectingLink
    from edge.mqtt.topics import Topics

    log, gateway = Log("agent"), configuration.gateway
    stations = Stations(gateway, configuration.bundles)
    for group in stations.groups:
        for warning in group.warnings():
            log.warning(warning)
    topics = Topics(gateway.topics.base)
    presence = Presence(gateway, topics, clock)
    journal = open_journal(gateway, clock)
    link = ReconnectingLink(
        Options.from_settings(gateway.broker, client_id=gateway.broker.client_id),
        subscriptions(stations, topics, status=gateway.home_assistant.status),
        unsubscribe=sorted(journal.recovered.filters),
        will=presence.will,
        stop=signals,
        clock=clock,
    )
    archive = Archive.beside(gateway.archive, gateway.journal.path, clock)
    agent = Agent(gateway, stations, link, journal, presence=presence, watchdog=watchdog, clock=clock, archive=archive)
    watchdog.ready()
    following: Configuration | None = None
    while following is None and not signals.requested:
        agent.turn()
        if signals.check():
            for name in signals.take_ignored():
                log.warning("signal ignored", signal=name)
            if signals.take_reload():
                watchdog.reloading()
                following = _reloaded(configuration, gateway_path)
                if following is None:
                    watchdog.ready()
    if following is None:
        watchdog.stopping()
    agent.stop()
    return following


def _reloaded(before: Configuration, gateway_path: str | Path) -> Configuration | None:
    """Read everything again; returns ``None`` if nothing has changed, or if it cannot be used as it is now."""
    from edge.agent.stations import Stations
    from edge.mqtt.options import Options

    log = Log("agent")
    only_restart = []
    try:
        gateway = load_gateway(gateway_path)
        if gateway.journal != before.gateway.journal:
            only_restart.append("journal")
            gateway = replace(gateway, journal=before.gateway.journal)
        configuration = Configuration.of(gateway, _log_verified, before)
        Stations(gateway, configuration.bundles)
        Options.from_settings(gateway.broker, client_id=gateway.broker.client_id)
    except DavylampError as error:
        for line in str(error).splitlines():
            log.error("reload refused, the agent goes on as it was", detail=line)  # noqa: TRY400  # no traceback
        return None
    if gateway.broker.password is not None and gateway.broker.password.credential is not None:
        only_restart.append("a new password: systemd hands out credentials when it starts the agent")
    if os.path.realpath(sys.prefix) != _ENVIRONMENT:
        only_restart.append("davylamp itself, which was replaced")
    changes = configuration.changes(before)
    restart = {"needs_restart": "; ".join(only_restart)} if only_restart else {}
    if not changes:
        log.info("reloaded, nothing has changed", **restart)
        return None
    start_logging(gateway.log.level, gateway.log.format)
    log.info("reloaded", changed=", ".join(changes), **restart)
    return configuration


def _log_verified(file: str, bundle: Bundle, difference: float) -> None:
    Log("agent").info("bundle verified", file=file, bundle=bundle.id, golden_rows_differ_by=difference)


def open_journal(gateway: Gateway, clock: Clock) -> Journal:
    """Open the journal that gateway.yaml describes; raises JournalError if that fails."""
    settings = gateway.journal
    check_place(settings.path)
    if (warning := short_life(settings.path)) is not None:
        Log("agent").warning(warning)
    return Journal(
        settings.path,
        durability=settings.durability,
        max_mb=settings.max_mb,
        readings_per_station=settings.readings_per_station,
        clock=clock,
    )
