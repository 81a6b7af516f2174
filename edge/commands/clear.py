"""clear: remove what an agent that is gone has left at the broker."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace

from config.arguments import add_as_service, add_gateway, runs_as_service

EXAMPLE = "davylamp clear -c gateway.yaml"


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of ``davylamp clear``."""
    add_gateway(parser)
    add_as_service(parser, "as the service: its user, sandbox, credentials and journal")


def run(arguments: Namespace) -> int:
    """Remove retained topics and session, printing what was removed."""
    if runs_as_service(arguments):
        from edge.checking.service_run import ServiceRun

        command = [sys.executable, "-P", "-m", "davylamp", "clear", "-c", str(arguments.config.absolute())]
        return ServiceRun(arguments.unit).run(command, {}, sys.stdout)
    from config.yaml.load import load_gateway
    from edge.agent.broker_cleanup import BrokerCleanup

    BrokerCleanup(load_gateway(arguments.config)).run(sys.stdout)
    return 0
