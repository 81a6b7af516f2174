"""Settings of the connection to the MQTT broker."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct
from msgspec.structs import force_setattr

from config.errors import ConfigError
from config.file_fault import reading_fault
from config.service import is_service

_CREDENTIAL_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")  # and no path: it becomes a file's name
_FILE = {"relative": True}  # resolved against the folder of the file that names it


class Password(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the password is stored: exactly one of three places."""

    file: Annotated[str | None, Meta(description="a file that holds the password", extra=_FILE)] = None
    env: Annotated[str | None, Meta(description="an environment variable that holds it")] = None
    credential: Annotated[str | None, Meta(description="the name of a systemd credential (LoadCredential)")] = None

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield (path, sentence) for every broken rule that a type cannot express."""
        if sum(map(bool, (self.file, self.env, self.credential))) != 1:
            yield "", "expected exactly one of file, env, credential"

    def read(self) -> str:
        """Return the password itself.

        Raises
        ------
        ConfigError
            The password is not where the settings say.
        """
        if self.env:
            if not (text := os.environ.get(self.env)):
                raise _absent("env", f"the environment variable {self.env} is not set", "set it, or use {file: PATH}")
            return text
        key = "credential" if self.credential else "file"
        path = _credential_path(self.credential) if self.credential else handed_out(self.file or "")
        try:
            text = path.read_text(encoding="utf-8").rstrip("\r\n")
        except OSError as error:
            fault = reading_fault(path, error, secret=True)
            raise ConfigError([f"broker.password.{key}: {path} cannot be read: {fault}"]) from None
        except ValueError:
            raise _absent(key, f"{path} is not UTF-8", "write the password into it again") from None
        if not text:
            raise _absent(key, f"{path} is empty", "write the password into it")
        return text


class TLS(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An encrypted connection; an empty mapping trusts the system's certificate authorities."""

    ca: Annotated[
        str | None, Meta(description="certificate authorities to trust (PEM); null: the system's", extra=_FILE)
    ] = None
    certificate: Annotated[
        str | None, Meta(description="our certificate, for brokers that ask for one (PEM)", extra=_FILE)
    ] = None
    key: Annotated[str | None, Meta(description="its private key (PEM)", extra=_FILE)] = None

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield (path, sentence) for every broken rule that a type cannot express."""
        if (self.certificate is None) != (self.key is None):
            alone, other = ("key", "certificate") if self.certificate is None else ("certificate", "key")
            yield other, f"missing, expected a path: {alone} is of no use without {other}"


class Broker(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The connection to the broker."""

    host: Annotated[str, Meta(min_length=1)] = "localhost"
    port: Annotated[int, Meta(ge=1, le=65535, description="null: 1883, or 8883 with tls")] = 0
    protocol: Annotated[
        Literal["auto", 5, "3.1.1"],
        Meta(description="auto (5, then 3.1.1) | 5 | 3.1.1"),
    ] = "auto"
    client_id: Annotated[
        str,
        Meta(min_length=1, description="null: davylamp-GATEWAY; two clients with the same id disconnect each other"),
    ] = ""
    username: str | None = None
    password: Annotated[
        Password | None,
        Meta(
            description="{file: PATH} | {env: NAME} | {credential: NAME}; never the text itself",
            extra={
                "secret": True,
                "expected": "{file: PATH}, {env: NAME} or {credential: NAME}: the text itself does not belong in this "
                "file, put it into one that only davylamp can read and write {file: PATH}",
            },
        ),
    ] = None
    plaintext: Annotated[
        bool, Meta(description="true: without tls, the password may cross the network unencrypted")
    ] = False
    tls: Annotated[TLS | None, Meta(description="{ca: PATH, certificate: PATH, key: PATH}; {}: the system's CAs")] = (
        None
    )
    keepalive: Annotated[int, Meta(ge=1, le=65535, description="[s] between pings")] = 30
    session_expiry: Annotated[
        int,
        Meta(ge=0, le=4294967295, description="[s] the broker keeps our session and its readings while we are away"),
    ] = 604800
    receive_maximum: Annotated[
        int,
        Meta(
            ge=1, le=65535, description="readings the broker may send before an ack; a batch has at most half that many"
        ),
    ] = 256

    def __post_init__(self) -> None:
        if not self.port:
            force_setattr(self, "port", 1883 if self.tls is None else 8883)

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield (path, sentence) for every broken rule that a type cannot express."""
        if "/" in self.host or self.host.count(":") == 1:
            yield "host", f'got "{self.host}", expected a name or an address alone: the port goes into port'
        credential = self.password.credential if self.password is not None else None
        if credential and not _CREDENTIAL_NAME.fullmatch(credential):
            what = "expected the name that LoadCredential= gives it: letters, digits, '.', '_' and '-', and no path"
            yield "password.credential", what
        if self.password is not None and self.username is None:
            yield "username", "missing, expected a text: a password is of no use without a username"
        if self.exposed and not self.plaintext:
            fix = "broker.tls (encrypted), or broker.plaintext: true if nobody else can listen"
            yield "tls", f"null, so the password would go to {self.host} in clear text; fix: {fix}"

    @property
    def on_this_computer(self) -> bool:
        """Whether the broker runs on this computer, as far as its address says."""
        return is_loopback(self.host)

    @property
    def exposed(self) -> bool:
        """Whether the password would leave this computer unencrypted."""
        return self.password is not None and self.tls is None and not is_loopback(self.host)

    def read_password(self) -> str | None:
        """Return the password itself, or ``None`` when none is configured.

        Raises
        ------
        ConfigError
            The password is not where the settings say.
        """
        return None if self.password is None else self.password.read()


def handed_out(file: str) -> Path:
    """Return where a private file is read: in systemd's credentials, if it is there under its name.

    The service's user may not read a key that lies beside gateway.yaml for root alone; ``davylamp install-service`` has
    systemd hand it out.
    """
    folder, path = os.environ.get("CREDENTIALS_DIRECTORY"), Path(file)
    given = Path(folder) / path.name if folder else path
    return given if os.path.isfile(given) else path  # noqa: PTH113  # Path.is_file raises where nobody may look


def is_loopback(host: str) -> bool:
    """Return whether an address is one of this computer alone, as far as can be seen without looking it up."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _credential_path(name: str) -> Path:
    """Return the file in which systemd hands a credential to this service."""
    line = f"LoadCredential={name}:PATH in the unit"
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if folder is None and not is_service():
        what = "only systemd hands out credentials, and only to a service"
        fix = (
            "--as-service, which check and clear take; elsewhere sudo env CREDENTIALS_DIRECTORY=/etc/davylamp davylamp"
        )
        raise _absent("credential", what, f"{fix} ...")
    handed_out = sorted(os.listdir(folder)) if folder is not None and Path(folder).is_dir() else []  # noqa: PTH208
    if folder is None or name not in handed_out:
        others = f"only {', '.join(handed_out)}" if handed_out else "no credentials"
        raise _absent("credential", f"systemd handed out {others}, expected {name}", line)
    return Path(folder) / name


def _absent(key: str, what: str, fix: str) -> ConfigError:
    return ConfigError([f"broker.password.{key}: {what}; fix: {fix}"])
