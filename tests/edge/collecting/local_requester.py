"""Asks an archive as `davylamp collect` does, without a broker in between."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from edge.agent.collect_requests import CollectRequests
from edge.archive.archive import Archive
from edge.clock import Clock
from edge.collecting.requester import Requester


class LocalRequester(Requester):
    """Asks an archive; ``happens`` is called with the number of each request before it is answered."""

    def __init__(self, archive: Archive, clock: Clock) -> None:
        self._requests = CollectRequests(archive, clock)
        self.asked = 0

    def happens(self, number: int) -> None:
        """Do nothing; tests put something else in its place."""

    def ask(self, verb: str, **fields: Any) -> Iterator[dict[str, Any]]:
        self.asked += 1
        self.happens(self.asked)
        struct, answer = self._requests.verbs[verb]
        for part in answer(msgspec.convert(fields, struct), None):
            yield msgspec.json.decode(msgspec.json.encode(part))
