"""What several stations' readings cost one agent, and how much more they cost another one."""

from __future__ import annotations

import statistics
from functools import partial
from typing import NamedTuple

from rig.bench import Bench, settled_cpu, wait
from rig.raw import RawListener
from rig.response_times import paced

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


def play(bench: Bench, base: str, pid: int, seqs: range, *, at_once: bool) -> float:
    """Send readings, as fast as they are scored or at ``RATE``; returns the CPU time of each [us]."""
    topics = [f"{base}/st-{number}/readings" for number in range(STATIONS)]
    with bench.listening(f"davylamp/{base}/+/score") as listener:
        before = settled_cpu(pid)
        if at_once:
            for portion in (seqs[i : i + 100] for i in range(0, len(seqs), 100)):
                payloads = [bench.payload(seq) for seq in portion]
                bench.publisher.blast([bench.publisher.packet(t, each) for each in payloads for t in topics])
                _wait_for(listener, portion[-1])
        else:
            for number in paced(len(seqs) * STATIONS):
                seq, station = divmod(number - 1, STATIONS)
                bench.publisher.send(bench.publisher.packet(topics[station], bench.payload(seqs[seq])))
            _wait_for(listener, seqs[-1])
        return 1e6 * (settled_cpu(pid) - before) / (len(seqs) * STATIONS)


def take_turns(
    bench: Bench, pids: dict[str, int], rounds: int, count: int, *, first: int = 0, at_once: bool = True
) -> Difference:
    """Play the same readings to two agents, the first one first and last in turn, after one round that warms up.

    Other work on the machine changes from second to second by more than the difference that is looked for: only the
    two turns of one round are compared.
    """
    pairs = []
    for number in range(rounds + 1):
        seqs = range(first + number * count, first + (number + 1) * count)
        names = list(pids) if number % 2 else list(reversed(pids))
        pairs.append({name: play(bench, name, pids[name], seqs, at_once=at_once) for name in names})
    del pairs[0]
    without, beside = pids
    more = sorted(100 * (pair[beside] / pair[without] - 1) for pair in pairs)
    at = _bound(len(more))
    return Difference(
        cpu_us={name: statistics.median(pair[name] for pair in pairs) for name in pids},
        more=statistics.median(more),
        low=more[at],
        high=more[-1 - at],
    )


def _wait_for(listener: RawListener, seq: int) -> None:
    """Wait until every station has the score of a reading."""
    wait(partial(_have_score, listener, f'"seq":{seq},'.encode()))


def _have_score(listener: RawListener, seq: bytes) -> bool:
    return len(listener.tallies) == STATIONS and all(seq in tally.newest for tally in listener.tallies.values())


def _bound(count: int) -> int:
    """Return the place of the lower bound among sorted differences: beyond it lies the median in 5 % of all cases."""
    coins = statistics.NormalDist(count / 2, count**0.5 / 2)
    return max(int(coins.inv_cdf(0.05)) - 1, 0)
