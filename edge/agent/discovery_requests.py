"""Answers the requests about the discovery by Home Assistant."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from edge.agent.answers import DiscoveryAnswer
from edge.agent.home_assistant import HomeAssistant
from edge.agent.request_bodies import DiscoveryRequest

Answerer = Callable[[Any, int | None], Iterator[msgspec.Struct]]


class DiscoveryRequests:
    """Answers ``discovery/publish`` and ``discovery/clear``.

    Parameters
    ----------
    home_assistant
        Does both.

    Attributes
    ----------
    verbs : mapping
        Verb -> the type of its body, and what answers it.
    """

    def __init__(self, home_assistant: HomeAssistant) -> None:
        self._home_assistant = home_assistant
        self.verbs: Mapping[str, tuple[type[msgspec.Struct], Answerer]] = {
            "discovery/publish": (DiscoveryRequest, self._publish),
            "discovery/clear": (DiscoveryRequest, self._clear),
        }

    def _publish(self, request: DiscoveryRequest, _: int | None) -> Iterator[msgspec.Struct]:
        return iter([DiscoveryAnswer(topics=self._home_assistant.publish())])

    def _clear(self, request: DiscoveryRequest, _: int | None) -> Iterator[msgspec.Struct]:
        return iter([DiscoveryAnswer(topics=self._home_assistant.clear())])
