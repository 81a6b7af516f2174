"""GatewayFacts: what an installation has to know about a gateway file, as JSON; ``python -m edge.agent.gateway_facts``.

The installation itself runs with the system's Python, which reads no YAML; this runs in the new environment.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from config.errors import DavylampError
from config.yaml.load import load_gateway


class GatewayFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Facts about a gateway file.

    Parameters
    ----------
    gateway, base
        Name of the gateway, and base of its topics.
    host, port, username
        Broker and login.
    credential
        Name of the systemd credential with the password; ``None``: the password is elsewhere, or there is none.
    secrets
        Files that nobody else may read: the password's and the private key.
    certificates
        Other files of the TLS connection.
    bundles
        Bundles.
    journal
        The journal.
    """

    gateway: str
    base: str
    host: str
    port: int
    username: str | None
    credential: str | None
    secrets: tuple[str, ...]
    certificates: tuple[str, ...]
    bundles: tuple[str, ...]
    journal: str


def gateway_facts(path: str | Path) -> GatewayFacts:
    """Read a gateway file.

    Raises
    ------
    ConfigError
        It has mistakes; one line each.
    """
    gateway = load_gateway(path)
    broker = gateway.broker
    password, tls = broker.password, broker.tls
    return GatewayFacts(
        gateway=gateway.gateway,
        base=gateway.topics.base,
        host=broker.host,
        port=broker.port,
        username=broker.username,
        credential=password.credential if password else None,
        secrets=_present(password.file if password else None, tls.key if tls else None),
        certificates=_present(*((tls.ca, tls.certificate) if tls else ())),
        bundles=tuple(dict.fromkeys(entry.bundle for entry in gateway.stations)),
        journal=gateway.journal.path,
    )


def _present(*paths: str | None) -> tuple[str, ...]:
    return tuple(path for path in paths if path)


if __name__ == "__main__":
    try:
        sys.stdout.write(msgspec.json.encode(gateway_facts(sys.argv[1])).decode())
    except DavylampError as fault:
        sys.exit(str(fault))
