"""Why a connection could not be opened, was refused or ended: what the log reports, and whether retrying soon helps."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass

from paho.mqtt.reasoncodes import ReasonCode

from edge.mqtt.of_tls import is_of_tls
from edge.mqtt.options import CONNECT_TIMEOUT, Options
from edge.mqtt.port_probe import answers, speaks_plain_mqtt, speaks_tls

LOST, LOST_AGAIN, TAKEN_OVER = "connection lost", "connection lost again and again", "connection taken over"
"""Log events of a connection that ended after the broker had accepted it."""

CLOSED, SILENT = "broker closed the connection without an answer", "broker does not answer"
"""Log events of a connection that the broker has not accepted."""

_NO_RETAIN, _NO_QOS = "Retain not supported", "QoS not supported"
_LACKING = {
    _NO_RETAIN: "states and alarms are retained; fix: retain_available true in the broker's settings, its default",
    _NO_QOS: "readings and events need QoS 1; fix: max_qos 2 in the broker's settings, its default",
}
_SILENT = (
    "no CONNACK; fix: the broker's log says why. With MQTT 3.1.1, Mosquitto also does this with retain_available false "
    "and with max_qos 0; both have to be left at their defaults"
)
DOWNGRADED = f"{_NO_QOS}: {_LACKING[_NO_QOS]}"
"""What a broker lacks that grants QoS 0 where we asked for 1."""

_UNREACHABLE_FIX = "fix: start the broker, or correct its host and port"
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


def unreachable(error: OSError | ValueError, options: Options, *, in_handshake: bool = False) -> Failure:
    """Classify an error that kept a connection from being opened.

    Parameters
    ----------
    error
        The error.
    options
        Options of the connection.
    in_handshake
        Whether the port had answered, and TLS was being agreed upon.
    """
    if is_of_tls(error) and isinstance(error, ssl.SSLCertVerificationError):
        detail = f"{error.verify_message}; fix: broker.tls.ca must have signed it, for the name {options.host}"
        return Failure("broker's certificate refused", detail, slow=True)
    if is_of_tls(error) and isinstance(error, ssl.SSLError):
        if "WRONG_VERSION_NUMBER" in str(error) or isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
            return _without_tls(options, error.reason or "closed")
        asked = "CERTIFICATE_REQUIRED" in str(error) or "HANDSHAKE_FAILURE" in str(error)
        fix = (
            "broker.tls.certificate and broker.tls.key, which the broker trusts"
            if asked
            else "broker.port or broker.tls"
        )
        return Failure("no TLS with the broker", f"{error}; fix: {fix}", slow=True)
    if in_handshake and isinstance(error, OSError):
        return _without_tls(options, error.strerror or str(error))
    if isinstance(error, socket.gaierror):
        return Failure("broker not found", f"{error.strerror}; fix: broker.host, or the network")
    if isinstance(error, TimeoutError):
        return Failure("broker not reachable", f"no answer within {CONNECT_TIMEOUT:g} s; {_UNREACHABLE_FIX}")
    why = error.strerror or str(error) if isinstance(error, OSError) else str(error)
    return Failure("broker not reachable", f"{why or 'no reason given'}; {_UNREACHABLE_FIX}")


def refused(reason: ReasonCode, options: Options) -> Failure:
    """Classify the broker's refusal of a CONNECT."""
    name = str(reason)
    if name == _UNSUPPORTED:
        return Failure("broker refused the protocol", name, slow=True, older=True)
    if name in _LOGIN_REFUSED:
        who = f"user {options.username!r}" if options.username else "no username"
        detail = f"{name} ({who}); fix: broker.username and broker.password in gateway.yaml"
        return Failure("broker refused the login", detail, slow=True)
    if name in _LACKING:
        return Failure("broker lacks what davylamp needs", f"{name}: {_LACKING[name]}", slow=True)
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
        return Failure(CLOSED, _SILENT, older=True)
    if reason is not None and str(reason) in _LACKING:
        return refused(reason, options)
    if reason is not None and str(reason) == "Session taken over":
        detail = f"another client is called {options.client_id!r}; fix: a broker.client_id of its own for each"
        return Failure(TAKEN_OVER, detail, slow=True)
    return Failure(LOST, str(reason) if reason is not None else "closed")


def explained(failure: Failure, options: Options) -> Failure:
    """Find out more about a CONNECT without an answer: a port for TLS gives none to clients without it."""
    if failure.event not in (CLOSED, SILENT) or options.tls is not None or not speaks_tls(options.host, options.port):
        return failure
    fix = "broker.tls: {} in gateway.yaml, or {ca: PATH} for an authority of your own; or another broker.port"
    detail = f"port {options.port} speaks TLS, and broker.tls is null; fix: {fix}"
    return Failure("broker expects TLS", detail, slow=True)


def lacks(properties: object) -> list[str]:
    """Return what a broker's CONNACK says that it lacks and davylamp needs, each with the fix."""
    found = []
    if getattr(properties, "MaximumQoS", None) == 0:
        found.append(DOWNGRADED)
    if getattr(properties, "RetainAvailable", None) == 0:
        found.append(f"{_NO_RETAIN}: {_LACKING[_NO_RETAIN]}")
    return found


def _without_tls(options: Options, reason: str) -> Failure:
    """Name a port that ends a handshake of TLS: it may speak MQTT at once, or the broker was stopping."""
    plain = speaks_plain_mqtt(options.host, options.port)
    what = f"port {options.port} speaks MQTT without TLS, and broker.tls is set" if plain else f"handshake: {reason}"
    fix = "broker.port in gateway.yaml (brokers use 8883 for TLS as a rule), or leave broker.tls out"
    return Failure("no TLS with the broker", f"{what}; fix: {fix}", slow=plain)


def lost_repeatedly(failure: Failure, options: Options) -> Failure:
    """Name the likely cause when several connections in a row are lost soon after they were accepted.

    A broker that does not answer any more has stopped, which explains the loss; then the failure stays what it is.
    """
    if not answers(options.host, options.port):
        return failure
    detail = f"{failure.detail}; is another client called {options.client_id!r}? fix: a broker.client_id for each"
    return Failure(LOST_AGAIN, detail)
