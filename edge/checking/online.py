"""Waits until the agent's retained state is online."""

from __future__ import annotations

import time

import msgspec

from config.errors import DavylampError
from config.settings.gateway import Gateway
from edge.agent.presence_messages import StateMessage
from edge.checking.findings import Findings
from edge.clock import Clock, parse_time
from edge.mqtt.command_link import command_link
from edge.mqtt.link import Subscription
from edge.mqtt.topics import Topics
from edge.stop import Stop

NOTHING_SEEN = 3
"""Exit code of ``check --online`` when nothing is retained, or the login may not read it."""


def wait_online(gateway: Gateway, seconds: float, since: float, findings: Findings, clock: Clock) -> bool:
    """Wait for the retained ``state`` of a run of the agent.

    Parameters
    ----------
    gateway
        Settings.
    seconds
        How long to wait [s].
    since
        The run must not have begun before this Unix time [s].
    findings
        Where the result is printed.
    clock
        Ends the waiting.

    Returns
    -------
    bool
        Whether any ``state`` was there to be read.
    """
    topic = Topics(gateway.topics.base).state
    deadline = clock.monotonic() + seconds
    last: StateMessage | None = None
    failure = ""
    while clock.monotonic() < deadline:
        try:
            with (
                Stop() as stop,
                command_link(gateway.broker, "online", [Subscription(topic, retained=True)], stop) as link,
            ):
                while not stop.requested and clock.monotonic() < deadline:
                    link.flush()
                    for message in link.poll(0.2):
                        last = _decode(message.payload) or last
                        if last is not None and last.state == "online" and parse_time(last.since) >= since:
                            findings.ok(f"{topic}: online since {last.since}, davylamp {last.version}")
                            return True
                if stop.requested:
                    break
        except DavylampError as error:  # a broker that is still starting
            failure = str(error)
            time.sleep(max(0.0, min(1.0, deadline - clock.monotonic())))
    if failure and last is None:
        findings.error(failure)
        return True
    if last is None:
        fix = f"see journalctl -u davylamp; the login must be allowed to read {topic}"
        findings.error(f"{topic}: nothing is retained there after {seconds:g} s; fix: {fix}")
    else:
        older = " (an earlier run)" if parse_time(last.since) < since else ""
        what = f"{last.state} since {last.since}{older}"
        findings.error(f"{topic}: got {what} after {seconds:g} s, expected online; fix: see journalctl -u davylamp")
    return last is not None


def _decode(payload: bytes) -> StateMessage | None:
    try:
        state = msgspec.json.decode(payload, type=StateMessage)
        parse_time(state.since)
    except (msgspec.MsgspecError, ValueError):
        return None
    return state
