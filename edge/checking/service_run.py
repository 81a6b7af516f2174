"""Runs a command as the agent's service would: its user, its sandbox, its credentials, its working directory.

A unit of another name gets everything that the agent's unit has under ``[Service]``, read by systemd itself, with the
command in place of the agent. It lives in ``/run`` for as long as the command runs.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

from config.service import UNIT
from edge.checking.exit_sentence import exit_sentence
from edge.errors import ServiceError

BOOTED = Path("/run/systemd/system")
"""Only there where systemd has booted the computer. A unit in it is found at once, and gone after the next boot."""
_SECTION = re.compile(r"\s*\[(\w[\w-]*)\]\s*$")
_DYNAMIC = re.compile(r"^\s*DynamicUser\s*=\s*(1|yes|true|on)\s*$", re.MULTILINE | re.IGNORECASE)
_NAMES = re.compile(r"(?<!%)((?:%%)*)%([nNp])")  # specifiers for the unit's name, which is another one here
_POLL = 0.1  # [s]
_EXITED = "1"  # si_code of a process that has ended by itself

_IN_PLACE = """
[Service]
Type=oneshot
RemainAfterExit=no
Restart=no
WatchdogSec=0
NotifyAccess=none
TimeoutStartSec=infinity
ExecCondition=
ExecStartPre=
ExecStart=
ExecStartPost=
ExecReload=
ExecStop=
ExecStopPost=
StandardInput=null
StandardError=inherit
"""


class ServiceRun:
    """The settings of the agent's unit, and a way to run something else by it.

    Parameters
    ----------
    unit
        A unit file that need not be installed; ``None``: the installed one, with its drop-ins.

    Attributes
    ----------
    started
        The words with which the installed unit starts the agent; none for a file.

    Raises
    ------
    ServiceError
        This is not root on a computer that runs systemd, or there is no such unit.
    """

    def __init__(self, unit: Path | None) -> None:
        if not BOOTED.is_dir():
            raise ServiceError(
                "--as-service: systemd does not run here; fix: run it on the gateway, or without --as-service"
            )
        if os.geteuid() != 0:
            raise ServiceError("--as-service: only root may start something as a service; fix: sudo")
        self.started: list[str] = []
        if unit is not None:
            self._text = _read(unit)
            return
        shown = show_unit(UNIT, "LoadState", "FragmentPath", "DropInPaths", "ExecStart")
        if shown["LoadState"] != "loaded":
            state = shown["LoadState"]
            raise ServiceError(f"{UNIT}: got {state}, expected an installed unit; fix: install it, or --unit FILE")
        files = [shown["FragmentPath"], *shown["DropInPaths"].split()]
        self._text = "\n".join(_read(Path(each)) for each in files)
        if found := re.search(r"argv\[\]=(.*?) ; ", shown["ExecStart"]):
            self.started = found[1].split()

    @property
    def user(self) -> str:
        """The user as whom the unit runs."""
        found = re.findall(r"^\s*User\s*=\s*(\S+)\s*$", self._text, re.MULTILINE)
        return found[-1] if found else "davylamp" if _DYNAMIC.search(self._text) else "root"

    def run(self, command: Sequence[str], environment: Mapping[str, str], out: TextIO) -> int:
        """Run a command as the service, and pass on what it prints; returns its exit code.

        Raises
        ------
        ServiceError
            systemd could not start it.
        """
        name = f"davylamp-check-{os.getpid()}.service"
        with tempfile.TemporaryDirectory(prefix="davylamp-check-", dir="/run") as folder:
            output = Path(folder, "output")
            output.touch(0o600)
            path = BOOTED / name
            path.write_text(self.unit_text(command, environment, output), encoding="utf-8")
            try:
                return self._start(name, output, out, command)
            finally:
                _systemctl("stop", name)
                path.unlink(missing_ok=True)
                _systemctl("reset-failed", name)

    def unit_text(self, command: Sequence[str], environment: Mapping[str, str], output: Path) -> str:
        """Return the unit in which a command runs in place of the agent, its output going to a file."""
        # A dynamic user is named after its unit: without this line it would be another one than the agent's, and
        # systemd would give it the agent's state folder while the agent runs.
        user = "User=davylamp\n" if _DYNAMIC.search(self._text) else ""
        own = _NAMES.sub(
            lambda each: each[1] + (UNIT if each[2] == "n" else UNIT.removesuffix(".service")), _service(self._text)
        )
        given = "".join(f"Environment={_quoted(f'{key}={value}')}\n" for key, value in environment.items())
        started = " ".join(map(_quoted, command))
        return (
            f"[Unit]\nDescription=davylamp, checked as its service\n\n[Service]\n{user}"
            f"{own}{_IN_PLACE}StandardOutput=file:{output}\n{given}ExecStart={started}\n"
        )

    def _start(self, name: str, output: Path, out: TextIO, command: Sequence[str]) -> int:
        with (
            output.open(encoding="utf-8", errors="replace") as printed,
            subprocess.Popen(
                ["systemctl", "start", name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            ) as starting,
        ):
            try:
                ended = False
                while not ended:
                    ended = starting.poll() is not None
                    if text := printed.read():
                        out.write(text)
                        out.flush()
                    elif not ended:
                        time.sleep(_POLL)
            except BaseException:
                starting.kill()
                raise
            refusal = starting.communicate()[0].strip()
        if starting.returncode == 0:
            return 0
        shown = show_unit(name, "ExecMainCode", "ExecMainStatus", "Result")
        code = int(shown["ExecMainStatus"] or 0)
        if shown["ExecMainCode"] == "0":
            raise ServiceError(f"{UNIT}: systemd does not start it: {refusal}")
        if shown["ExecMainCode"] != _EXITED:
            raise ServiceError(f"{UNIT}: it was killed by signal {code} ({shown['Result']})")
        if (sentence := exit_sentence(code, self._text, command[0])) is not None:
            raise ServiceError(f"{UNIT}: {sentence}")
        return code


def _service(text: str) -> str:
    """Return what a unit file has under ``[Service]``."""
    kept, inside, continued = [], False, False
    for line in text.splitlines():
        comment = line.lstrip()[:1] in ("#", ";")
        if not continued and (section := _SECTION.match(line)):
            inside = section[1] == "Service"
        elif inside:
            kept.append(line)
        continued = line.endswith("\\") or (continued and comment)
    return "\n".join(kept)


def _quoted(word: str) -> str:
    """Write a word so that systemd reads exactly that."""
    for special, written in (("\\", "\\\\"), ('"', '\\"'), ("%", "%%"), ("$", "$$"), ("\n", "\\n")):
        word = word.replace(special, written)
    return f'"{word}"'


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise ServiceError(
            f"{path}: {getattr(error, 'strerror', None) or 'not UTF-8'}, expected a unit file; fix: check the path"
        ) from error


def _systemctl(*words: str) -> str:
    return subprocess.run(["systemctl", *words], capture_output=True, text=True, check=False).stdout


def show_unit(unit: str, *properties: str) -> dict[str, str]:
    """Return properties of a unit, as text; an unknown one is empty."""
    text = _systemctl("show", unit, "--timestamp=unix", f"--property={','.join(properties)}")
    return dict.fromkeys(properties, "") | dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
