"""agent: score live readings until SIGTERM."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from importlib.util import find_spec

from config.arguments import add_gateway

EXAMPLE = "davylamp agent -c gateway.yaml"

_OWN_SHA256 = ("_sha2", "_sha256")  # from Python 3.12 on, and before


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of ``davylamp agent``."""
    add_gateway(parser)


def run(arguments: Namespace) -> int:
    """Run the agent."""
    _save_memory()
    from edge.agent.signals import AgentSignals

    with AgentSignals() as signals:  # before numpy begins threads, which inherit what is blocked
        from edge.agent.run import run as run_agent

        return run_agent(arguments.config, signals)


def _save_memory() -> None:
    """Leave OpenSSL out of memory unless the broker is reached by TLS: it takes 4 MiB, 5 % of the agent."""
    from edge.mqtt.late_module import import_late

    import_late("ssl")
    if any(map(find_spec, _OWN_SHA256)):
        sys.modules.setdefault("_hashlib", None)  # type: ignore[arg-type]  # hashlib has Python's own SHA-256, too
