"""Why a connection could not be opened, was refused or ended: what the log reports, and whether retrying soon helps."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass

from paho.mqtt.reasoncodes import ReasonCode

from edge.mqtt.options import CONNECT_TIMEOUT, Options

LOST, TAKEN_OVER = "connection lost", "connection taken over"
"""Log events of a connection that ended after the broker had accepted it."""

_UNSUPPORTED = "Unsupported protocol version"
_LOGIN_REFUSED = ("Bad user name or password", "Not authorized", "Banned", "Bad authentication method")


@dataclass(frozen=True)
class Failure:
    """Why there is no connection.

    Parameters
    ----------
    event
        What happened, for the log.
    detail
        The exact reason, and the fix if there is one.
    slow
        Whether only a person can fix it, so that retries are rare.
    older
        Whether the broker may speak the older protocol only.
    """

    event: str
    detail: str
    slow: bool = False
    older: bool = False


def unreachable(error: OSError | ValueError, options: Options) -> Failure:
    """Classify an error that kept a connection from being opened."""
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
    """Classify the broker's refusal of a CONNECT."""
    name = str(reason)
    if name == _UNSUPPORTED:
        return Failure("broker refused the protocol", name, slow=True, older=True)
    if name in _LOGIN_REFUSED:
        who = f"user {options.username!r}" if options.username else "no username"
        detail = f"{name} ({who}); fix: broker.username and broker.password in gateway.yaml"
        return Failure("broker refused the login", detail, slow=True)
    return Failure("broker refused the connection", name)


def ended(reason: ReasonCode | None, options: Options, *, accepted: bool) -> Failure:
    """Classify the end of an open connection.

    Parameters
    ----------
    reason
        Reason code of the broker's DISCONNECT; ``None`` without one.
    options
        Options of the connection.
    accepted
        Whether the broker had accepted the CONNECT.
    """
    if not accepted:
        return Failure("broker closed the connection without an answer", "no CONNACK", older=True)
    if reason is not None and str(reason) == "Session taken over":
        detail = f"another client is called {options.client_id!r}; fix: a broker.client_id of its own for each"
        return Failure(TAKEN_OVER, detail, slow=True)
    return Failure(LOST, str(reason) if reason is not None else "closed")


def lost_repeatedly(failure: Failure, options: Options) -> Failure:
    """Name the likely cause when several connections in a row are lost soon after they were accepted."""
    detail = f"{failure.detail}; is another client called {options.client_id!r}? fix: a broker.client_id for each"
    return Failure("connection lost again and again", detail)
