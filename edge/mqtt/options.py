"""Resolves what a connection needs (address, login, TLS, protocol), and dials the broker with it."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from config.errors import ConfigError
from config.file_fault import reading_fault
from config.settings.broker import Broker, handed_out
from edge.mqtt.paho_client import PahoClient

ProtocolVersion = Literal["5", "3.1.1"]

CONNECT_TIMEOUT = 5.0
"""How long an address may take to answer [s]; the watchdog waits several times as long."""

ANSWER_TIMEOUT = 10.0
"""How long a broker may take for CONNACK and SUBACK together [s]."""

_PACKET_LIMIT = 1 << 20  # [B] that the broker may send in one packet; a batch of readings is far below it
_PREFERRED_BUFFER = 1 << 18  # [B] of the socket: several batches, so that the broker never waits for our scoring


@dataclass(frozen=True, kw_only=True)
class Options:
    """Everything that a connection needs, resolved: the password is read, the certificates are loaded."""

    host: str
    port: int
    client_id: str
    protocols: tuple[ProtocolVersion, ...]
    username: str | None
    password: str | None = field(repr=False)
    tls: ssl.SSLContext | None = field(repr=False)
    keepalive: int
    session_expiry: int
    receive_maximum: int

    @classmethod
    def from_settings(cls, broker: Broker, *, client_id: str, session_expiry: int | None = None) -> Options:
        """Resolve the ``broker`` section of gateway.yaml.

        Parameters
        ----------
        broker
            The section.
        client_id
            Client identifier; the broker disconnects a client when another one connects with the same identifier.
        session_expiry
            How long the broker keeps the session after the connection ends [s]: 0 for commands, which leave nothing
            behind; ``None``: as in the section.

        Raises
        ------
        config.errors.ConfigError
            The password or a certificate cannot be read.
        """
        return cls(
            host=broker.host,
            port=broker.port,
            client_id=client_id,
            protocols=("5", "3.1.1") if broker.protocol == "auto" else ("5",) if broker.protocol == 5 else ("3.1.1",),
            username=broker.username,
            password=broker.read_password(),
            tls=_tls(broker),
            keepalive=broker.keepalive,
            session_expiry=broker.session_expiry if session_expiry is None else session_expiry,
            receive_maximum=broker.receive_maximum,
        )

    @property
    def address(self) -> str:
        """``host:port``, for the log."""
        return f"{self.host}:{self.port}"

    def client(self, protocol: ProtocolVersion) -> PahoClient:
        """Make a client for one connection.

        Every connection needs a new one: paho keeps the unsent messages of a lost connection in memory and sends them
        again later, which is the outbox's task, and the protocol of a client cannot be changed.
        """
        client = PahoClient(
            CallbackAPIVersion.VERSION2,
            client_id=self.client_id,
            protocol=mqtt.MQTTv5 if protocol == "5" else mqtt.MQTTv311,
            clean_session=None if protocol == "5" else self.session_expiry == 0,
            manual_ack=True,
            reconnect_on_failure=False,  # paho would reconnect with MQTT 3.1
        )
        client.connect_timeout = CONNECT_TIMEOUT
        client.username = self.username
        client.password = self.password
        if self.tls:
            client.tls_set_context(self.tls)
        client.on_socket_open = _tune
        # With this callback, even an empty one, paho queues what we publish; we write when a batch is complete.
        client.on_socket_register_write = lambda *_: None
        return client

    def dial(self, client: PahoClient) -> None:
        """Connect, blocking for at most a few seconds.

        Raises
        ------
        OSError, ValueError
            The broker cannot be reached; see :func:`edge.mqtt.failures.unreachable`.
        """
        if client.protocol != mqtt.MQTTv5:
            client.connect(self.host, self.port, self.keepalive)
            return
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = self.session_expiry
        properties.ReceiveMaximum = self.receive_maximum
        properties.MaximumPacketSize = _PACKET_LIMIT
        # clean_start must be given: with paho's default every start of the process discards the kept session.
        client.connect(
            self.host, self.port, self.keepalive, clean_start=self.session_expiry == 0, properties=properties
        )


def _tune(client: mqtt.Client, userdata: object, sock: Any) -> None:
    # paho does not set TCP_NODELAY: round trips would take 40 ms (Nagle's algorithm and delayed acks).
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _PREFERRED_BUFFER)


def _tls(broker: Broker) -> ssl.SSLContext | None:
    if broker.tls is None:
        return None
    where = "ca"
    try:
        for where in ("ca", "certificate", "key"):
            if path := getattr(broker.tls, where):
                # OpenSSL does not name the file that it cannot read.
                (handed_out(path) if where == "key" else Path(path)).open("rb").close()
        where = "ca"
        context = ssl.create_default_context(cafile=broker.tls.ca)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if broker.tls.certificate:
            where = "certificate"
            context.load_cert_chain(broker.tls.certificate, broker.tls.key and handed_out(broker.tls.key))
    except ssl.SSLError as error:
        raise ConfigError([_tls_fault(where, str(error))]) from error
    except OSError as error:
        path = getattr(broker.tls, where)
        expected = "expected PEM files that can be read"
        what = reading_fault(path, error, otherwise=expected, secret=where == "key")
        raise ConfigError([f"gateway.yaml: broker.tls.{where}: {path}: {what}"]) from error
    except ValueError as error:
        raise ConfigError([_tls_fault(where, str(error))]) from error
    return context


def _tls_fault(where: str, what: str) -> str:
    return f"gateway.yaml: broker.tls.{where}: {what}, expected PEM files that can be read"
