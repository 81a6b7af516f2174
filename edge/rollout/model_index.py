"""ModelIndex: which bundle each station runs, which waits, and which are kept; one small JSON file."""

from __future__ import annotations

import msgspec

from edge.rollout.model_message import ModelChange
from edge.rollout.shadow_counts import ShadowCounts

KEPT = 3
"""Bundles of a station to which it can go back."""

VERSION = 1
"""Version of the file's format."""


class KeptModel(msgspec.Struct, frozen=True, kw_only=True):
    """A bundle that was pushed, and lies in the folder.

    Parameters
    ----------
    sha256
        SHA-256 of its file, which is its name there.
    bundle
        Its id.
    file
        Name of the file that was pushed.
    created
        When it was trained, RFC 3339.
    signed_by
        Name of the key that signed it; ``None`` without a signature.
    since
        When it became active, or was pushed if it waits, RFC 3339.
    """

    sha256: str
    bundle: str
    file: str
    created: str
    signed_by: str | None
    since: str


def sha256_of(model: KeptModel | None) -> str | None:
    """Return the SHA-256 of a bundle's file; ``None`` for gateway.yaml's."""
    return None if model is None else model.sha256


class WaitingModel(msgspec.Struct, frozen=True, kw_only=True):
    """A bundle that waits to become active.

    Parameters
    ----------
    sha256
        SHA-256 of its file.
    bytes
        Size of its file [B].
    file
        Name of the file that was pushed.
    signed_by
        Name of the key that signed it; ``None`` without a signature.
    since
        When it was pushed, RFC 3339.
    shadow
        Readings to score in shadow.
    force
        Whether it is taken although it is older than the running one, or of a station of another name.
    counts
        What its shadow has found so far; ``None`` before it.
    attempts
        Starts of the agent in which it was about to be verified, since one of them ended well.
    """

    sha256: str
    bytes: int
    file: str
    signed_by: str | None
    since: str
    shadow: int
    force: bool
    counts: ShadowCounts | None = None
    attempts: int = 0

    def kept(self, bundle: str, created: str, since: str) -> KeptModel:
        """Return what is kept of it once it runs: with its id, when it was trained, and since when it runs."""
        return KeptModel(
            sha256=self.sha256, bundle=bundle, file=self.file, created=created, signed_by=self.signed_by, since=since
        )


class StationModels(msgspec.Struct, kw_only=True):
    """The bundles of one station; ``None`` in place of one stands for that of gateway.yaml.

    Attributes
    ----------
    configured
        Id of gateway.yaml's bundle when this was written: another one there is the newer decision.
    active
        What runs.
    previous
        What ran before, the latest first.
    abandoned
        What the station has left last, by itself or by a request.
    waiting
        What waits.
    issued
        When the latest signed offer that was taken had been signed, Unix time [s].
    offered
        What the latest offer gave as its time, signed or not, Unix time [s]: the same again is the same offer.
    watched
        Readings in which the active one can still go back by itself.
    before
        Kind -> the share of readings that reached the threshold of the bundle before, while this one was in shadow.
    last
        What happened last.
    """

    configured: str = ""
    active: KeptModel | None = None
    previous: list[KeptModel | None] = msgspec.field(default_factory=list)
    abandoned: KeptModel | None = None
    waiting: WaitingModel | None = None
    issued: float = 0.0
    offered: float = 0.0
    watched: int = 0
    before: dict[str, float] = msgspec.field(default_factory=dict)
    last: ModelChange | None = None

    def activate(self, model: KeptModel) -> None:
        """Let a bundle run, and keep the one before."""
        before = [each for each in (self.active, *self.previous) if each is None or each.sha256 != model.sha256]
        self.previous = before[:KEPT]
        if self.abandoned is not None and self.abandoned.sha256 == model.sha256:
            self.abandoned = None
        self.active, self.waiting = model, None

    def go_back(self, to: KeptModel | None) -> None:
        """Let a bundle run that is kept, or gateway.yaml's, and abandon the active one."""
        left = self.active
        if to is not None and to == self.abandoned:  # it was left too soon
            self.previous, left = [self.active, *self.previous][:KEPT], None
        else:
            passed = self.previous.index(to) + 1 if to in self.previous else len(self.previous)
            self.previous = self.previous[passed:]
        self.active, self.abandoned, self.watched = to, left, 0

    def files(self) -> set[str]:
        """Return the SHA-256 of every file that is needed."""
        kept = (self.active, self.abandoned, *self.previous)
        found = {each.sha256 for each in kept if each is not None}
        return found if self.waiting is None else found | {self.waiting.sha256}


class ModelIndex(msgspec.Struct, kw_only=True):
    """The file.

    Attributes
    ----------
    version
        Version of its format.
    stations
        Name of a station -> its bundles.
    """

    version: int = VERSION
    stations: dict[str, StationModels] = msgspec.field(default_factory=dict)
