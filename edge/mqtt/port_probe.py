"""Finds out, after a connection has failed, whether a port answers, and whether in TLS or in MQTT without it."""

from __future__ import annotations

import socket
import ssl

from edge.mqtt.addresses import resolve

_TIMEOUT = 3.0  # [s]
_CONNECT = (
    b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x0a\x00\x00"  # MQTT 3.1.1, clean session, no name: it leaves nothing behind
)
_CONNACK = 2


def answers(host: str, port: int) -> bool:
    """Return whether something listens on a port."""
    try:
        _connect(host, port).close()
    except (OSError, ValueError):
        return False
    return True


def speaks_tls(host: str, port: int) -> bool:
    """Return whether a port answers the beginning of TLS, whatever its certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with _connect(host, port) as plain, context.wrap_socket(plain):
            return True
    except ssl.SSLError as error:
        return "ALERT" in (error.reason or "")  # it refuses us in the words of TLS, e.g. without a certificate
    except (OSError, ValueError):
        return False


def speaks_plain_mqtt(host: str, port: int) -> bool:
    """Return whether a port answers a CONNECT without TLS, also if it refuses us."""
    try:
        with _connect(host, port) as plain:
            plain.sendall(_CONNECT)
            return plain.recv(1)[:1] == bytes([_CONNACK << 4])
    except (OSError, ValueError):
        return False


def _connect(host: str, port: int) -> socket.socket:
    resolve(host, port)  # with no name server, the line below would keep the agent from its watchdog for half a minute
    return socket.create_connection((host, port), _TIMEOUT)
