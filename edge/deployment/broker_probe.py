"""BrokerProbe: what a broker allows, found out with a few packets of MQTT 5 and nothing but the standard library."""

from __future__ import annotations

import socket
import ssl
import struct
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from edge.errors import DeploymentError

_TIMEOUT = 5.0  # [s] for each answer
_CONNECT, _CONNACK, _PUBLISH, _PUBACK, _DISCONNECT = 1, 2, 3, 4, 14
_USER_PROPERTY = 0x26  # a pair of texts
_SIZES = {0x11: 4, 0x13: 2, 0x21: 2, 0x22: 2, 0x24: 1, 0x25: 1, 0x27: 4, 0x28: 1, 0x29: 1, 0x2A: 1}
"""Properties of a CONNACK that are numbers, and their lengths [B]; the others are texts."""

RECEIVE_MAXIMUM, MAXIMUM_QOS, RETAIN_AVAILABLE = 0x21, 0x24, 0x25
"""Identifiers of CONNACK properties."""


_UNCHECKED = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
_UNCHECKED.check_hostname = False
_UNCHECKED.verify_mode = ssl.CERT_NONE


@dataclass
class BrokerProbe:
    """One connection to a broker.

    Parameters
    ----------
    port
        Port on this machine.
    user, password
        The login; without it the broker is asked whether it takes anybody.
    tls
        Whether the port speaks TLS. Its certificate is not checked: the broker is on this machine.

    Attributes
    ----------
    refusal
        Reason code of the CONNACK: 0 when the broker has accepted us.
    properties
        Numbers of the CONNACK by identifier.
    """

    port: int
    user: str | None = None
    password: str = field(default="", repr=False)
    tls: bool = False
    refusal: int = 0
    properties: dict[int, int] = field(default_factory=dict)

    def __enter__(self) -> Self:
        """Connect.

        Raises
        ------
        DeploymentError
            Nothing answers, or not in MQTT.
        """
        try:
            self._socket = socket.create_connection(("127.0.0.1", self.port), _TIMEOUT)
            self._socket.settimeout(_TIMEOUT)
            if self.tls:
                self._socket = _UNCHECKED.wrap_socket(self._socket)
            login = b"" if self.user is None else _text(self.user) + _text(self.password)
            flags = 0x02 | (0 if self.user is None else 0xC0)
            self._send(_CONNECT << 4, _text("MQTT") + bytes([5, flags, 0, 30, 0]) + _text("davylamp-setup") + login)
            content = self._answer(_CONNACK)
            self.refusal = content[1]
            self.properties = _numbers(content[2:])
        except (OSError, IndexError, struct.error) as error:
            raise self._fault(error) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):  # the broker has closed the connection of a client that it refuses
            self._send(_DISCONNECT << 4, b"")
        self._socket.close()

    def may_publish(self, topic: str) -> bool:
        """Publish an empty object, not retained, and return whether the broker accepts it.

        Raises
        ------
        DeploymentError
            The broker does not answer.
        """
        try:
            self._send((_PUBLISH << 4) | 0x02, _text(topic) + b"\0\1" + b"\0" + b"{}")
            content = self._answer(_PUBACK)
        except (OSError, IndexError, struct.error) as error:
            raise self._fault(error) from error
        return len(content) < 3 or content[2] < 0x80

    def _send(self, first: int, content: bytes) -> None:
        self._socket.sendall(bytes([first]) + _variable(len(content)) + content)

    def _answer(self, expected: int) -> bytes:
        first = self._exactly(1)[0]
        length = self._exactly(1)
        while length[-1] >= 0x80:
            length += self._exactly(1)
        content = self._exactly(_variable_at(length, 0)[0])
        if first >> 4 != expected:
            raise OSError(None, f"got packet type {first >> 4}, expected {expected}")
        return content

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            part = self._socket.recv(count - len(data))
            if not part:
                raise OSError(None, "the broker closed the connection")
            data += part
        return data

    def _fault(self, error: Exception) -> DeploymentError:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return DeploymentError(f"the broker at 127.0.0.1:{self.port}: {reason}; fix: sudo journalctl -u mosquitto")


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack(">H", len(data)) + data


def _variable(number: int) -> bytes:
    """Return a variable byte integer."""
    data = b""
    while True:
        number, digit = divmod(number, 128)
        data += bytes([digit | 0x80 if number else digit])
        if not number:
            return data


def _numbers(data: bytes) -> dict[int, int]:
    """Return the properties that are numbers; their total length comes first."""
    found: dict[int, int] = {}
    length, position = _variable_at(data, 0)
    end = position + length
    while position < end:
        identifier = data[position]
        position += 1
        if identifier in _SIZES:
            size = _SIZES[identifier]
            found[identifier] = int.from_bytes(data[position : position + size], "big")
            position += size
        else:
            for _ in range(2 if identifier == _USER_PROPERTY else 1):
                position += 2 + int(struct.unpack_from(">H", data, position)[0])
    return found


def _variable_at(data: bytes, position: int) -> tuple[int, int]:
    """Return a variable byte integer and the position behind it."""
    number = shift = 0
    while True:
        byte = data[position]
        position += 1
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return number, position
