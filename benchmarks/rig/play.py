"""What several stations' readings cost an agent."""

from __future__ import annotations

from functools import partial

from rig.bench import Bench, settled_cpu, wait
from rig.raw import RawListener

STATIONS = 10


def _have_score(listener: RawListener, seq: bytes) -> bool:
    return len(listener.tallies) == STATIONS and all(seq in tally.newest for tally in listener.tallies.values())


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
