"""BrokerSetup: a Mosquitto on this gateway, with davylamp's settings, logins and access rules, tried out afterwards."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from config.atomic import write_text
from edge.deployment.broker_probe import RECEIVE_MAXIMUM, BrokerProbe
from edge.deployment.machine import Machine
from edge.deployment.mosquitto_logins import AccessRule, with_login, with_rules
from edge.deployment.mosquitto_settings import (
    MosquittoListener,
    contradictions,
    first_listener,
    last_value,
    network_settings,
    read_mosquitto_settings,
)
from edge.errors import DeploymentError

USER = "davylamp"
"""The agent's login at the broker: ``broker.username`` of gateway.yaml."""

_SERVICE = "mosquitto"
_FOLDER = Path("/etc/mosquitto")
_NOBODYS = "davylamp-setup/refused"  # a topic that no rule allows anybody
_INSTALLING = 600.0  # [s] for apt-get on a slow network
_LOG_FILE = "/var/log/mosquitto/mosquitto.log"
_LOG = f"fix: see sudo journalctl -u {_SERVICE} and {_LOG_FILE}"


@dataclass(frozen=True)
class _File:
    path: Path
    text: str
    private: bool  # only the broker's user may read it; Mosquitto 2.0.21 reads it as that user

    @property
    def mode(self) -> int:
        return 0o600 if self.private else 0o644


class BrokerSetup:
    """Sets a Mosquitto up, or leaves it as it was.

    Parameters
    ----------
    machine
        Where.
    say
        Takes a line for the user.
    folder
        Folder of the broker's settings.
    owner
        The broker's user.
    """

    def __init__(
        self, machine: Machine, *, say: Callable[[str], None], folder: Path = _FOLDER, owner: str = "mosquitto"
    ) -> None:
        self._machine = machine
        self._say = say
        self._owner = owner
        self._folder = folder
        self._before: dict[Path, bytes | None] = {}
        self._main = machine.path(folder / "mosquitto.conf")
        self._ours = machine.path(folder / "conf.d/davylamp.conf")

    @property
    def installed(self) -> bool:
        """Whether there is a Mosquitto."""
        return self._machine.path("/usr/sbin/mosquitto").is_file() and self._main.is_file()

    def problems(self, *, offline: bool) -> list[str]:
        """Return a sentence with the fix for everything that keeps us from setting the broker up; changes nothing.

        Parameters
        ----------
        offline
            Whether nothing can be downloaded.
        """
        if self.installed:
            settings = read_mosquitto_settings(self._main, self._machine.root)
            found = [
                f"{setting}: another file than davylamp.conf decides this; fix: remove the line, "
                "or set the broker up by hand, without --broker"
                for setting in contradictions(settings, self._ours, _shipped("mosquitto.conf"))
            ]
            included = (setting.value for setting in settings if setting.keyword == "include_dir")
            if self._ours.parent not in map(self._machine.path, included):
                found.append(
                    f"{self._main}: got no line include_dir {_FOLDER}/conf.d, so nothing there is read; fix: add it"
                )
            return found
        if offline:
            return ["mosquitto: not installed, and nothing may be downloaded; fix: sudo apt install mosquitto"]
        if shutil.which("apt-get") is None:
            return ["mosquitto: not installed, and there is no apt-get; fix: install Mosquitto 2 by hand"]
        return []

    def set_up(self, password: str, base: str, rules: Iterable[AccessRule] = (), *, port: int = 1883) -> None:
        """Install Mosquitto if it is not there, write our files, restart it if they have changed, and try it out.

        Parameters
        ----------
        password
            Password of the agent's login; :func:`edge.deployment.mosquitto_logins.new_password` draws one.
        base
            Topic below which the agent publishes, ``topics.base`` of gateway.yaml.
        rules
            What has to be allowed beside the shipped ACL file, as :mod:`edge.agent.access_rules` prints it.
        port
            Port to listen on; the listeners of a davylamp.conf that asks for logins already stay as they are.

        Raises
        ------
        DeploymentError
            It cannot be set up; the files are then what they were, and the broker runs with them.
        """
        if not self.installed:
            self._say("broker: apt-get install mosquitto")
            quietly = {"DEBIAN_FRONTEND": "noninteractive"}
            self._machine.run(["apt-get", "-q", "update"], seconds=_INSTALLING, environment=quietly, check=False)
            install = ["apt-get", "-q", "-y", "--no-install-recommends", "install", "mosquitto"]
            self._machine.run(install, seconds=_INSTALLING, environment=quietly)
        if problems := self.problems(offline=True):
            raise DeploymentError("\n".join(problems))
        changed = [file for file in self._files(password, rules, port) if not self._is_there(file)]
        before = self._before = {file.path: _content(file.path) for file in changed}
        try:
            for file in changed:
                self._write(file, before[file.path])
            started = self._start(changed)
            try:
                self._try_out(password, base)
            except DeploymentError:
                if started:
                    raise
                self._restart(())  # it may run with the settings of before
                self._try_out(password, base)
        except BaseException:
            self._restore(before)
            raise

    def undo(self) -> None:
        """Put back what :meth:`set_up` has changed: others use the broker, and an agent may go on without a login."""
        self._restore(self._before)

    def save(self) -> None:
        """Let the broker write to disk what it has now: otherwise that would wait for half an hour."""
        self._machine.systemctl("kill", "--signal=USR1", _SERVICE, check=False)

    def _files(self, password: str, rules: Iterable[AccessRule], port: int) -> list[_File]:
        old = [s for s in read_mosquitto_settings(self._main, self._machine.root) if s.file == self._ours]
        # A davylamp.conf that was written by hand may name files of its own; they are used.
        passwords = last_value(old, "password_file") or str(self._folder / "passwords")
        access = last_value(old, "acl_file") or str(self._folder / "davylamp.acl")
        logins, allowed = self._machine.path(passwords), self._machine.path(access)
        text = (_content(logins) or b"").decode(errors="replace")
        acl = (_content(allowed) or _shipped("mosquitto.acl").encode()).decode(errors="replace")
        settings = network_settings(_shipped("mosquitto.conf"), old, passwords, access, port)
        return [
            _File(logins, with_login(text, USER, password), private=True),
            _File(allowed, with_rules(acl, rules), private=True),
            _File(self._ours, settings, private=False),
        ]

    def _is_there(self, file: _File) -> bool:
        if _content(file.path) != file.text.encode():
            return False
        status = file.path.stat()
        return status.st_mode & 0o777 == file.mode and (not file.private or file.path.owner() == self._owner)

    def _write(self, file: _File, before: bytes | None) -> None:
        if before is not None and not file.private and before.decode(errors="replace") != file.text:
            kept = file.path.with_name(f"{file.path.name}.before")  # not *.conf, which would be read
            kept.write_bytes(before)
            self._say(f"broker: {file.path} is replaced; as it was: {kept}")
        # Ready beside its place first: a power cut must not leave a file that the broker cannot read.
        beside = file.path.with_name(f".{file.path.name}.new")
        beside.unlink(missing_ok=True)
        os.close(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        write_text(beside, file.text)
        if file.private:
            shutil.chown(beside, self._owner, self._owner)
        beside.chmod(file.mode)
        beside.replace(file.path)

    def _start(self, changed: Sequence[_File]) -> bool:
        """Start the broker again if there is a reason; returns whether there was one."""
        running = self._machine.run(["systemctl", "is-active", "--quiet", _SERVICE], check=False).returncode == 0
        if running and not changed:
            return False
        self._machine.systemctl("enable", _SERVICE)
        self._restart(changed)
        return True

    def _restart(self, changed: Sequence[_File]) -> None:
        begun, known = time.time(), len(_content(self._machine.path(_LOG_FILE)) or b"")
        self._machine.systemctl("reset-failed", _SERVICE, check=False)
        try:
            self._machine.systemctl("restart", _SERVICE)
        except DeploymentError as error:
            raise DeploymentError(f"{self._last_error(begun, known) or error}; {_LOG}") from error
        names = ", ".join(str(file.path) for file in changed)
        self._say(f"broker: Mosquitto is started anew{', with ' + names if names else ''}")

    def _last_error(self, begun: float, known: int) -> str | None:
        """Return Mosquitto's own word for why it does not start: what it has logged since then."""
        log = (_content(self._machine.path(_LOG_FILE)) or b"")[known:].decode(errors="replace").splitlines()
        words = ["journalctl", "--unit", _SERVICE, "--since", f"@{begun:.0f}", "--output", "cat", "--no-pager"]
        log += self._machine.run(words, check=False).stdout.splitlines()
        errors = [line.partition("Error: ")[2].strip() for line in log if "Error: " in line]
        return f"mosquitto does not start: {errors[-1]}" if errors else None

    def _restore(self, before: dict[Path, bytes | None]) -> None:
        self._before = {}
        if not before:
            return
        for path, data in before.items():
            if data is None:
                path.unlink(missing_ok=True)
            else:
                path.write_bytes(data)  # owner and mode stay ours, which every Mosquitto can read
        self._say("broker: its files are what they were")
        with suppress(DeploymentError):
            self._machine.systemctl("reset-failed", _SERVICE, check=False)
            self._machine.systemctl("restart", _SERVICE)

    def _try_out(self, password: str, base: str) -> None:
        """Try what the settings, the logins and the rules promise.

        Raises
        ------
        DeploymentError
            The broker does something else.
        """
        settings = read_mosquitto_settings(self._main, self._machine.root)
        listener = first_listener(settings)
        if listener.certificates:
            self._say(f"broker: port {listener.port} asks for certificates, so its logins are not tried out here")
            return
        if problems := _differences(listener, password, base, last_value(settings, "max_inflight_messages")):
            raise DeploymentError("\n".join(f"broker on port {listener.port}: {problem}" for problem in problems))
        self._say(
            f"broker: port {listener.port} takes {USER}, and nobody without a login; settings and rules are in force"
        )


def _differences(listener: MosquittoListener, password: str, base: str, inflight: str | None) -> list[str]:
    found = []
    with BrokerProbe(listener.port, tls=listener.tls) as nobody:
        if not nobody.refusal:
            found.append("it takes clients without a login; fix: allow_anonymous false")
    with BrokerProbe(listener.port, USER, password, tls=listener.tls) as agent:
        if agent.refusal:
            return [*found, f"it refuses the login of {USER}; {_LOG}"]
        got = str(agent.properties.get(RECEIVE_MAXIMUM, 65535))
        if got != inflight:
            found.append(
                f"max_inflight_messages: got {got}, expected {inflight}, so davylamp.conf is not in force; {_LOG}"
            )
        if not agent.may_publish(f"{base}/response/check"):
            found.append(f"{USER} may not publish below {base}; fix: topic readwrite {base}/# in the ACL file")
        if agent.may_publish(_NOBODYS):
            found.append(f"{USER} may publish to {_NOBODYS}, so the ACL file is not in force; fix: acl_file")
    return found


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DeploymentError(f"{path}: cannot be read: {error.strerror}; fix: run as root") from error


def _shipped(name: str) -> str:
    return (resources.files("config.templates") / name).read_text(encoding="utf-8")
