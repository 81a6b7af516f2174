"""Connecting: what a connection needs (login, TLS, protocol), when to try again, and what went wrong."""

from __future__ import annotations

import ipaddress
import random
import socket
import ssl
import threading
from dataclasses import dataclass, field
from typing import Any, Literal

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from config.errors import ConfigError
from config.settings.broker import Broker
from edge.mqtt.paho_client import PahoClient

Protocol = Literal["5", "3.1.1"]

CONNECT_TIMEOUT = 5.0
"""How long an address may take to answer [s]; the watchdog's patience is several times that."""

_UNSUPPORTED = "Unsupported protocol version"
_LOGIN_REFUSED = ("Bad user name or password", "Not authorized", "Banned", "Bad authentication method")
_PACKET_LIMIT = 1 << 20  # [B] what the broker may send us in one piece; a batch of readings is far below it
_PREFERRED_BUFFER = 1 << 18  # [B] of the socket: several batches, so that the broker never waits for our scoring


@dataclass(frozen=True, kw_only=True)
class Options:
    """Everything that a connection needs, resolved: the password is read, the certificates are loaded."""

    host: str
    port: int
    client_id: str
    protocols: tuple[Protocol, ...]
    username: str | None
    password: str | None = field(repr=False)
    tls: ssl.SSLContext | None = field(repr=False)
    keepalive: int
    session_expiry: int
    receive_maximum: int

    @classmethod
    def of(cls, broker: Broker, *, client_id: str, session_expiry: int | None = None) -> Options:
        """Resolve the ``broker`` section of gateway.yaml.

        Parameters
        ----------
        broker
            The section.
        client_id
            Who connects: two clients of one name throw each other out.
        session_expiry
            How long the broker keeps the session [s]; 0 for commands that only look, ``None`` for the section's.

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

    def client(self, protocol: Protocol) -> PahoClient:
        """Make a client for one connection.

        A new one each time: paho keeps unsent messages of a lost connection in memory and sends them again later,
        which is the outbox's business, and its protocol cannot be changed.
        """
        client = PahoClient(
            CallbackAPIVersion.VERSION2,
            client_id=self.client_id,
            protocol=mqtt.MQTTv5 if protocol == "5" else mqtt.MQTTv311,
            clean_session=None if protocol == "5" else self.session_expiry == 0,
            manual_ack=True,
            reconnect_on_failure=False,  # paho would go on with MQTT 3.1 by itself
        )
        client.connect_timeout = CONNECT_TIMEOUT
        client.username = self.username
        client.password = self.password
        if self.tls:
            client.tls_set_context(self.tls)
        client.on_socket_open = _tune
        # Being there is enough: paho then queues what we publish, and we write when a batch is complete.
        client.on_socket_register_write = lambda *_: None
        return client

    def dial(self, client: PahoClient) -> None:
        """Connect, blocking for some seconds at most; raises OSError or ValueError."""
        _resolve(self.host, self.port)
        if client.protocol != mqtt.MQTTv5:
            client.connect(self.host, self.port, self.keepalive)
            return
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = self.session_expiry
        properties.ReceiveMaximum = self.receive_maximum
        properties.MaximumPacketSize = _PACKET_LIMIT
        # clean_start must be said: paho's default wipes the queued session at every start of the process.
        client.connect(
            self.host, self.port, self.keepalive, clean_start=self.session_expiry == 0, properties=properties
        )


LOST, TAKEN_OVER = "connection lost", "connection taken over"
"""What happens to a connection, in the log."""

ANSWER_TIMEOUT = 10.0
"""How long a broker may take for CONNACK and SUBACK together [s]."""


class Backoff:
    """Delays between tries: full jitter, growing, never giving up.

    Parameters
    ----------
    random
        Source of the jitter.
    first, longest
        Upper bound of the first delay and of every delay [s].
    """

    def __init__(self, random: random.Random, first: float = 1.0, longest: float = 60.0) -> None:
        self._random = random
        self._first = first
        self.longest = longest
        self._tries = 0

    def delay(self, *, slow: bool = False) -> float:
        """Seconds to wait before the next try; ``slow`` where only a person can mend what is wrong."""
        bound = min(self.longest, self._first * 2.0 ** min(self._tries, 16))
        self._tries += 1
        return self._random.uniform(self.longest / 2, self.longest) if slow else self._random.uniform(0.0, bound)

    def reset(self) -> None:
        """Start again with short delays: the connection held."""
        self._tries = 0


@dataclass(frozen=True)
class Failure:
    """Why there is no connection.

    Parameters
    ----------
    event
        What happened, for the log.
    detail
        What exactly, and how to mend it.
    slow
        Only a person can mend it: try rarely.
    older
        The broker may speak the older protocol only.
    """

    event: str
    detail: str
    slow: bool = False
    older: bool = False


def unreachable(error: OSError | ValueError, options: Options) -> Failure:
    """Say why a connection could not be opened."""
    if isinstance(error, ssl.SSLCertVerificationError):
        detail = f"{error.verify_message}; fix: broker.tls.ca must have signed it, for the name {options.host}"
        return Failure("broker's certificate refused", detail, slow=True)
    if isinstance(error, ssl.SSLError):
        asked = "CERTIFICATE_REQUIRED" in str(error) or "HANDSHAKE_FAILURE" in str(error)
        fix = (
            "broker.tls.certificate and broker.tls.key, which the broker trusts"
            if asked
            else "broker.port or broker.tls"
        )
        return Failure("no TLS with the broker", f"{error}; fix: {fix}", slow=True)
    if isinstance(error, socket.gaierror):
        return Failure("broker not found", f"{error.strerror}; fix: broker.host, or the network")
    if isinstance(error, TimeoutError):
        return Failure("broker not reachable", f"no answer within {CONNECT_TIMEOUT:g} s")
    return Failure("broker not reachable", error.strerror or str(error) if isinstance(error, OSError) else str(error))


def refused(reason: ReasonCode, options: Options) -> Failure:
    """Say why the broker refused a CONNECT."""
    name = str(reason)
    if name == _UNSUPPORTED:
        return Failure("broker refused the protocol", name, slow=True, older=True)
    if name in _LOGIN_REFUSED:
        who = f"user {options.username!r}" if options.username else "no username"
        detail = f"{name} ({who}); fix: broker.username and broker.password in gateway.yaml"
        return Failure("broker refused the login", detail, slow=True)
    return Failure("broker refused the connection", name)


def ended(reason: ReasonCode | None, options: Options, *, accepted: bool) -> Failure:
    """Say why an open connection ended; ``reason`` is the broker's, if it gave one."""
    if not accepted:
        return Failure("broker closed the connection without an answer", "no CONNACK", older=True)
    if reason is not None and str(reason) == "Session taken over":
        detail = f"another client is called {options.client_id!r}; fix: a broker.client_id of its own for each"
        return Failure(TAKEN_OVER, detail, slow=True)
    return Failure(LOST, str(reason) if reason is not None else "closed")


def again_and_again(failure: Failure, options: Options) -> Failure:
    """Say what it looks like when connections are lost one after another, each soon after it began."""
    detail = f"{failure.detail}; is another client called {options.client_id!r}? fix: a broker.client_id for each"
    return Failure("connection lost again and again", detail)


def _tune(client: mqtt.Client, userdata: object, sock: Any) -> None:
    # paho never sets it: 40 ms round trips (Nagle and delayed acks).
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _PREFERRED_BUFFER)


def _resolve(host: str, port: int) -> None:
    """Look a name up before paho does: where no name server answers that takes half a minute, deaf to signals."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        pass
    else:
        return
    errors: list[OSError | ValueError] = []

    def look_up() -> None:
        try:
            socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, ValueError) as error:  # UnicodeError, for names that cannot be one
            errors.append(error)

    resolver = threading.Thread(target=look_up, name="resolver", daemon=True)
    resolver.start()
    resolver.join(CONNECT_TIMEOUT)
    if resolver.is_alive():
        raise socket.gaierror(socket.EAI_AGAIN, f"no name server answers within {CONNECT_TIMEOUT:g} s")
    if errors:
        raise errors[0]


def _tls(broker: Broker) -> ssl.SSLContext | None:
    if broker.tls is None:
        return None
    where = "broker.tls.ca"
    try:
        context = ssl.create_default_context(cafile=broker.tls.ca)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if broker.tls.certificate:
            where = "broker.tls.certificate"
            context.load_cert_chain(broker.tls.certificate, broker.tls.key)
    except (OSError, ValueError) as error:
        what = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ConfigError([f"gateway.yaml: {where}: {what}, expected PEM files that can be read"]) from error
    return context
