"""Parcel: the files that a deployment sends to a gateway, as one tar stream."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import IO

from edge.errors import DeploymentError

PRIVATE = 0o600
READABLE = 0o644


class Parcel:
    """Files by their names on the gateway."""

    def __init__(self) -> None:
        self._files: dict[str, tuple[bytes | Path, int]] = {}

    def add(self, name: str, content: bytes | Path, mode: int = READABLE) -> str:
        """Add a file, given by its bytes or by its path here, and return its name.

        Raises
        ------
        DeploymentError
            Another file has that name already, or this one cannot be read.
        """
        there = self._files.get(name)
        if there is not None and there[0] != content:
            raise DeploymentError(
                f"{content if isinstance(content, Path) else name}: got another file of this name, and on the gateway "
                "they lie in one folder; fix: rename one of them"
            )
        if isinstance(content, Path):
            try:
                with content.open("rb"):
                    pass
            except OSError as error:
                raise DeploymentError(
                    f"{content}: cannot be read: {error.strerror}; fix: check its path and permissions"
                ) from error
        self._files[name] = (content, mode)
        return name

    @property
    def size(self) -> int:
        """Size of all files together [bytes]."""
        return sum(
            len(content) if isinstance(content, bytes) else content.stat().st_size
            for content, _ in self._files.values()
        )

    def write(self, stream: IO[bytes]) -> None:
        """Write the tar stream."""
        with tarfile.open(fileobj=stream, mode="w|", format=tarfile.PAX_FORMAT) as archive:
            for name, (content, mode) in self._files.items():
                data = content if isinstance(content, bytes) else content.read_bytes()
                member = tarfile.TarInfo(name)
                member.size, member.mode = len(data), mode
                archive.addfile(member, io.BytesIO(data))
