"""Settings of how far back a station is remembered, in time or in readings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta, Struct

_SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?) ?(s|min|h|d)\Z")

# A type may have one kind of text, so that its words are part of the pattern.
_Span = Annotated[str, Meta(pattern=rf"^(auto\Z|{_DURATION.pattern})")]
_SpanOrOff = Annotated[str, Meta(pattern=rf"^(auto\Z|off\Z|{_DURATION.pattern})")]

_SPANS = "a duration with its unit (90 s, 30 min, 4 h, 2 d), a number of readings"


class WindowSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far back a station is remembered: a duration, which needs a cadence, or a number of readings."""

    recenter: Annotated[
        Annotated[int, Meta(ge=2)] | _SpanOrOff,
        Meta(
            description="rolling median from which distances are measured, which forgets drift: 4 h | 240 | off | auto",
            extra={"expected": f"{_SPANS} >= 2, off or auto"},
        ),
    ] = "auto"
    background: Annotated[
        Annotated[int, Meta(ge=2)] | _Span,
        Meta(
            description="gas levels whose low quantile is the background: 1 d | 1500 | auto",
            extra={"expected": f"{_SPANS} >= 2, or auto"},
        ),
    ] = "auto"
    warm_up: Annotated[
        Annotated[int, Meta(ge=0)] | _Span,
        Meta(
            description="after the start, in which no score exceeds: 1 h | 60 | auto",
            extra={"expected": f"{_SPANS}, or auto"},
        ),
    ] = "auto"
    lag: Annotated[
        Annotated[int, Meta(ge=1)] | _Span,
        Meta(
            description="between the readings that predict the next one: 1 min | 1 | auto",
            extra={"expected": f"{_SPANS} >= 1, or auto"},
        ),
    ] = "auto"

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield (path, sentence) for every broken rule that a type cannot express."""
        for name in self.durations:
            if not duration_seconds(getattr(self, name)):
                yield name, f"got {getattr(self, name)}, expected more than nothing"

    @property
    def durations(self) -> tuple[str, ...]:
        """Names of the windows that are given in time."""
        return tuple(name for name in self.__struct_fields__ if duration_seconds(getattr(self, name)) is not None)


def duration_seconds(window: int | str | None) -> float | None:
    """Convert a duration to seconds; ``None`` for what is no duration.

    Examples
    --------
    >>> duration_seconds("4 h"), duration_seconds("1.5min"), duration_seconds(240), duration_seconds("auto")
    (14400.0, 90.0, None, None)
    """
    found = _DURATION.fullmatch(window) if isinstance(window, str) else None
    return None if found is None else float(found[1]) * _SECONDS[found[2]]
