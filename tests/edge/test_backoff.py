"""Delays that double up to a bound, with jitter and without."""

from __future__ import annotations

from random import Random

from edge.backoff import Backoff


class Highest(Random):
    """Randomness that always draws the upper bound."""

    def uniform(self, a: float, b: float) -> float:
        return b


def test_delays_double_up_to_a_bound_and_never_end() -> None:
    for backoff in (Backoff(1.0, 60.0), Backoff(1.0, 60.0, Highest())):
        assert [backoff.next_delay() for _ in range(9)] == [1, 2, 4, 8, 16, 32, 60, 60, 60]
        for _ in range(5000):
            assert backoff.next_delay() == 60


def test_jitter_spreads_delays_over_the_whole_range() -> None:
    delays = [Backoff(8.0, 60.0, Random(seed)).next_delay() for seed in range(400)]
    assert 0 <= min(delays) < 0.5
    assert 7.5 < max(delays) <= 8
    assert 3.5 < sum(delays) / len(delays) < 4.5


def test_after_a_success_delays_start_short_again() -> None:
    backoff = Backoff(1.0, 60.0, Highest())
    for _ in range(10):
        backoff.next_delay()
    backoff.reset()
    assert backoff.next_delay() == 1


def test_what_only_a_person_can_fix_is_tried_rarely_from_the_first_time_on() -> None:
    assert min(Backoff(1.0, 60.0, Random(seed)).next_delay(slow=True) for seed in range(100)) >= 30


def test_without_jitter_a_slow_delay_is_the_longest_at_once() -> None:
    assert Backoff(0.1, 5.0).next_delay(slow=True) == 5
