"""Why a file cannot be used: systemd's own words leave out who forbids it, and what to do."""

from __future__ import annotations

import errno
import os
import pwd
import stat
from pathlib import Path

from config.service import is_service, own_name, state_folder

_HOMES = ("/home", "/root", "/run/user")  # what ProtectHome hides
_TEMPORARY = ("/tmp", "/var/tmp")  # noqa: S108  # what PrivateTmp replaces
_CONFIGURATION = "/etc/davylamp"


def reading_fault(
    path: str | os.PathLike[str],
    error: OSError,
    *,
    otherwise: str = "fix: check the path and its owner",
    secret: bool = False,
) -> str:
    """Describe why a file could not be read.

    Parameters
    ----------
    path
        The file.
    error
        What opening it raised.
    otherwise
        What follows the reason if there is nothing better.
    secret
        Whether nobody but the agent should be able to read it: the fix is then a credential of systemd's, which is
        found under the file's name, and not a permission.

    Returns
    -------
    str
        The reason and the fix.
    """
    why = error.strerror or str(error)
    place = _absolute(path)
    if is_service() and (home := _below(place, _HOMES)) and error.errno in (errno.EACCES, errno.ENOENT):
        return f"{why}: the service cannot see {home} (ProtectHome); fix: {_moved(place, secret)}"
    if is_service() and (folder := _below(place, _TEMPORARY)) and error.errno == errno.ENOENT:
        return f"{why}: the service has a {folder} of its own (PrivateTmp); fix: {_moved(place, secret)}"
    if error.errno == errno.ENOENT and (missing := _first_missing(place)) != place:
        return f"{why}: there is no folder {missing}; {otherwise}"
    if error.errno != errno.EACCES:
        return f"{why}; {otherwise}"
    closed = _first_closed(place)
    mode = "755" if closed.is_dir() else "644"
    fix = _credential(place) if secret else f"sudo chmod {mode} {closed}"
    return f"{why}: {_owned(closed)}, and {own_name()} may not read it; fix: {fix}"


def writing_fault(path: str | os.PathLike[str]) -> str | None:
    """Describe why a file could not be made or changed at a path, without making or changing anything.

    Returns
    -------
    str or None
        The reason and the fix; ``None`` if nothing forbids it. A full disk does not count.
    """
    place = _absolute(path)
    folder = place.parent
    state = state_folder()
    inside = f"a path relative to {state}, which is the service's own" if state else "a folder that it may write to"
    if is_service() and (home := _below(place, _HOMES)):
        return f"the service cannot see {home} (ProtectHome); fix: {inside}"
    if (closed := _first_closed(folder)) != folder:
        return f"{_owned(closed)}, and {own_name()} may not look into it; fix: {inside}"
    if not folder.exists():
        return f"there is no folder {_first_missing(folder)}; fix: make it, or {inside}"
    if not folder.is_dir():
        return f"{folder} is no folder; fix: {inside}"
    if place.exists() and not place.is_file():
        return f"{place} is no file; fix: another name"
    for each in (folder, place):
        rights = os.R_OK | os.W_OK | (os.X_OK if each is folder else 0)
        if not each.exists() or os.access(each, rights, effective_ids=True):
            continue
        if os.statvfs(each).f_flag & os.ST_RDONLY:
            sandbox = " for the service (ProtectSystem)" if is_service() else ""
            return f"{each} is read-only{sandbox}; fix: {inside}"
        mended = f"sudo chown --reference={folder} {place}" if each is place else inside
        return f"{_owned(each)}, and {own_name()} may not write to it; fix: {mended}"
    return None


def _absolute(path: str | os.PathLike[str]) -> Path:
    return Path(os.path.realpath(path))


def _below(path: Path, folders: tuple[str, ...]) -> str | None:
    return next((each for each in folders if path.is_relative_to(each)), None)


def _first_missing(path: Path) -> Path:
    """Return the topmost part of a path that is not there."""
    for part in reversed([path, *path.parents]):
        if not os.path.lexists(part):
            return part
    return path


def _first_closed(path: Path) -> Path:
    """Return the topmost folder of a path that this process may not look into; the path itself if it may."""
    for part in reversed(path.parents):
        if part.is_dir() and not os.access(part, os.X_OK, effective_ids=True):
            return part
    return path


def _owned(path: Path) -> str:
    try:
        status = path.stat()
    except OSError:
        return f"{path} is closed"
    try:
        owner = pwd.getpwuid(status.st_uid).pw_name
    except KeyError:
        owner = str(status.st_uid)
    if owner == "nobody":  # what a user namespace (PrivateUsers) calls everybody but root and us
        owner = "another user"
    return f"{path} belongs to {owner} (mode {stat.S_IMODE(status.st_mode):03o})"


def _moved(path: Path, secret: bool) -> str:
    there = Path(_CONFIGURATION, path.name)
    moved = f"sudo install -m {600 if secret else 644} {path} {there}, and name it there"
    return f"{moved}, with {_credential(there)}" if secret else moved


def _credential(path: Path) -> str:
    return f"LoadCredential={path.name}:{path} in the unit"
