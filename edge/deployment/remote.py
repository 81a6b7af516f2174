"""Remote: a gateway that is reached by the system's ssh, which logs in once and asks for passwords itself."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from edge.errors import DeploymentError

_LOST = 255  # ssh's own exit code; any other is the remote command's
_SHORT = "/tmp"  # noqa: S108  (the folder in it is private)
_LONGEST = 60  # of a folder for ssh's socket, whose path has 104 bytes at most, ssh's own suffix of 17 among them
_PERSIST = 1800  # [s] for which the login outlives an idle moment, e.g. while wheels are downloaded
_OPTIONS = (
    "ConnectTimeout=20", "ServerAliveInterval=15", "ServerAliveCountMax=4",
    "ClearAllForwardings=yes", "RemoteCommand=none", "RequestTTY=no",
)  # fmt: skip
_HINTS = {
    "Permission denied": "log in by hand first ({ssh}), or copy your key with ssh-copy-id",
    "Host key verification failed": "log in by hand once ({ssh}), and compare the key",
    "HOST IDENTIFICATION HAS CHANGED": "if the gateway was installed anew, forget its old key with ssh-keygen -R",
    "Could not resolve hostname": "check the name; on a network without mDNS use the gateway's address",
    "invalid characters": "check the name, expected [USER@]HOST",
    "Connection refused": "enable ssh on the gateway: sudo raspi-config, Interface Options, SSH",
    "timed out": "check that the gateway is on and on this network",
    "No route to host": "check that the gateway is on and on this network",
    "configuration option": "check --ssh-option",
}
"""What ssh writes, and what helps; the last one that applies is used."""


class Remote:
    """One login on a gateway, shared by all commands (ssh's ControlMaster).

    Parameters
    ----------
    destination
        As ssh takes it: ``pi@gateway.local``, a name of ``~/.ssh/config``, or ``ssh://pi@gateway.local:2222``.
    options
        Further options in the form of ``~/.ssh/config``, e.g. ``Port=2222``; they come before ours.

    Raises
    ------
    DeploymentError
        There is no ssh, or the destination cannot be one.
    """

    def __init__(self, destination: str, options: Sequence[str] = ()) -> None:
        if not destination or destination.startswith("-"):
            raise DeploymentError(f'host: got "{destination}", expected [USER@]HOST, e.g. pi@gateway.local')
        if shutil.which("ssh") is None:
            raise DeploymentError("ssh: not found; fix: sudo apt install openssh-client")
        self.destination = destination
        self._options = tuple(options)
        self._folder = ""

    def __enter__(self) -> Self:
        """Log in; ssh asks on the terminal for what it needs.

        Raises
        ------
        DeploymentError
            ssh cannot log in.
        """
        here = tempfile.gettempdir()
        self._folder = tempfile.mkdtemp(prefix="davylamp-ssh-", dir=here if len(here) <= _LONGEST else _SHORT)
        try:
            self._log_in(Path(self._folder) / "log")
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Log out."""
        subprocess.run(
            self._ssh("-O", "exit"),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        shutil.rmtree(self._folder, ignore_errors=True)

    def read(self, script: str) -> str:
        """Run a script of the POSIX shell and return what it prints.

        Raises
        ------
        DeploymentError
            The connection is lost, or the script fails.
        """
        done = subprocess.run(
            # A script on standard input means the same to every login shell.
            [*self._ssh("-T"), "sh -s"], input=script, capture_output=True, text=True, errors="replace", check=False,
        )  # fmt: skip
        self._raise_if(done.returncode, done.stderr)
        return done.stdout

    def send(self, write: Callable[[IO[bytes]], None], script: str) -> str:
        """Run a script of one line that reads what ``write`` writes; return what it prints.

        Raises
        ------
        DeploymentError
            The connection is lost, or the script fails; its reason is in the text.
        """
        with subprocess.Popen(
            [*self._ssh("-T"), f"sh -c {shlex.quote(script)}"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        ) as process:  # fmt: skip
            assert process.stdin is not None
            try:
                write(process.stdin)
            except BrokenPipeError:
                pass  # the script has ended early: its reason follows
            except BaseException:
                process.kill()
                raise
            finally:
                _close(process.stdin)
            process.stdin = None
            printed, complaint = process.communicate()
        self._raise_if(process.returncode, complaint.decode(errors="replace"))
        return printed.decode(errors="replace")

    def attend(self, command: str, *, terminal: bool) -> int:
        """Run a command on our standard input and output, and return its exit code.

        Parameters
        ----------
        command
            For the gateway's login shell.
        terminal
            Give it a terminal, so that sudo can ask for a password.

        Raises
        ------
        DeploymentError
            The connection is lost.
        """
        words = self._ssh("-t", "-o", "RequestTTY=force", "-q") if terminal else self._ssh("-T")
        code = subprocess.run([*words, command], stdin=None if terminal else subprocess.DEVNULL, check=False).returncode
        if code == _LOST:
            raise DeploymentError(
                f"{self.destination}: the connection was lost; the gateway runs the old release or the new one; "
                "fix: run the same command again"
            )
        return code

    def _log_in(self, log: Path) -> None:
        with log.open("ab") as file:
            # The shared login lives on in the background and would hold a pipe open; on a terminal it may write,
            # because a security key asks there to be touched.
            done = subprocess.run(
                [*self._ssh("-E", str(log)), "true"],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=None if sys.stderr.isatty() else file, check=False,
            )  # fmt: skip
        if done.returncode:
            raise DeploymentError(self._fault(log.read_text(encoding="utf-8", errors="replace")))

    def _ssh(self, *words: str) -> list[str]:
        control = (
            "ControlMaster=auto", f"ControlPath={self._folder}/s", f"ControlPersist={_PERSIST}",
        )  # fmt: skip
        # ssh takes the first value that it finds of an option: the caller's words, the user's options, ours.
        options = [word for option in (*self._options, *control, *_OPTIONS) for word in ("-o", option)]
        return ["ssh", *words, *options, "--", self.destination]

    def _raise_if(self, code: int, complaint: str) -> None:
        if not code:
            return
        reason = _last_line(complaint) or f"exit code {code}"
        what = "the connection was lost" if code == _LOST else "a command failed there"
        fix = "make room there" if "No space left" in complaint else "run the same command again"
        raise DeploymentError(f"{self.destination}: {what}: {reason}; fix: {fix}")

    def _fault(self, log: str) -> str:
        fix = next((fix for words, fix in reversed(_HINTS.items()) if words in log), "log in by hand first: {ssh}")
        return (
            f"{self.destination}: ssh could not log in: {_last_line(log) or 'it gave no reason'}; "
            f"fix: {fix.format(ssh=f'ssh {shlex.quote(self.destination)}')}"
        )


def _last_line(text: str) -> str:
    """Return the last line that gives a reason."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    reasons = [line for line in lines if "Exiting with failure status" not in line]  # tar's last line gives none
    return "".join(char for char in (reasons or [""])[-1] if char.isprintable())


def _close(file: IO[bytes]) -> None:
    """Close a pipe whose reader may have gone."""
    with suppress(BrokenPipeError):
        file.close()
