"""Links and files that change at once: each moment, and each power cut, finds the old or the new one."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
from pathlib import Path

from edge.errors import DeploymentError

_HERE = -100  # AT_FDCWD: paths are taken as open() takes them
_EXCHANGE = 2  # RENAME_EXCHANGE


def sync_folder(folder: Path) -> None:
    """Have a folder's names reach the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(folder: Path) -> None:
    """Have everything in a folder reach the disk."""
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            continue
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    sync_folder(folder)


def replace_link(path: Path, target: str) -> None:
    """Make ``path`` a link to ``target``, in place of a file or a link, but not of a folder.

    Raises
    ------
    OSError
        Nothing has changed.
    """
    fresh = path_beside(path)
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    try:
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
    sync_folder(path.parent)


def replace_file(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Make ``path`` a file with this content, in place of a file or a link: a link is not followed.

    Raises
    ------
    OSError
        Nothing has changed.
    """
    fresh = path_beside(path)
    fresh.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
    sync_folder(path.parent)


def exchange(folder: Path, link: Path) -> None:
    """Exchange the names of a folder and of a link, in one step.

    Raises
    ------
    DeploymentError
        The file system cannot do that; nothing has changed.
    """
    library = ctypes.CDLL(None, use_errno=True)
    if library.renameat2(_HERE, os.fsencode(folder), _HERE, os.fsencode(link), _EXCHANGE):
        code = ctypes.get_errno()
        raise DeploymentError(
            f"{folder}: cannot be exchanged for a link: {errno.errorcode.get(code, code)} ({os.strerror(code)}); "
            f"fix: sudo systemctl stop davylamp && sudo mv {folder} {folder}.old"
        )
    sync_folder(folder.parent)
    sync_folder(link.parent)


def copy_tree(source: Path, target: Path) -> None:
    """Copy a folder with its modes; nobody else can read a password among its files meanwhile."""
    mask = os.umask(0o077)
    try:
        shutil.copytree(source, target, symlinks=True)
    finally:
        os.umask(mask)


def remove_tree(path: Path) -> None:
    """Remove a file, a link or a folder with all that is in it; what is not there is fine."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def path_beside(path: Path) -> Path:
    """Return the name under which a replacement is prepared."""
    return path.with_name(f".{path.name}.davylamp-new")
