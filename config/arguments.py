"""Arguments that several verbs share, and the settings that they name."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from config.errors import ConfigError
from config.topic_filters import READINGS_TOPIC

if TYPE_CHECKING:  # a parser is built without the settings' libraries
    from config.settings.broker import Broker


def add_gateway(parser: ArgumentParser) -> None:
    """Add the gateway file, required."""
    parser.add_argument("-c", "--config", type=Path, required=True, metavar="YAML", help="gateway file")


def add_as_service(parser: ArgumentParser, text: str) -> None:
    """Add the options of a verb that can run as the agent's service; see :func:`runs_as_service`."""
    parser.add_argument("--as-service", action="store_true", help=f"{text}; needs root")
    parser.add_argument(
        "--unit", type=Path, metavar="FILE", help="with --as-service: a unit file in place of the installed unit"
    )


def runs_as_service(arguments: Namespace) -> bool:
    """Return whether a verb runs as the agent's service.

    Raises
    ------
    ConfigError
        It does not, and a unit file is given all the same.
    """
    if arguments.unit is not None and not arguments.as_service:
        raise ConfigError(["--unit: got it without --as-service, which it is for; fix: add --as-service"])
    return bool(arguments.as_service)


def add_station(parser: ArgumentParser, what: str) -> None:
    """Add the station file, the methane station's by default; ``what`` continues its help."""
    parser.add_argument(
        "--station", type=Path, metavar="YAML", help=f"station file {what}; default: the methane station"
    )


def add_absent(parser: ArgumentParser) -> None:
    """Add the keys that a station never sends."""
    parser.add_argument("--absent", action="append", default=[], metavar="KEY", help="a key that is never sent")


def add_png(parser: ArgumentParser) -> None:
    """Add the folder for a page's figures."""
    parser.add_argument("--png", type=Path, metavar="DIR", help="write each figure there as well")


def add_broker(parser: ArgumentParser) -> None:
    """Add the broker, by its address or by a gateway file; see :func:`broker_of`."""
    where = parser.add_mutually_exclusive_group()
    where.add_argument("-c", "--config", type=Path, metavar="YAML", help="gateway file that names the broker")
    where.add_argument(
        "--broker", type=broker_address, default="localhost", metavar="HOST[:PORT]", help="default: localhost"
    )


def add_agent(parser: ArgumentParser) -> None:
    """Add the broker and the base topic of a running agent; see :func:`agent_of`."""
    add_broker(parser)
    parser.add_argument(
        "--base", metavar="TOPIC", help="the agent's base topic; default: the gateway file's, or what is online"
    )


def add_sender(parser: ArgumentParser) -> None:
    """Add a station's name, its topic and the broker, for verbs that publish readings."""
    parser.add_argument("--id", default="st-1", metavar="STATION", help="default: st-1")
    parser.add_argument("--topic", default=READINGS_TOPIC, help="default: sensors/{station}/readings")
    add_broker(parser)


def natural(text: str) -> int:
    """Convert an argument to a whole number, 0 or more."""
    if not text.isdecimal():
        raise ArgumentTypeError(f"got {text!r}, expected a whole number, 0 or more")
    return int(text)


def positive(text: str) -> int:
    """Convert an argument to a whole number, 1 or more."""
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"got {text!r}, expected a whole number, 1 or more")
    return int(text)


def seconds(text: str) -> float:
    """Convert an argument to a duration [s], 0 or more, at most a day."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 86400:
        raise ArgumentTypeError(f"got {text!r}, expected seconds, 0 to 86400")
    return value


def broker_address(text: str) -> str:
    """Check an argument that names a broker, and return it as it is."""
    if "@" in text or "/" in text:  # which is not repeated: it may hold a password
        raise ArgumentTypeError("expected HOST or HOST:PORT; fix: a login belongs into gateway.yaml, see -c")
    host, port = _host_and_port(text)
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ArgumentTypeError(f"got {text!r}, expected HOST or HOST:PORT: gateway.local, 10.0.0.5:1884, [::1]:1883")
    return text


def _host_and_port(text: str) -> tuple[str, str]:
    """Split the address of a broker; one of IPv6 has its brackets around it, or no port."""
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]") or (":" in host and not host.endswith("]")):
        host, port = text, "1883"
    return host.removeprefix("[").removesuffix("]"), port


def broker_of(arguments: Namespace) -> Broker:
    """Resolve the arguments of :func:`add_broker`."""
    from config.settings.broker import Broker
    from config.yaml.load import load_gateway

    if arguments.config:
        return load_gateway(arguments.config).broker
    host, port = _host_and_port(arguments.broker)
    return Broker(host=host, port=int(port))


def agent_of(arguments: Namespace) -> tuple[Broker, str | None]:
    """Resolve the arguments of :func:`add_agent`: broker and base topic, ``None`` when neither option names one."""
    from config.yaml.load import load_gateway

    base: str | None = arguments.base
    if arguments.config and base is None:
        base = load_gateway(arguments.config).topics.base
    return broker_of(arguments), base
