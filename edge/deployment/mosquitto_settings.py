"""Mosquitto's settings as it reads them, and davylamp's own file among them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edge.errors import DeploymentError

_OWNED = frozenset(
    {
        "listener", "port", "bind_address", "per_listener_settings", "allow_anonymous", "password_file", "acl_file",
        "psk_file", "plugin", "auth_plugin", "use_identity_as_username", "use_subject_as_username",
    }
)  # fmt: skip
"""Keywords that decide who may connect: two files that give them contradict each other."""

_TRANSPORT = frozenset(
    {
        "listener", "socket_domain", "bind_interface", "protocol", "max_connections", "mount_point", "cafile", "capath",
        "certfile", "keyfile", "crlfile", "ciphers", "ciphers_tls1.3", "dhparamfile", "tls_version",
        "tls_engine", "tls_keyform", "require_certificate", "use_identity_as_username", "use_subject_as_username",
    }
)  # fmt: skip
"""Keywords of listeners, which are carried over from a davylamp.conf that asks for logins already."""

_DEBIANS = ("persistence", "true")  # in Debian's main file, and what we need
_ENABLED = ("listener", "allow_anonymous", "password_file", "acl_file")


@dataclass(frozen=True)
class MosquittoSetting:
    """One line of a settings file."""

    file: Path
    line: int
    keyword: str
    value: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.keyword} {self.value}"


def read_mosquitto_settings(main: Path, root: Path = Path("/")) -> list[MosquittoSetting]:
    """Return the settings of a file and of the folders that it includes, in the order in which Mosquitto reads them.

    Parameters
    ----------
    main
        ``mosquitto.conf``.
    root
        Folder that stands for ``/`` in the names of folders.

    Raises
    ------
    DeploymentError
        A file cannot be read.
    """
    found: list[MosquittoSetting] = []
    for setting in _lines(main):
        found.append(setting)
        if setting.keyword == "include_dir":
            folder = root / setting.value.lstrip("/")
            for path in sorted(folder.glob("*.conf")) if folder.is_dir() else []:
                found += _lines(path)
    return found


def contradictions(settings: Sequence[MosquittoSetting], ours: Path, template: str) -> list[MosquittoSetting]:
    """Return what other files than ``ours`` say about who may connect, and about anything that ``template`` sets."""
    mine = {line.split()[0] for line in template.splitlines() if line and not line.startswith("#")} | _OWNED
    return [
        setting
        for setting in settings
        if setting.file != ours and setting.keyword in mine and (setting.keyword, setting.value) != _DEBIANS
    ]


def network_settings(
    template: str, old: Sequence[MosquittoSetting], password_file: str, acl_file: str, port: int
) -> str:
    """Return the text of davylamp.conf for stations on the network, each with a login.

    Parameters
    ----------
    template
        The shipped mosquitto.conf: a listener for this machine alone, and the other lines commented out.
    old
        Settings of the davylamp.conf that is there. If it asks for logins, its listeners and certificates go on.
    password_file, acl_file
        Files of logins and of access rules.
    port
        Port to listen on, if no listener is carried over.
    """
    carried = [setting for setting in old if setting.keyword in _TRANSPORT] if _asks_for_logins(old) else []
    first = carried.pop(0).value if carried and carried[0].keyword == "listener" else str(port)
    values = {"listener": first, "password_file": password_file, "acl_file": acl_file}
    text = template
    for keyword in ("listener", "allow_anonymous"):
        text = re.sub(rf"^{keyword} .*\n", "", text, count=1, flags=re.MULTILINE)
    for keyword in _ENABLED:
        default = re.search(rf"^#{keyword} (.*)$", text, flags=re.MULTILINE)
        if default is None:
            raise DeploymentError(f"mosquitto.conf: no line #{keyword}; fix: install davylamp's wheel again")
        text = text.replace(default[0], f"{keyword} {values.get(keyword, default[1])}", 1)
    if carried:
        lines = "\n".join(f"{setting.keyword} {setting.value}" for setting in carried)
        text += f"\n# Carried over from the file that was here.\n{lines}\n"
    return text


@dataclass(frozen=True)
class MosquittoListener:
    """A port of the broker.

    Parameters
    ----------
    port
        Its number.
    tls
        Whether it is encrypted.
    certificates
        Whether it asks clients for certificates.
    """

    port: int
    tls: bool
    certificates: bool


def first_listener(settings: Sequence[MosquittoSetting]) -> MosquittoListener:
    """Return the listener on which this machine reaches the broker: a plain one if there is any, or the first one.

    Raises
    ------
    DeploymentError
        There is no listener.
    """
    found: list[MosquittoListener] = []
    for setting in settings:
        words = setting.value.split()
        if setting.keyword == "listener" and words and words[0].isdecimal() and words[0] != "0":
            found.append(MosquittoListener(int(words[0]), tls=False, certificates=False))
        elif found and setting.keyword == "certfile":
            found[-1] = replace(found[-1], tls=True)
        elif found and setting.keyword == "require_certificate":
            found[-1] = replace(found[-1], certificates=setting.value == "true")
        elif found and setting.keyword == "protocol" and setting.value == "websockets":
            found.pop()
    if not found:
        raise DeploymentError("mosquitto's settings: no listener; fix: davylamp.conf needs a line: listener 1883")
    return min(found, key=lambda listener: listener.tls)


def _asks_for_logins(settings: Sequence[MosquittoSetting]) -> bool:
    return any(setting.keyword == "allow_anonymous" and setting.value == "false" for setting in settings)


def _lines(path: Path) -> Iterator[MosquittoSetting]:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise DeploymentError(
            f"{path}: cannot be read: {error.strerror}; fix: sudo apt install --reinstall mosquitto"
        ) from error
    for number, line in enumerate(text.splitlines(), 1):
        words = line.strip().split(None, 1)
        if words and not words[0].startswith("#"):
            yield MosquittoSetting(path, number, words[0], words[1].strip() if len(words) > 1 else "")


def last_value(settings: Sequence[MosquittoSetting], keyword: str) -> str | None:
    """Return the value that is in force: that of the last line with a keyword."""
    return next((setting.value for setting in reversed(settings) if setting.keyword == keyword), None)
