"""Puts the exit codes with which systemd itself ends a service into sentences: it only gives their names."""

from __future__ import annotations

import os
import re
from pathlib import Path

_FIRST = 200  # exit codes from here on are systemd's
_CHDIR, _EXEC, _NAMESPACE, _CREDENTIALS = 200, 203, 226, 243
_NAMES = {
    200: "CHDIR", 203: "EXEC", 208: "STDIN", 209: "STDOUT", 216: "GROUP", 217: "USER", 218: "CAPABILITIES",
    226: "NAMESPACE", 228: "SECCOMP", 233: "RUNTIME_DIRECTORY", 238: "STATE_DIRECTORY", 239: "CACHE_DIRECTORY",
    240: "LOGS_DIRECTORY", 241: "CONFIGURATION_DIRECTORY", 243: "CREDENTIALS",
}  # fmt: skip
_CREDENTIAL = re.compile(r"^\s*LoadCredential(?:Encrypted)?\s*=\s*([^:\s]+):(/\S+)", re.MULTILINE)
_PATHS = re.compile(
    r"^\s*(?:ReadWrite|ReadOnly|Inaccessible|Exec|NoExec|Bind|BindReadOnly)Paths\s*=\s*(.*)$", re.MULTILINE
)
_FOLDER = re.compile(r"^\s*WorkingDirectory\s*=\s*(/.*)$", re.MULTILINE)
_LARGEST = 1 << 20  # [B] of a credential


def exit_sentence(code: int, unit: str, program: str) -> str | None:
    """Return what an exit code of systemd's means for a service; ``None`` for one of the program's own.

    Parameters
    ----------
    code
        The exit code.
    unit
        Text of the unit.
    program
        The program that should have run.
    """
    if code < _FIRST:
        return None
    if code == _CREDENTIALS and (faults := credential_faults(unit)):
        return f"{'; '.join(faults)} (systemd reports only 243/CREDENTIALS)"
    if code == _NAMESPACE and (missing := _missing_paths(unit)):
        names = ", ".join(missing)
        return f"it names {names}, which is not there (226/NAMESPACE); fix: make it, or remove it from the unit"
    if code == _CHDIR and (found := _FOLDER.findall(unit)):
        return f"WorkingDirectory={found[-1].strip()} cannot be entered (200/CHDIR); fix: make it, or remove the line"
    if code == _EXEC:
        return f"{program} cannot be run (203/EXEC): {_why_not(Path(program))}"
    name = f"/{_NAMES[code]}" if code in _NAMES else ""
    return f"systemd could not start it ({code}{name}); fix: see `journalctl -u davylamp` and `systemctl cat davylamp`"


def credential_faults(unit: str) -> list[str]:
    """Return what is wrong with the files that a unit names in ``LoadCredential``; for root, as systemd reads them."""
    faults = []
    for name, path in _CREDENTIAL.findall(unit):
        try:
            with Path(path).open("rb") as file:
                if os.fstat(file.fileno()).st_size > _LARGEST:
                    faults.append(
                        f"LoadCredential={name}:{path}: larger than 1 MiB; fix: write only the password into it"
                    )
        except OSError as error:
            fix = f"sudo install -m 600 /dev/stdin {path}, then type the password and Ctrl-D; or remove the line"
            faults.append(f"LoadCredential={name}:{path}: {error.strerror}; fix: {fix}")
    return faults


def _missing_paths(unit: str) -> list[str]:
    words = [word.split(":")[0] for line in _PATHS.findall(unit) for word in line.split()]
    return [word for word in words if word.startswith("/") and not Path(word).exists()]


def _why_not(program: Path) -> str:
    if any(program.is_relative_to(home) for home in ("/home", "/root", "/run/user")):
        return "ProtectHome hides it from the service; fix: install davylamp into /opt/davylamp"
    if not program.exists():
        return "there is no such file; fix: install davylamp there, or correct ExecStart"
    if not os.access(program, os.X_OK):
        return f"it may not be executed; fix: sudo chmod 755 {program}"
    return "its interpreter is missing; fix: install davylamp again"
