"""Describes the work on one station of a fleet, and what came of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import msgspec

from config.atomic import write_bytes
from config.fleet_members import folder_files

Outcome = Literal["done", "kept", "failed"]


class DoneRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What is written beside the output of a job, so that the same job is not done again.

    Parameters
    ----------
    fingerprint
        Hash of everything that the job depends on.
    outputs
        Output file -> hash of its bytes.
    result
        Figures of the job.
    seconds
        How long it took [s].
    peak_mb
        The most memory that it took [MB].
    """

    fingerprint: str
    outputs: dict[str, str]
    result: dict[str, Any]
    seconds: float
    peak_mb: float


@dataclass(frozen=True)
class FleetJob:
    """The work on one station: it is sent to where it is done, which sees the same files.

    Parameters
    ----------
    name
        Name of the station.
    function
        ``module:function``; it takes the arguments as one dictionary, and returns figures and the paths of its outputs.
    arguments
        Its arguments, of which JSON can be made.
    inputs
        Files, and folders of files, that it reads.
    record
        File that says that it is done; beside the outputs.
    memory_mb
        Memory that it may take [MB].
    version
        Version of davylamp that asks for it.
    again
        Whether to do it even if it is done.
    """

    name: str
    function: str
    arguments: Mapping[str, Any]
    inputs: tuple[str, ...]
    record: str
    memory_mb: int
    version: str
    again: bool = False

    def fingerprint(self) -> str:
        """Return a hash of everything that the work depends on: version, arguments and the content of the inputs."""
        digest = hashlib.sha256()
        about = {"version": self.version, "function": self.function, "arguments": dict(self.arguments)}
        digest.update(msgspec.json.encode(about, order="sorted"))
        for path in _files(self.inputs):
            digest.update(f"\n{path}\n{file_hash(path)}".encode())
        return digest.hexdigest()

    def done_before(self) -> DoneRecord | None:
        """Return what an earlier run has written if nothing has changed since, inputs and outputs included."""
        if self.again:
            return None
        try:
            record = msgspec.json.decode(Path(self.record).read_bytes(), type=DoneRecord)
            if any(file_hash(Path(path)) != expected for path, expected in record.outputs.items()):
                return None
            return record if record.fingerprint == self.fingerprint() else None
        except (OSError, msgspec.MsgspecError):  # not done, or its record is damaged, or a file is gone
            return None

    def write_record(self, fingerprint: str, outcome: JobOutcome, outputs: list[str]) -> None:
        """Write down that the work is done."""
        record = DoneRecord(
            fingerprint=fingerprint,
            outputs={path: file_hash(Path(path)) for path in outputs},
            result=dict(outcome.result),
            seconds=outcome.seconds,
            peak_mb=outcome.peak_mb,
        )
        Path(self.record).parent.mkdir(parents=True, exist_ok=True)
        write_bytes(self.record, msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n")


@dataclass(frozen=True)
class JobOutcome:
    """What came of a job.

    Parameters
    ----------
    name
        Name of the station.
    outcome
        ``done``, ``kept`` (it was done before, and nothing has changed) or ``failed``.
    result
        Its figures.
    error
        Why it failed, one line or more.
    seconds
        How long it took [s].
    peak_mb
        The most memory that it took [MB].
    """

    name: str
    outcome: Outcome
    result: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""
    seconds: float = 0.0
    peak_mb: float = 0.0


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _files(inputs: tuple[str, ...]) -> Iterator[Path]:
    for each in map(Path, inputs):
        if each.is_dir():
            yield from folder_files(each)
        else:
            yield each
