"""uninstall-service: remove the agent, and everything that it has left at the broker."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

EXAMPLE = "sudo davylamp uninstall-service --purge"


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of ``davylamp uninstall-service``."""
    parser.add_argument(
        "--purge", action="store_true", help="remove the configuration, the bundles and the journal as well"
    )
    parser.add_argument(
        "--keep-topics", action="store_true",
        help="leave what is retained at the broker, and our session there; for a broker that is gone for good",
    )  # fmt: skip


def run(arguments: Namespace) -> None:
    """Uninstall, printing each step."""
    from edge.deployment.machine import Machine
    from edge.deployment.removal import Removal
    from edge.deployment.undisturbed import say_undisturbed

    Removal(Machine(), say=say_undisturbed).run(purge=arguments.purge, keep_topics=arguments.keep_topics)
