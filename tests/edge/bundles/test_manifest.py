"""A manifest whose parts contradict one another is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from edge.bundles.bundle import Bundle
from edge.bundles.manifest import Manifest


@pytest.fixture(scope="module")
def manifest(path: Path) -> Manifest:
    return Bundle.open(path).manifest


def contradictions(manifest: Manifest) -> dict[str, dict[str, Any]]:
    scaler = manifest.scaler
    shorter = {name: getattr(scaler, name)[:-1] for name in ("scale", "floor", "mean", "std")}
    return {
        "features differ": {"features": manifest.features[::-1]},
        "the scaler has another number": {"scaler": replace(scaler, **shorter)},
        "the generator has another number": {"generator": replace(manifest.generator, sigma=(0.1,))},
        "expected a scorer of all columns": {"scorers": {"scorer": manifest.scorers["scorer"]}},
    }


@pytest.mark.parametrize(
    "reason",
    [
        "features differ",
        "the scaler has another number",
        "the generator has another number",
        "expected a scorer of all columns",
    ],
)
def test_parts_that_contradict_one_another_are_refused(manifest: Manifest, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        replace(manifest, **contradictions(manifest)[reason])


def test_a_generator_has_a_network_unless_it_is_a_mixture(manifest: Manifest) -> None:
    with pytest.raises(ValueError, match="expected a network, or a mixture without one"):
        replace(manifest.generator, network=None)
