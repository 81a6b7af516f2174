"""Machine: the one on which the service is installed, with a seam for its root folder and its programs."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from edge.errors import DeploymentError

Runner = Callable[[Sequence[str], Mapping[str, str], float], "subprocess.CompletedProcess[str]"]
"""Runs a program: words, environment, longest duration [s]."""

_MISSING = 127  # a shell's exit code for it
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Machine:
    """Runs programs and resolves paths.

    Parameters
    ----------
    root
        Folder that stands for ``/``; another one in tests only.
    runner
        Runs the programs.
    """

    def __init__(self, root: Path = Path("/"), runner: Runner | None = None) -> None:
        self.root = root
        self._runner = runner or _run

    def path(self, absolute: str | Path) -> Path:
        """Return where an absolute path of the machine lies."""
        return self.root / str(absolute).lstrip("/")

    def run(
        self,
        words: Sequence[str | Path],
        *,
        seconds: float = 60.0,
        environment: Mapping[str, str] | None = None,
        check: bool = True,
    ) -> subprocess.CompletedProcess[str]:
        """Run a program and return what it printed.

        Parameters
        ----------
        words
            Program and arguments.
        seconds
            Longest duration [s].
        environment
            Variables beside ``PATH``, ``HOME`` and the language.
        check
            Whether another exit code than 0 is an error; without it a program that is not there has the code 127.

        Raises
        ------
        DeploymentError
            It is not there, takes too long, or fails; with the last line that it printed.
        """
        line = [str(word) for word in words]
        variables = {"PATH": _PATH, "HOME": "/root", "LC_ALL": "C.UTF-8", **(environment or {})}
        try:
            done = self._runner(line, variables, seconds)
        except FileNotFoundError as error:
            if not check:
                return subprocess.CompletedProcess(line, _MISSING, "", "")
            raise DeploymentError(f"{line[0]}: there is no such program; fix: install it with apt") from error
        except subprocess.TimeoutExpired as error:
            raise DeploymentError(f"{_short(line)}: not done within {seconds:g} s") from error
        if check and done.returncode:
            lines = [text.strip() for text in (done.stderr + "\n" + done.stdout).splitlines() if text.strip()]
            raise DeploymentError(f"{_short(line)}: exit code {done.returncode}: {(lines or ['no message'])[-1]}")
        return done

    def systemctl(self, *words: str, check: bool = True, seconds: float = 60.0) -> str:
        """Run ``systemctl`` and return its output; raises DeploymentError as :meth:`run` does."""
        return self.run(["systemctl", *words], check=check, seconds=seconds).stdout.strip()

    @property
    def is_root(self) -> bool:
        """Whether we may change the machine; a root folder of a test is ours."""
        return self.root != Path("/") or os.geteuid() == 0


def _run(words: Sequence[str], variables: Mapping[str, str], seconds: float) -> subprocess.CompletedProcess[str]:
    # A session of its own: Ctrl-C is ours to handle, and must not kill a systemctl or a pip half-way. And not in the
    # folder that somebody is in: `python -m` would run what lies there, as root.
    return subprocess.run(
        words, env=dict(variables), stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
        timeout=seconds, check=False, start_new_session=True, cwd="/",
    )  # fmt: skip


def _short(line: Sequence[str]) -> str:
    return " ".join([line[0].rsplit("/", 1)[-1], *line[1:3]])
