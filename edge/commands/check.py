"""check: find what would go wrong, before the agent starts."""

from __future__ import annotations

import sys
from argparse import SUPPRESS, ArgumentParser, Namespace
from io import StringIO
from pathlib import Path
from typing import TextIO

from config.arguments import add_as_service, add_gateway, runs_as_service, seconds

EXAMPLE = "sudo davylamp check --as-service -c /etc/davylamp/gateway.yaml"


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of ``davylamp check``."""
    add_gateway(parser)
    parser.add_argument(
        "--listen", type=seconds, metavar="S",
        help="how long to listen for readings [s]; default: 5, longer if stations send less often",
    )  # fmt: skip
    add_as_service(parser, "judge as the installed service will: its user, sandbox, credentials and working directory")
    parser.add_argument(
        "--online", type=seconds, metavar="S",
        help="check only that the agent is online, waiting up to S [s]; with --as-service the run started last",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print the findings as one JSON document, at the end")
    parser.add_argument("--since", type=float, default=0.0, help=SUPPRESS)
    parser.add_argument("--mosquitto", action="store_true", help=SUPPRESS)


def run(arguments: Namespace) -> int:
    """Check, printing to standard output; an error among the findings is exit code 1."""
    if not arguments.json:
        return _run(arguments, sys.stdout)
    from edge.checking.findings import findings_json

    printed = StringIO()
    code = _run(arguments, printed)
    print(findings_json(printed.getvalue(), passed=not code))
    return code


def left_behind(_: Namespace) -> str:
    """Say what an interrupted check has left."""
    return "nothing was changed"


def _run(arguments: Namespace, out: TextIO) -> int:
    if runs_as_service(arguments):
        from edge.checking.service_check import ServiceCheck

        service = ServiceCheck(arguments.config, arguments.unit, out)
        if arguments.online is not None:
            return 0 if service.wait_online(arguments.online) else 1
        return 0 if service.check(arguments.listen) else 1
    if arguments.online is not None:
        return _wait_online(arguments, out)
    passed = check(arguments.config, out, listen=arguments.listen, mosquitto=arguments.mosquitto)
    return 0 if passed else 1


def check(gateway_path: str | Path, out: TextIO, *, listen: float | None = None, mosquitto: bool = False) -> bool:
    """Check everything that the agent needs, and print a line per finding: ok, warning or error.

    Parameters
    ----------
    gateway_path
        Gateway file.
    out
        Stream to print to.
    listen
        How long to listen for readings [s]; ``None``: until one must have come.
    mosquitto
        Whether the broker is known to be Mosquitto.

    Returns
    -------
    bool
        Whether no finding is an error.
    """
    from edge.checking.findings import Findings
    from edge.checking.gateway_check import GatewayCheck

    findings = Findings(out)
    GatewayCheck(findings, mosquitto=mosquitto).run(gateway_path, listen)
    return not findings.errors


def _wait_online(arguments: Namespace, out: TextIO) -> int:
    from config.yaml.load import load_gateway
    from edge.checking.findings import Findings
    from edge.checking.online import NOTHING_SEEN, wait_online
    from edge.clock import SystemClock

    findings = Findings(out)
    seen = wait_online(load_gateway(arguments.config), arguments.online, arguments.since, findings, SystemClock())
    return 0 if not findings.errors else 1 if seen else NOTHING_SEEN
