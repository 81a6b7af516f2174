"""agent: score live readings until SIGTERM."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from config.arguments import add_gateway

EXAMPLE = "davylamp agent -c gateway.yaml"


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of ``davylamp agent``."""
    add_gateway(parser)


def run(arguments: Namespace) -> int:
    """Run the agent."""
    from edge.agent.signals import AgentSignals

    with AgentSignals() as signals:  # before numpy begins threads, which inherit what is blocked
        from edge.agent.run import run as run_agent

        return run_agent(arguments.config, signals)
