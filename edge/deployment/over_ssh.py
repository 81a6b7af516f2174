"""OverSsh: the steps of ``davylamp deploy``, each printed before it is taken."""

from __future__ import annotations

import re
import shlex
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edge.deployment.own_wheel import OwnWheel
from edge.deployment.parcel import PRIVATE, Parcel
from edge.deployment.probe import FOLDER, SCRIPT, Probe
from edge.deployment.remote import Remote
from edge.deployment.wheelhouse import Wheelhouse
from edge.errors import DeploymentError

WHEELS = "wheelhouse"
"""Folder of the wheels in the parcel."""

_RUN = "run.sh"
_MARK = "davylamp-folder "
_PATTERN = f"{FOLDER}/davylamp-deploy.XXXXXXXXXX"
_TIDY = (
    f"for old in {FOLDER}/davylamp-deploy.*; do "
    'if [ -O "$old" ] && [ ! -L "$old" ] && [ -n "$(find "$old" -prune -mtime +0)" ]; then rm -rf "$old"; fi; done; '
)  # what a laptop has left there that lost its power between two steps
_UNPACK = (
    f"{_TIDY}umask 077; d=$(mktemp -d {_PATTERN}) || exit 1; trap 'rm -rf \"$d\"; exit 1' HUP INT TERM; "
    f'if tar -x -m -o -f - -C "$d"; then echo "{_MARK}$d"; else rm -rf "$d"; exit 1; fi'
)  # -m: a gateway whose clock is behind does not complain about times in the future


@dataclass(frozen=True)
class Order:
    """What is to be installed on the gateway.

    Parameters
    ----------
    bundles
        Bundles, sent under their names.
    config
        The gateway file; ``None``: the one that is there goes on, or the shipped one is used.
    further
        Files that the gateway file names, e.g. certificates.
    password
        File with the broker's password; it is sent to a file that nobody else can read.
    words
        Further words for ``davylamp install-service``, e.g. ``--broker``.
    """

    bundles: tuple[Path, ...] = ()
    config: Path | None = None
    further: tuple[Path, ...] = ()
    password: Path | None = None
    words: tuple[str, ...] = ()


class OverSsh:
    """Installs davylamp on a gateway that is reached by ssh.

    Parameters
    ----------
    remote
        The gateway, logged in.
    wheel
        davylamp's own wheel.
    constraints
        File with the tested versions.
    say
        Takes a line for the user.
    terminal
        Whether there is a terminal, on which sudo can ask for a password.
    cache
        Folder for wheels; default: the user's cache.
    """

    def __init__(
        self,
        remote: Remote,
        wheel: OwnWheel,
        constraints: Path,
        say: Callable[[str], None],
        *,
        terminal: bool,
        cache: Path | None = None,
    ) -> None:
        self._remote = remote
        self._wheel = wheel
        self._constraints = constraints
        self._say = say
        self._terminal = terminal
        self._cache = cache

    def run(self, order: Order) -> int:
        """Take all steps, and return the exit code of ``davylamp install-service`` on the gateway.

        Raises
        ------
        DeploymentError
            The gateway cannot take davylamp, with one line for each reason, or the connection is lost. Nothing is
            changed there then.
        """
        probe = self._probe()
        parcel = Parcel()
        words = self._pack(order, probe, parcel)
        parcel.add(_RUN, self._script(words, probe).encode())
        if fault := probe.lacks_room(parcel.size):
            raise DeploymentError(f"{self._remote.destination}: {fault}")
        with self._unpacked(parcel) as folder:
            self._say(f"deploy 4/5: run {'as root' if probe.sudo == 'root' else 'with sudo'}: davylamp install-service")
            return self._remote.attend(f"sh {folder}/{_RUN}", terminal=self._terminal)

    def _probe(self) -> Probe:
        probe = Probe.read(self._remote.read(SCRIPT))
        who = self._remote.destination
        if problems := probe.problems(terminal=self._terminal):
            raise DeploymentError("\n".join(f"{who}: {problem}" for problem in problems))
        self._say(f"deploy 1/5: {who}: {probe.target}, {probe.room / 1e6:,.0f} MB of room in {FOLDER}")
        if fault := probe.clock_fault(time.time()):
            self._say(f"    warning: {fault}")
        return probe

    def _pack(self, order: Order, probe: Probe, parcel: Parcel) -> list[str]:
        """Fill the parcel, and return the words for ``davylamp``; names in the parcel begin with ``./``."""
        words = ["install-service", "--wheelhouse", f"./{WHEELS}"]
        for bundle in order.bundles:
            words += ["--bundle", f"./{parcel.add(f'etc/{bundle.name}', bundle)}"]
        if order.config is not None:
            words += ["--config", f"./{parcel.add('etc/gateway.yaml', order.config)}"]
        for file in order.further:
            words += ["--file", f"./{parcel.add(f'etc/{file.name}', file, PRIVATE)}"]
        if order.password is not None:
            words += ["--password-file", f"./{parcel.add('password', order.password, PRIVATE)}"]
        wheelhouse = Wheelhouse(probe.target, self._wheel.requirements, self._constraints, self._cache)
        how = "take the wheels from" if wheelhouse.complete else "download and pack the wheels, once, into"
        self._say(f"deploy 2/5: {how} {wheelhouse.folder}")
        wheels = wheelhouse.wheels()
        for path in wheels:
            parcel.add(f"{WHEELS}/{path.name}", path)
        parcel.add(f"{WHEELS}/{self._wheel.name}", self._wheel.data)
        size = sum(path.stat().st_size for path in wheels) + len(self._wheel.data)
        self._say(f"    wheelhouse: {len(wheels) + 1} wheels, {size / 1e6:.1f} MB, with {self._wheel.name}")
        return [*words, *order.words]

    @contextmanager
    def _unpacked(self, parcel: Parcel) -> Iterator[str]:
        """Send the parcel to a private folder, and remove it afterwards."""
        self._say(f"deploy 3/5: send {parcel.size / 1e6:.1f} MB to a private folder in {FOLDER}")
        begun = time.monotonic()
        printed = self._remote.send(parcel.write, _UNPACK)
        found = re.search(rf"^{_MARK}({re.escape(FOLDER)}/davylamp-deploy\.\w+)\s*$", printed, flags=re.MULTILINE)
        if found is None:
            raise DeploymentError(
                f"{self._remote.destination}: got no folder for the files; fix: run the command again"
            )
        try:
            self._say(f"    sent in {time.monotonic() - begun:.0f} s: {found[1]}")
            yield found[1]
        finally:
            self._remove(found[1])

    def _remove(self, folder: str) -> None:
        try:
            self._remote.read(f"rm -rf {folder}\n")
        except DeploymentError as error:
            self._say(f"deploy 5/5: warning: {folder} may be left there: {error}")
        else:
            self._say(f"deploy 5/5: removed {folder}")

    def _script(self, words: Sequence[str], probe: Probe) -> str:
        """Return what runs there; it removes the folder itself, in case that the connection is lost meanwhile.

        It is a file, because login shells differ in how they read a command line.
        """
        sudo = {"root": [], "free": ["sudo", "-n"]}.get(probe.sudo, ["sudo"])
        words = [*sudo, "env", f"PYTHONPATH=./{WHEELS}/{self._wheel.name}", "PYTHONDONTWRITEBYTECODE=1", probe.python,
                 "-m", "davylamp", *words]  # fmt: skip
        return (
            "folder=${0%/*}\n"
            """trap 'rm -rf "$folder"' EXIT; trap 'exit 129' HUP; trap 'exit 143' TERM\n"""
            'cd "$folder" || exit 1\n' + " ".join(map(_in_folder, words)) + "\n"
        )


def _in_folder(word: str) -> str:
    """Quote a word of the script; ``./`` stands for the folder."""
    before, here, name = word.partition("./")
    return f'{before}"$folder"/{shlex.quote(name)}' if here and before in ("", "PYTHONPATH=") else shlex.quote(word)
