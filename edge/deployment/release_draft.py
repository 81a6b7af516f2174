"""ReleaseDraft: a release that is being built: the configuration of today, with what is new."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from edge.deployment.gateway_login import with_gateway_login
from edge.deployment.links import copy_tree, remove_tree, replace_file
from edge.deployment.machine import Machine
from edge.deployment.mosquitto_logins import new_password
from edge.deployment.password_file import read_password_file
from edge.deployment.releases import PARTIAL, Release, Releases
from edge.deployment.service_layout import CONFIGURATION, STORE
from edge.deployment.service_unit import credentials_of, render_unit, shipped_text
from edge.deployment.wishes import Wishes
from edge.errors import DeploymentError

LOGIN = "davylamp"
"""User name of the agent at the broker, unless the gateway file has another."""

CREDENTIAL = "password"
"""Name of the credential with its password, unless the gateway file has another."""

_PRIVATE, _READABLE = 0o600, 0o644
_SHIPPED_BUNDLE = "one.davy"
_HERE = ("localhost", "127.0.0.1", "::1")


class ReleaseDraft:
    """Builds a release beside the others.

    Parameters
    ----------
    machine
        Where.
    environment
        The environment that it is going to use.
    before
        The release whose configuration goes on; ``None``: the shipped one is used.
    say
        Takes a line for the user.

    Attributes
    ----------
    release
        The release, under a name that marks it as not complete.
    facts
        The :class:`edge.agent.gateway_facts.GatewayFacts` of its gateway file, after :meth:`fill`.
    """

    def __init__(self, machine: Machine, environment: Path, before: Release | None, say: Callable[[str], None]) -> None:
        self._machine = machine
        self._environment = environment
        self._before = before
        self._say = say
        releases = Releases(machine)
        number = releases.next_number()
        self.release = Release(number, releases.at(number).folder.with_name(f"{number}{PARTIAL}"))
        self._final = f"{STORE}/releases/{number}"
        self.facts: Mapping[str, Any] = {}
        self._given: set[str] = set()
        self._folder = self.release.configuration

    def fill(self, wishes: Wishes) -> None:
        """Write configuration, credentials and unit.

        Raises
        ------
        DeploymentError, OSError
            Something that the gateway file names is not there, or the file has mistakes; one line each.
        """
        release = self.release
        remove_tree(release.folder)
        release.folder.mkdir(parents=True)
        release.folder.chmod(0o755)
        self._carry_over()
        self._take_files(wishes)
        self._shorten_paths()
        self._folder = release.configuration.resolve()
        self._read_facts(wishes)
        self._fit_bundles(wishes)
        if wishes.broker:
            self._take_login(wishes)
        self._take_password(wishes)
        self._complain(self._missing(wishes))
        self._drop_old_bundles()
        self._write_unit()
        release.environment.symlink_to(f"../../environments/{self._environment.name}")

    def same_as(self, other: Release) -> bool:
        """Whether another release has the same environment, files, modes and unit."""
        return _content(self.release, self.release.number) == _content(other, other.number)

    def _carry_over(self) -> None:
        target = self.release.configuration
        if self._before is not None and self._before.configuration.is_dir():
            copy_tree(self._before.configuration, target)
            unit = self._before.unit.read_text(encoding="utf-8") if self._before.unit.is_file() else ""
            for name, path in credentials_of(unit).items():
                source = self._machine.path(path)
                if source.is_file():  # also one outside of our folder, of an installation by hand
                    replace_file(target / name, source.read_bytes(), _PRIVATE)
        target.mkdir(exist_ok=True)
        target.chmod(0o755)

    def _take_files(self, wishes: Wishes) -> None:
        target = self.release.configuration
        if wishes.config is not None:
            self._copy(wishes.config, "gateway.yaml", _READABLE)
        elif not self.release.gateway.is_file():
            replace_file(self.release.gateway, self._shipped(wishes).encode())
            self._say("    gateway.yaml: the shipped one; change it later with davylamp deploy --config")
        for path in wishes.bundles:
            self._copy(path, path.name, _READABLE)
            self._given.add(path.name)
        for path in wishes.files:
            self._copy(path, path.name, _PRIVATE)
        for path in target.iterdir():
            if (path.suffix == ".davy" or path.name == "gateway.yaml") and not path.is_symlink():
                path.chmod(_READABLE)

    def _shorten_paths(self) -> None:
        """Make paths through our links relative: they would lead into the release of today."""
        text = self.release.gateway.read_bytes()
        ours = rf"(?:{re.escape(STORE)}/(?:current|releases/\d+)/etc|{re.escape(CONFIGURATION)})/"
        fresh = re.sub(ours.encode(), b"", text)
        if fresh != text:
            replace_file(self.release.gateway, fresh)

    def _shipped(self, wishes: Wishes) -> str:
        text = shipped_text("gateway.yaml")
        if wishes.password is None:
            return text
        self._say_login()
        return with_gateway_login(text, LOGIN, CREDENTIAL)

    def _say_login(self) -> None:
        self._say(f'    gateway.yaml: username "{LOGIN}", password from the credential "{CREDENTIAL}"')

    def _copy(self, source: Path, name: str, mode: int) -> None:
        try:
            data = source.read_bytes()
        except OSError as error:
            raise DeploymentError(f"{source}: {error.strerror}; fix: check the path and its permissions") from error
        replace_file(self.release.configuration / name, data, mode)

    def _read_facts(self, wishes: Wishes) -> None:
        program = self._environment / "bin/python"
        gateway = self.release.gateway
        done = self._machine.run([program, "-m", "edge.agent.gateway_facts", gateway], check=False)
        if done.returncode:
            name = str(wishes.config or f"{CONFIGURATION}/gateway.yaml")
            raise DeploymentError((done.stderr or done.stdout).strip().replace(str(gateway), name))
        facts = json.loads(done.stdout)
        for key in ("bundles", "certificates", "secrets"):  # without "..": what leads out of the folder is not ours
            facts[key] = [os.path.normpath(path) for path in facts[key]]
        self.facts = facts
        taken = {"gateway.yaml", *(Path(path).name for key in ("bundles", "certificates") for path in facts[key])}
        if facts["credential"] in taken:
            raise DeploymentError(
                f"{wishes.config or f'{CONFIGURATION}/gateway.yaml'}: broker.password.credential: "
                f"{facts['credential']} is another file's name; fix: credential: {CREDENTIAL}"
            )

    def _fit_bundles(self, wishes: Wishes) -> None:
        """Put the name of the one new bundle into a gateway file that goes on, if there is no other reading."""
        folder = self._folder
        beside = wishes.config.resolve().parent if wishes.config is not None else None
        named = [Path(path) for path in self.facts["bundles"]]
        for path in named:  # bundles that lie beside the gateway file that was given
            if beside is not None and path.is_relative_to(folder) and not path.exists():
                source = beside / path.relative_to(folder)
                if source.is_file():
                    path.parent.mkdir(parents=True, exist_ok=True)
                    self._copy(source, str(path.relative_to(folder)), _READABLE)
        unnamed = sorted(self._given - {path.name for path in named})
        if not unnamed:
            return
        if wishes.config is None and len(unnamed) == 1 and len(named) == 1:
            old, new = named[0].name, unnamed[0]
            text = self.release.gateway.read_text(encoding="utf-8")
            pattern = rf"(\bbundle:\s*[\"']?)(?:[^\s\"',}}#]*/)?{re.escape(old)}(?=[\"']?\s*(?:[,}}#]|$))"
            replace_file(self.release.gateway, re.sub(pattern, rf"\g<1>{new}", text, flags=re.MULTILINE).encode())
            self._read_facts(wishes)
            if [Path(path).name for path in self.facts["bundles"]] == [new]:
                if old != _SHIPPED_BUNDLE or self._before is not None:
                    self._say(f"    gateway.yaml: bundle {new} in place of {old}")
                return
        names = ", ".join(path.name for path in named) or "none"
        raise DeploymentError(
            f"--bundle {', '.join(unnamed)}: the gateway file names {names}; "
            "fix: write its name under stations[].bundle, and give the file with --config"
        )

    def _take_login(self, wishes: Wishes) -> None:
        """Have the agent log in at the broker that is set up here."""
        if self.facts["host"] not in _HERE:
            raise DeploymentError(
                f"--broker: {wishes.config or 'gateway.yaml'}: broker.host: got {self.facts['host']}, expected "
                "localhost for a broker on this gateway; fix: correct it, or leave --broker out"
            )
        if self.facts["username"] is None:
            text = self.release.gateway.read_text(encoding="utf-8-sig")
            replace_file(self.release.gateway, with_gateway_login(text, LOGIN, CREDENTIAL).encode())
            with suppress(DeploymentError):  # a file of another form, e.g. JSON: the next lines give the fix
                self._read_facts(wishes)
                self._say_login()
        got = self.facts["username"], bool(self.facts["credential"])
        if got != (LOGIN, True):
            raise DeploymentError(
                f"--broker: {wishes.config or 'gateway.yaml'}: broker: got the user {got[0]}, expected `username: "
                f"{LOGIN}` and `password: {{credential: {CREDENTIAL}}}`; fix: write both, or leave --broker out"
            )
        file = self._folder / self.facts["credential"]
        if wishes.password is None and not file.is_file():
            replace_file(file, new_password().encode(), _PRIVATE)

    def password(self) -> str:
        """Return the agent's password at the broker."""
        file: Path = self._folder / self.facts["credential"]
        try:
            return read_password_file(file)
        except DeploymentError as error:  # it was carried over
            name = f"{CONFIGURATION}/{file.name}"
            raise DeploymentError(f"{str(error).replace(str(file), name)}, or give --password-file") from error

    def _take_password(self, wishes: Wishes) -> None:
        if wishes.password is None:
            return
        name = self.facts["credential"]
        if name is None:
            raise DeploymentError(
                f"--password-file: {wishes.config or 'gateway.yaml'} does not ask for it; fix: write `username: NAME` "
                f"and `password: {{credential: {CREDENTIAL}}}` under broker:, and give it with --config"
            )
        self._copy(wishes.password, name, _PRIVATE)

    def _missing(self, wishes: Wishes) -> list[str]:
        file = wishes.config or f"{CONFIGURATION}/gateway.yaml"
        folder, found = self._folder, []
        credential = self.facts["credential"]
        if credential is not None and not (folder / credential).is_file():
            found.append(f"{file}: broker.password: there is no credential {credential}; fix: --password-file FILE")
        for key, fix in (("bundles", "--bundle FILE"), ("certificates", "--file FILE"), ("secrets", "--file FILE")):
            for text in self.facts[key]:
                path = Path(text)
                if path.is_relative_to(folder) and not path.is_file():
                    found.append(f"{file}: it names {path.relative_to(folder)}, which is not there; fix: {fix}")
        return found

    def _complain(self, problems: list[str]) -> None:
        if problems:
            raise DeploymentError("\n".join(problems))

    def _drop_old_bundles(self) -> None:
        named = {Path(path).resolve() for path in self.facts["bundles"]}
        for path in self.release.configuration.glob("*.davy"):
            if path.resolve() not in named:
                path.unlink()
                self._say(f"    {path.name}: no longer named by gateway.yaml, not taken along")

    def _write_unit(self) -> None:
        folder = self._folder
        credentials = set()
        if self.facts["credential"] is not None:
            credentials.add(self.facts["credential"])
        for text in self.facts["secrets"]:
            path = Path(text)
            if path.parent == folder:  # handed out by systemd, because the service's user may not read it
                credentials.add(path.name)
        for name in credentials:
            (folder / name).chmod(_PRIVATE)
        for text in self.facts["certificates"]:
            path = Path(text)
            if path.is_relative_to(folder) and path.is_file() and not path.is_symlink():
                path.chmod(_READABLE)
        text = render_unit(shipped_text("davylamp.service"), self._final, credentials)
        replace_file(self.release.unit, text.encode())


def _content(release: Release, number: int) -> dict[str, object]:
    """Return everything that a release consists of, without its number."""
    own = re.compile(rf"{re.escape(STORE)}/releases/{number}(?=[/;])")
    files: dict[str, object] = {}
    for path in sorted(release.configuration.rglob("*")):
        name = str(path.relative_to(release.configuration))
        if path.is_symlink():
            files[name] = str(path.readlink())
        elif path.is_file():
            files[name] = (path.read_bytes(), path.stat().st_mode & 0o777)
    unit = release.unit.read_text(encoding="utf-8") if release.unit.is_file() else ""
    environment = release.environment.readlink().name if release.environment.is_symlink() else ""
    return {"files": files, "unit": own.sub("", unit), "environment": environment}
