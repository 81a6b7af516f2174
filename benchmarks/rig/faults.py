"""Draws faults of the agent, its broker, its network, its disk and its clock, with a seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

FaultKind = Literal[
    "agent killed",
    "broker killed",
    "broker restarted",
    "connection cut",
    "connection stalled",
    "disk full",
    "disk full, agent killed",
    "journal locked",
    "clock jumped",
    "agent paused",
    "agent restarted",
    "upstream swallowed",
    "upstream swallowed, agent killed",
    "burst of requests",
    "broker limited",
    "backlog, broker killed",
    "journal page damaged",
    "journal log removed",
    "journal cut",
]

KINDS: tuple[FaultKind, ...] = get_args(FaultKind)
_WEIGHTS = (5, 3, 2, 5, 2, 2, 2, 1, 3, 2, 2, 2, 3, 3, 2, 0, 0, 0, 0)  # those with 0 happen once
_DAMAGE: tuple[FaultKind, ...] = ("journal page damaged", "journal log removed", "journal cut")
_BACKLOG: FaultKind = "backlog, broker killed"
# Share of the load after which files are damaged. All other faults are over: verdicts cannot be compared any more, and
# an agent that has lost half of its journal cannot know what a killed broker sends again.
_DAMAGE_FROM, _DAMAGE_SPAN = 0.961, 0.005
_BACKLOG_FROM = 0.3
_DISK_FULL = (1.0, 5.0)  # [s]
_AWAY = (0.0, 2.0)  # [s]
_JUMPS = (-86400.0, -7200.0, -30.0, 30.0, 7200.0, 86400.0)  # [s]
_OVERLAP = 0.25  # share of faults that begin before the previous one is over


@dataclass(frozen=True)
class Fault:
    """One fault.

    Parameters
    ----------
    kind
        Kind of the fault, one of ``KINDS``.
    message
        Index of the message of the load at which it begins.
    seconds
        Duration, or how far a clock jumps [s].
    waits
        Whether it begins only after davylamp has recovered from the previous one.
    """

    kind: FaultKind
    message: int
    seconds: float
    waits: bool

    @property
    def alone(self) -> bool:
        """Whether no other fault begins before it is over."""
        return self.kind in _DAMAGE or self.kind == _BACKLOG

    def __str__(self) -> str:
        """Describe the fault and when it begins."""
        return f"at message {self.message:>6}: {self.kind}, {self.seconds:+.1f} s{'' if self.waits else ' (at once)'}"


def draw(count: int, messages: int, seed: int, *, only: Sequence[FaultKind] | None = None) -> list[Fault]:
    """Draw ``count`` faults over a load of ``messages``: every kind once while they last, then at random.

    Files are damaged in one way of three: the agent replaces a journal once in a minute, and waits with the second one.

    ``only``: kinds that are drawn from, instead of all.
    """
    rng = np.random.default_rng((seed, count, messages))
    spared = rng.permutation(len(_DAMAGE))[1:]
    known = [KINDS.index(kind) for kind in only or KINDS if only or kind not in {_DAMAGE[i] for i in spared}]
    weights = np.array([_WEIGHTS[number] or bool(only) for number in known], dtype=float)
    more = rng.choice(known, max(0, count - len(known)), p=weights / weights.sum())
    kinds = [*rng.permutation(known)[:count], *more]
    rng.shuffle(kinds)
    places = np.sort(rng.integers(messages // 25, messages - messages // 25, count)).tolist()
    faults = []
    for number, drawn in zip(kinds, places, strict=True):
        kind, place = KINDS[number], drawn
        if kind in _DAMAGE:
            place = int(messages * (_DAMAGE_FROM + _DAMAGE_SPAN * drawn / messages))
        elif kind == _BACKLOG:
            place = int(messages * _BACKLOG_FROM)
        away = _DISK_FULL if kind.startswith("disk full") else _AWAY
        seconds = float(rng.choice(_JUMPS) if kind == "clock jumped" else rng.uniform(*away))
        alone = kind in _DAMAGE or kind == _BACKLOG
        faults.append(Fault(kind, place, seconds, bool(rng.random() >= _OVERLAP) or alone))
    return sorted(faults, key=lambda fault: fault.message)
