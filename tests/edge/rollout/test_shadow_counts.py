"""What a shadow has found, beside the bundle and the rates with which it goes on."""

from __future__ import annotations

import msgspec
import pytest

from edge.readings.reading import Reading
from edge.readings.station_clock.placement import Placement
from edge.rollout.model_tally import ModelTally
from edge.rollout.shadow_counts import ShadowCounts
from edge.scoring.decision import Context, Decision
from edge.scoring.row_scores import RowScores
from edge.scoring.state import Arrival


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


@pytest.mark.parametrize(
    ("level", "background", "counted"),
    [(2900.0, 2000.0, 1), (3000.0, 2000.0, 0), (9000.0, 2000.0, 0), (None, None, 1), (9000.0, None, 1)],
)
def test_a_plume_that_an_analyser_measures_is_no_fault(
    level: float | None, background: float | None, counted: int
) -> None:
    placement = Placement(True, 60.0, False, False, 1.0, "received", None)
    context = Context(1, Arrival.NEXT, placement, level=level, background=background)
    scores = RowScores(consistency=0.1, reconstruction=0.1, onset=5.0)
    tally = ModelTally(0.001)
    reading = Reading(station="st-1", values=(), received=1.0)
    tally.count(Decision(reading, context, scores, None, ("methane",), "onset", suspect=False))
    assert (tally.scored["methane"], tally.by_table["methane"], tally.exceeds["methane"]) == (counted, counted, 1)
