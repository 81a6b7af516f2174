"""ModelFolder: the folder with the bundles that were pushed, and the index that says which of them runs."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

import msgspec

from config.atomic import write_bytes
from edge.bundles.archive import MAX_BYTES
from edge.errors import BundleError, RequestError
from edge.journal.place import LEFT_FREE, free_mb
from edge.log import Log
from edge.rollout.model_index import VERSION, ModelIndex, WaitingModel

_INDEX = "models.json"
_PART = ".part"
_MOST_PARTS = 3  # files that are received at a time; the one that has not grown for longest gives way


class ModelFolder:
    """Bundles named by the SHA-256 of their bytes, parts of those that are being received, and the index.

    A file gets its name when it is whole and on the disk. The index is replaced by one rename, so that a power cut at
    any point leaves the one before or the new one.

    Parameters
    ----------
    path
        The folder; it is made when something has to be stored.

    Attributes
    ----------
    path
        As given.
    index
        The index as it was read or last written.
    damaged
        Why the index could not be read, so that every station begins with gateway.yaml's bundle; ``None``: it could.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damaged: str | None = None
        self._log = Log("models")
        self.index = self._load()

    def save(self) -> None:
        """Write the index, and delete the files that it does not name.

        Raises
        ------
        OSError
            It cannot be written; the one before is still there.
        """
        self.path.mkdir(mode=0o700, exist_ok=True)
        write_bytes(self.path / _INDEX, msgspec.json.format(msgspec.json.encode(self.index), indent=1) + b"\n")
        self._delete_unused()

    def file(self, sha256: str) -> Path:
        """Return where the bundle with this SHA-256 lies, if it is there."""
        return self.path / f"{sha256}.davy"

    def has(self, waiting: WaitingModel) -> bool:
        """Return whether the whole file of a bundle that waits is there."""
        return self.received(waiting.sha256, waiting.bytes) == waiting.bytes

    def received(self, sha256: str, size: int) -> int:
        """Return how many bytes of a file have come; ``size`` if it is whole."""
        with contextlib.suppress(OSError):
            if self.file(sha256).stat().st_size == size:
                return size
        try:
            part = self._part(sha256).stat().st_size
        except OSError:
            return 0
        return part if part < size else 0  # a whole one that has not got its name was cut off there: it comes again

    def append(self, sha256: str, size: int, offset: int, data: bytes) -> int:
        """Append a chunk to a file that is being received, if it follows what has come.

        Parameters
        ----------
        sha256
            SHA-256 of the whole file.
        size
            Its size [B].
        offset
            Where the chunk begins [B].
        data
            The chunk.

        Returns
        -------
        int
            How many bytes have come.

        Raises
        ------
        RequestError
            The chunk does not fit, or the disk does not take it.
        BundleError
            The whole is another file than was offered; it is deleted.
        """
        received = self.received(sha256, size)
        if received == size or offset != received:
            return received  # it came before, or one before it got lost: the answer says where to go on
        if offset + len(data) > size:
            raise RequestError(
                f"data: got {len(data)} bytes at {offset}, expected at most {size - offset}: {size} in all"
            )
        try:
            if not received:
                self.path.mkdir(mode=0o700, exist_ok=True)
                self._make_room(sha256)
                self._check_disk(size)
            with self._part(sha256).open("ab") as part:
                if part.tell() != offset:
                    part.truncate(offset)
                part.write(data)
                if offset + len(data) == size:
                    part.flush()
                    os.fsync(part.fileno())
            if offset + len(data) == size:
                self._finish(sha256)
        except OSError as error:
            raise RequestError(
                f"{self.path}: cannot be written ({error.strerror}); fix: make room on the disk, or see to its rights"
            ) from error
        return offset + len(data)

    def _check_disk(self, size: int) -> None:
        """Refuse a file for which the disk has no room beside the journal (RequestError)."""
        free, needed = free_mb(self.path / _INDEX), size / 1e6 + LEFT_FREE
        if free < needed:
            raise RequestError(
                f"{self.path}: its disk has {free:.1f} MB left, and {LEFT_FREE:.0f} of them are the journal's; "
                f"fix: make room for {needed - free:.1f} MB more"
            )

    def _finish(self, sha256: str) -> None:
        """Give a file its name; raises BundleError if it is another one than was offered."""
        part = self._part(sha256)
        found = hashlib.sha256(part.read_bytes()).hexdigest()
        if found != sha256:
            part.unlink(missing_ok=True)
            raise BundleError(
                f"got a file with sha256 {found}, expected {sha256}: it was changed on its way; fix: push it again"
            )
        part.replace(self.file(sha256))

    def _part(self, sha256: str) -> Path:
        return self.path / f"{sha256}{_PART}"

    def _make_room(self, sha256: str) -> None:
        parts = [each for each in self.path.glob(f"*{_PART}") if each != self._part(sha256)]
        for part in sorted(parts, key=lambda each: each.stat().st_mtime)[: max(0, len(parts) - _MOST_PARTS + 1)]:
            part.unlink(missing_ok=True)

    def _delete_unused(self) -> None:
        needed = {f"{sha256}.davy" for models in self.index.stations.values() for sha256 in models.files()}
        unused = [each for each in self.path.glob("*.davy") if each.name not in needed]
        for each in (*unused, *self.path.glob(".davylamp-*")):  # the latter an index that a power cut left unfinished
            with contextlib.suppress(OSError):
                each.unlink()

    def _load(self) -> ModelIndex:
        path = self.path / _INDEX
        try:
            with path.open("rb") as file:
                index = msgspec.json.decode(file.read(MAX_BYTES), type=ModelIndex)
            if index.version != VERSION:
                raise ValueError(f"got version {index.version}, this davylamp reads {VERSION}")  # noqa: TRY301
            return index  # noqa: TRY300
        except FileNotFoundError:
            return ModelIndex()
        except (OSError, msgspec.MsgspecError, ValueError) as error:
            self.damaged = f"{path}: cannot be read ({error}); every station begins with gateway.yaml's bundle"
            self._log.error("models cannot be read", detail=self.damaged)
            with contextlib.suppress(OSError):
                path.replace(path.with_name(f"{_INDEX}.corrupt"))
            return ModelIndex()
