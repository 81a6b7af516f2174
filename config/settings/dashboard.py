"""Settings of the page that ``davylamp dashboard`` serves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta, Struct

from config.settings.broker import is_loopback

_ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(:\d{1,5})?|https?://\[[0-9a-fA-F:]+\](:\d{1,5})?")
_HOST = re.compile(r"[A-Za-z0-9.-]+(:\d{1,5})?|\[[0-9a-fA-F:]+\](:\d{1,5})?")


class DashboardSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the page is served, and what it keeps; the agent does not need it."""

    host: Annotated[
        str,
        Meta(min_length=1, description="address to listen on; anywhere but on this computer the page asks for a token"),
    ] = "127.0.0.1"
    port: Annotated[int, Meta(ge=1, le=65535)] = 8321
    history: Annotated[str, Meta(min_length=1, description="path, relative to the working directory")] = "dashboard.db"
    max_mb: Annotated[
        int, Meta(ge=8, description="[MB] size limit of that file; with many stations it goes back less far")
    ] = 256
    token_file: Annotated[
        str | None,
        Meta(
            description="a file with the token; null: it is made beside the history if needed",
            extra={"relative": True},
        ),
    ] = None
    hosts: Annotated[
        tuple[str, ...], Meta(description="further names of the page, e.g. of a reverse proxy: [page.example.org]")
    ] = ()
    embed: Annotated[
        tuple[str, ...], Meta(description="pages that may show it in a frame, e.g. [http://homeassistant.local:8123]")
    ] = ()

    @property
    def on_this_computer(self) -> bool:
        """Whether only programs on this computer reach the page."""
        return is_loopback(self.host)

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield (path, sentence) for every broken rule that a type cannot express."""
        for i, host in enumerate(self.hosts):
            if not _HOST.fullmatch(host):
                yield f"hosts[{i}]", f'got "{host}", expected a name, with a port if there is one: page.example.org'
        for i, origin in enumerate(self.embed):
            if not _ORIGIN.fullmatch(origin):
                yield f"embed[{i}]", f'got "{origin}", expected an address like http://homeassistant.local:8123'
