"""Settings of bundles that are pushed to a running agent."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

PublicKey = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9+/]{43}=\Z",
        extra={"expected": "the public key that `davylamp keygen` prints: 44 characters that end in ="},
    ),
]
KeyName = Annotated[str, Meta(min_length=1)]


class RolloutSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose bundles are taken over MQTT, and how they prove themselves."""

    trusted_keys: Annotated[
        dict[KeyName, PublicKey],
        Meta(description="name: public key of those who may push bundles, from `davylamp keygen`"),
    ] = {}
    unsigned: Annotated[
        bool, Meta(description="true: whoever may publish requests may push bundles, without a signature")
    ] = False
    shadow_readings: Annotated[
        int, Meta(ge=0, description="readings that a pushed bundle scores beside the running one; 0: none")
    ] = 500
    watched_readings: Annotated[
        int, Meta(ge=0, description="readings after its activation in which it goes back by itself; 0: never")
    ] = 1000
    rate_factor: Annotated[
        float, Meta(gt=1, description="times by which its rate of exceedances may be off, surely, before it goes back")
    ] = 5.0
