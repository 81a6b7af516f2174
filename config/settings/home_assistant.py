"""Settings of the discovery by Home Assistant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from msgspec import Meta, Struct

from config.topic_filters import topic_fault

USUAL_PREFIX = "homeassistant"
"""Home Assistant's own discovery prefix, unless somebody has changed it there."""


class HomeAssistantSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether Home Assistant finds the gateway and its stations by itself."""

    discovery: Annotated[
        Literal["auto", "on", "off"],
        Meta(description="auto: with a prefix here, or once Home Assistant is seen | on | off"),
    ] = "auto"
    prefix: Annotated[str | None, Meta(description="Home Assistant's discovery prefix; null: homeassistant")] = None

    @property
    def root(self) -> str:
        """The discovery prefix."""
        return self.prefix or USUAL_PREFIX

    @property
    def asked(self) -> bool:
        """Whether discovery is on without having seen Home Assistant."""
        return self.discovery == "on" or (self.discovery == "auto" and self.prefix is not None)

    @property
    def possible(self) -> bool:
        """Whether discovery may be on at some time."""
        return self.discovery != "off"

    @property
    def status(self) -> str:
        """Topic on which Home Assistant says that it runs; empty if that is of no interest."""
        return f"{self.root}/status" if self.possible else ""

    @property
    def turned_off(self) -> str:
        """What to write in gateway.yaml to have none."""
        return "home_assistant: {discovery: off}"

    @property
    def configurations(self) -> str:
        """Filter of the topics on which devices are announced."""
        return f"{self.root}/device/+/config"

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield (path, sentence) for every broken rule that a type cannot express."""
        if self.prefix is not None and (fault := topic_fault(self.prefix)):
            yield "prefix", f'got "{self.prefix}", expected a topic with {fault}'
