"""What several stations' readings cost one agent, and how much more they cost another one."""

from __future__ import annotations

import statistics
from functools import partial
from typing import NamedTuple

from rig.bench import Bench, settled_cpu, wait
from rig.raw import RawListener

STATIONS = 10


class Difference(NamedTuple):
    """How much more CPU time one agent takes than another: medians over rounds, each a pair of turns.

    Attributes
    ----------
    cpu_us
        CPU time of each agent per reading [µs], by name.
    more
        What the second takes more than the first [%].
    low, high
        Bounds of ``more`` with a confidence of 90 % at least, by the sign test [%].
    """

    cpu_us: dict[str, float]
    more: float
    low: float
    high: float


def play(bench: Bench, base: str, pid: int, first: int, count: int) -> float:
    """Send readings and wait for their scores; returns the CPU time of each [us]."""
    with bench.listening(f"davylamp/{base}/+/score") as listener:
        before = settled_cpu(pid)
        for begin in range(first, first + count, 100):
            topics = [f"{base}/st-{number}/readings" for number in range(STATIONS)]
            seqs = range(begin, min(begin + 100, first + count))
            payloads = {seq: bench.payload(seq) for seq in seqs}
            bench.publisher.blast([bench.publisher.packet(t, payloads[seq]) for seq in seqs for t in topics])
            wait(partial(_have_score, listener, f'"seq":{seqs[-1]},'.encode()))
        return 1e6 * (settled_cpu(pid) - before) / (count * STATIONS)


def take_turns(bench: Bench, pids: dict[str, int], rounds: int, count: int) -> Difference:
    """Play the same readings to two agents, the first one first and last in turn, after one round that warms up.

    Other work on the machine changes from second to second by more than the difference that is looked for: only the
    two turns of one round are compared.
    """
    first, second = pids
    pairs = []
    for number in range(rounds + 1):
        names = (first, second) if number % 2 else (second, first)
        pairs.append({name: play(bench, name, pids[name], number * count, count) for name in names})
    del pairs[0]
    more = sorted(100 * (pair[second] / pair[first] - 1) for pair in pairs)
    at = _bound(len(more))
    return Difference(
        cpu_us={name: statistics.median(pair[name] for pair in pairs) for name in pids},
        more=statistics.median(more),
        low=more[at],
        high=more[-1 - at],
    )


def _have_score(listener: RawListener, seq: bytes) -> bool:
    return len(listener.tallies) == STATIONS and all(seq in tally.newest for tally in listener.tallies.values())


def _bound(count: int) -> int:
    """Return the place of the lower bound among sorted differences: beyond it lies the median in 5 % of all cases."""
    coins = statistics.NormalDist(count / 2, count**0.5 / 2)
    return max(int(coins.inv_cdf(0.05)) - 1, 0)
