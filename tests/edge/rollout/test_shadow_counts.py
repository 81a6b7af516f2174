"""What a shadow has found, beside the bundle and the rates with which it goes on."""

from __future__ import annotations

import msgspec

from edge.rollout.model_tally import ModelTally
from edge.rollout.shadow_counts import ShadowCounts


def test_counts_go_on_only_beside_the_same_bundle_at_the_same_rates_and_in_a_file() -> None:
    counts = ShadowCounts(beside="one", running=ModelTally(0.005), waiting=ModelTally(0.01), readings=7, agreed=6)
    counts.running.scored["methane"] = 7
    read = msgspec.json.decode(msgspec.json.encode(counts), type=ShadowCounts)
    assert read == counts
    assert read.goes_on("one", 0.005, 0.01)
    assert not read.goes_on("other", 0.005, 0.01)
    assert not read.goes_on("one", 0.001, 0.01)
    assert not read.goes_on("one", 0.005, 0.001)
    assert (read.comparison.readings, read.comparison.agreement) == (7, 0.8571)
