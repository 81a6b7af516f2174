"""Settings of the archive: how much of the past a gateway keeps for a training."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from config.settings.beside_journal import beside_journal

Place = Annotated[str, Meta(min_length=1)]


class ArchiveSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The ring of readings, verdicts and labels that `davylamp collect` fetches."""

    path: Annotated[
        Place | None, Meta(description="path; null: archive.db beside journal.db, north-archive.db beside north.db")
    ] = None
    max_mb: Annotated[
        int, Meta(ge=0, description="[MB] size limit of the file, the oldest readings go first; 0: no archive")
    ] = 64
    days: Annotated[int, Meta(ge=1, description="[d] that readings and alarms are kept, as long as they fit")] = 90

    def place(self, journal: str) -> Path:
        """Return where the archive lies; ``journal`` is the path of the journal."""
        return Path(self.path) if self.path is not None else beside_journal(journal, "archive.db")

    def clashes(self, journal: str) -> Iterator[tuple[str, str]]:
        """Yield (path, sentence) if the journal lies where the archive would; ``journal`` is its path."""
        place = self.place(journal)
        if self.max_mb and place.absolute() == Path(journal).absolute():
            yield "archive.path", f'got "{place}", which is the journal; fix: another name for one of the two'
