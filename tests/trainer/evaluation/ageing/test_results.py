"""The worst part, quarter and window count, with room for chance and none for a broken budget."""

from __future__ import annotations

import msgspec
import pytest

from trainer.errors import TrainingError
from trainer.evaluation.ageing.measure_ageing import ageing_of_bundle
from trainer.evaluation.ageing.results import AgedStretch, Ageing, AgeingStep, ExceedanceCounts, WorstStretch
from trainer.evaluation.ageing.tolerance import most_allowed
from trainer.evaluation.ageing.verdict import (
    ageing_metrics,
    outcome,
    seasons_sentence,
    stretch_sentence,
    verdict_sentences,
    whole_year,
    worst_of,
)


def step(direction: str, consistency: list[tuple[int, int, int]], window: tuple[int, int] | None = None) -> AgeingStep:
    """A step of two parts of two quarters: readings, exceedances at 1 % and at 0.1 %."""
    return AgeingStep(
        direction=direction,  # type: ignore[arg-type]
        trained=3,
        rows=3000,
        stretches=tuple(AgedStretch(n // 2 + 3, 250 + 500 * n, None) for n in range(4)),
        counts={"consistency": tuple(ExceedanceCounts(n, (one, tenth)) for n, one, tenth in consistency)},
        windows={} if window is None else {"consistency": window},
        following={"consistency": (0.01, 0.001)},
    )


def ageing(*steps: AgeingStep, days: float | None = None) -> Ageing:
    return Ageing(rows=5000, used=5000, requested=(0.01, 0.001), days=days, stamped=True, regimes=1, steps=tuple(steps))


KEEPS = [(500, 5, 0), (500, 6, 1), (500, 3, 0), (500, 7, 0)]
DRIFTS = [(500, 5, 0), (500, 20, 1), (500, 60, 9), (500, 150, 70)]


def test_the_worst_part_quarter_and_window_have_their_shares_and_ages() -> None:
    found = ageing(step("ahead", DRIFTS, (90, 20)))
    part = found.worst("ahead", "consistency", 0.01, "part")
    quarter = found.worst("ahead", "consistency", 0.01, "quarter")
    window = found.worst("ahead", "consistency", 0.01, "window")
    assert part is not None
    assert quarter is not None
    assert window is not None
    assert (part.share, part.readings, part.age) == (0.21, 1000, 1500)
    assert (quarter.share, quarter.age) == (0.3, 1750)
    assert window.share == 0.045
    assert found.worst("back", "consistency", 0.01, "part") is None


def test_a_budget_that_breaks_in_one_quarter_is_broken_and_following_does_not_mend_it() -> None:
    found = ageing(step("ahead", DRIFTS), step("back", KEEPS))
    assert found.broken() == [("ahead", "consistency", 0.01), ("ahead", "consistency", 0.001)]
    assert outcome(found) == "breaks"
    text = "\n".join(verdict_sentences(found))
    assert "BREAKS" in text
    assert "consistency: 70 of 500 readings (14 %) exceed at 0.1 % requested, 1,750 rows after the training" in text
    assert found.following("ahead", "consistency", 0.01) == 0.01


def test_a_budget_that_keeps_both_ways_holds() -> None:
    found = ageing(step("ahead", KEEPS, (15, 2)), step("back", KEEPS))
    assert found.broken() == []
    assert outcome(found) == "keeps"
    assert "holds" in next(verdict_sentences(found))


def test_shares_and_distances_are_written_as_people_do() -> None:
    every = WorstStretch(share=1.0, readings=125, kept=False, age=1.2, days=None)
    assert stretch_sentence("ahead", "onset", 0.01, every) == (
        "onset: 125 of 125 readings (100 %) exceed at 1 % requested, 1 row after the training"
    )
    young = WorstStretch(share=1.0, readings=125, kept=False, age=1.2, days=0.0216)
    assert stretch_sentence("back", "onset", 0.01, young).endswith(", 31.2 min before the training")


def test_where_all_keep_it_a_single_exceedance_in_a_short_stretch_is_not_nearest_to_the_limit() -> None:
    short, long = [(100, 4, 1), (100, 0, 0), (100, 0, 0), (100, 0, 0)], (40, 4)
    worst = worst_of(ageing(step("ahead", short, long)), "ahead", "consistency")
    assert worst is not None
    assert (worst[0], worst[1].readings) == (0.01, 2000)


def test_scores_that_nothing_exceeds_are_not_named() -> None:
    quiet = [(500, 0, 0)] * 4
    first, second, *_ = verdict_sentences(ageing(step("ahead", quiet), step("back", quiet)))
    assert first.endswith("; no reading exceeds there")
    assert second.startswith("no time stamps")


def test_a_score_that_the_bundle_lacks_can_be_taken_out() -> None:
    found = ageing(step("ahead", DRIFTS, (90, 20)), step("back", KEEPS))
    assert found.scores == ("consistency",)
    assert found.without("consistency").scores == ()
    assert found.without("consistency").broken() == []
    assert found.without("onset") == found
    assert ageing_of_bundle(found, onset=False) == found
    (note,) = ageing_of_bundle(found, onset=True).notes
    assert note.startswith("onset: not judged ahead or back,")


def test_a_window_alone_breaks_it() -> None:
    assert outcome(ageing(step("ahead", KEEPS, (80, 2)), step("back", KEEPS))) == "breaks"


def test_chance_breaks_no_short_stretch() -> None:
    assert most_allowed(700, 0.001) >= 4
    assert 30 < most_allowed(2000, 0.01) < 60
    assert most_allowed(200_000, 0.01) < 1.65 * 2000
    assert most_allowed(0, 0.01) == 0


def test_without_a_direction_or_a_step_nothing_is_known() -> None:
    assert outcome(None) == "unknown"
    assert outcome(ageing()) == "unknown"
    assert outcome(ageing(step("ahead", KEEPS))) == "unknown"
    assert "UNKNOWN" in next(verdict_sentences(ageing()))


def test_it_says_which_seasons_were_seen() -> None:
    assert seasons_sentence(ageing(days=183.0)).startswith("one season only: 183 days, less than a year")
    assert seasons_sentence(ageing(days=0.25)).startswith("one season only: 6 h, less")
    assert seasons_sentence(ageing(days=400.0)).startswith("all seasons: 400 days")
    assert "unknown which seasons" in seasons_sentence(ageing())
    assert not whole_year(ageing())
    assert whole_year(ageing(days=364.0))


def test_it_comes_back_from_the_metrics_of_a_run_and_is_small() -> None:
    found = ageing(*(step(direction, DRIFTS) for direction in ("ahead", "back") for _ in range(3)))
    data = msgspec.json.encode({"ageing": ageing_metrics(found)})
    assert Ageing.read(msgspec.json.decode(data)) == found
    assert Ageing.read({}) is None
    with pytest.raises(TrainingError, match="train again"):
        Ageing.read({"ageing": {"rows": "many"}})
    assert len(data) < 4000
