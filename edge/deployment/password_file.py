"""A file with the broker's password, as the agent reads it: mistakes are found before it is installed."""

from __future__ import annotations

from pathlib import Path

from edge.errors import DeploymentError

_LONGEST = 65_535  # [bytes], of a password in MQTT


def absence(path: Path) -> str | None:
    """Return a sentence with the fix if there is no file at a path."""
    if path.is_file():
        return None
    what = "got a folder or a device, expected a file" if path.exists() else "there is no such file"
    return f"{path}: {what}; fix: check the path"


def read_password_file(path: Path) -> str:
    """Return the password in a file; line breaks at its end are no part of it.

    Raises
    ------
    DeploymentError
        It cannot be read, or holds no password: it is empty, not UTF-8, too long, or has several lines.
    """
    if (fault := absence(path)) is not None:
        raise DeploymentError(fault)
    try:
        with path.open("rb") as file:
            data = file.read(_LONGEST + 3).rstrip(b"\r\n")
        text = data.decode()
    except OSError as error:
        raise DeploymentError(f"{path}: cannot be read: {error.strerror}; fix: check its permissions") from error
    except UnicodeDecodeError:
        raise DeploymentError(f"{path}: it is not UTF-8; fix: write the password into it again") from None
    if not text:
        raise DeploymentError(f"{path}: it is empty, expected a password; fix: write the password into it")
    if len(data) > _LONGEST:
        raise DeploymentError(f"{path}: it is longer than {_LONGEST:,} bytes; fix: write only the password into it")
    if "\n" in text:
        raise DeploymentError(f"{path}: got several lines, expected a password; fix: write only the password into it")
    return text
