"""dashboard: serve a page that shows stations, charts and alarms in a browser."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from typing import TYPE_CHECKING

from config.arguments import add_agent, agent_of

if TYPE_CHECKING:
    from config.settings.dashboard import DashboardSettings

EXAMPLE = "davylamp dashboard --broker gateway.local"


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of ``davylamp dashboard``."""
    add_agent(parser)
    parser.add_argument(
        "--listen", type=_address, metavar="[HOST:]PORT",
        help="default: localhost:8321; anywhere else than on this computer the page asks for a token",
    )  # fmt: skip
    parser.add_argument("--history", metavar="FILE", help="where the page keeps what it shows; default: dashboard.db")


def run(arguments: Namespace) -> int:
    """Serve the page until SIGINT or SIGTERM."""
    import uvicorn  # noqa: F401  # before anything is asked for or made

    from config.yaml.load import load_gateway
    from davylamp import __version__
    from edge.dashboard.dashboard import Dashboard
    from edge.log import start_logging
    from edge.watching.agent_subscriptions import ANY_BASE

    broker, base = agent_of(arguments)
    settings = _settings(arguments)
    entries = load_gateway(arguments.config).stations if arguments.config else ()
    dashboard = Dashboard(broker, base or ANY_BASE, settings, version=__version__, entries=entries)
    start_logging("warning")

    def started() -> None:
        token = f"; it asks for the token in {dashboard.token_file}" if dashboard.token_file else ""
        print(f"{dashboard.address}{token}; Ctrl-C ends it", flush=True)

    dashboard.serve(started)
    print(f"davylamp dashboard: what it has kept is in {settings.history}")
    return 0


def _settings(arguments: Namespace) -> DashboardSettings:
    from msgspec.structs import replace

    from config.settings.dashboard import DashboardSettings
    from config.yaml.load import load_gateway

    settings = load_gateway(arguments.config).dashboard if arguments.config else DashboardSettings()
    if arguments.listen is not None:
        host, port = arguments.listen
        settings = replace(settings, host=host or settings.host, port=port)
    return settings if arguments.history is None else replace(settings, history=arguments.history)


def _address(text: str) -> tuple[str, int]:
    """Convert an argument to a host, which may be empty, and a port."""
    host, _, port = text.rpartition(":")
    if not port.isdecimal() or int(port) > 65535:
        raise ArgumentTypeError(f"got {text!r}, expected a port, with a host before it: 8321, 0.0.0.0:8321, [::]:8321")
    return host.removeprefix("[").removesuffix("]"), int(port)
