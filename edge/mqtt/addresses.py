"""Looks the broker's name up, and finds out whether the broker is on this machine."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import threading
from collections.abc import Iterable
from typing import Any

LOOK_UP_TIMEOUT = 5.0
"""How long a name server may take [s]."""


def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a host.

    A name is looked up in a thread: with no name server, paho would ignore signals for half a minute.

    Raises
    ------
    OSError, ValueError
        The name is unknown or invalid, or no name server answers.
    """
    try:
        ipaddress.ip_address(host)
    except ValueError:
        pass
    else:
        return [host]
    found: list[str] = []
    errors: list[OSError | ValueError] = []

    def look_up() -> None:
        try:
            found.extend(str(each[4][0]) for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, ValueError) as error:  # UnicodeError, for an invalid host name
            errors.append(error)

    resolver = threading.Thread(target=look_up, name="resolver", daemon=True)
    resolver.start()
    resolver.join(LOOK_UP_TIMEOUT)
    if resolver.is_alive():
        raise socket.gaierror(socket.EAI_AGAIN, f"no name server answers within {LOOK_UP_TIMEOUT:g} s")
    if errors:
        raise errors[0]
    return found


def on_this_machine(addresses: Iterable[str]) -> bool:
    """Return whether one of the addresses is this machine's own, loopback or not."""
    return any(map(_is_own, addresses))


def refuse_itself(sock: Any) -> None:
    """Close a connection whose two ends are the same socket, as TCP allows where nobody listens on a port of ours.

    It would look like a broker that does not answer, and keep the real one from its port.

    Raises
    ------
    ConnectionRefusedError
        It was one.
    """
    try:
        is_itself = sock is not None and sock.getsockname() == sock.getpeername()
    except OSError:
        return  # the broker has closed it already; whoever reads from it learns why
    if is_itself:
        sock.close()
        raise ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))


def _is_own(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if parsed.is_loopback:
        return True
    family = socket.AF_INET6 if parsed.version == 6 else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.bind((address, 0))  # which only works with an address of ours
    except (OSError, ValueError):
        return False
    return True
