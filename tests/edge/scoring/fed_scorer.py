"""Readings for a scorer, and the verdicts that it gives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.readings.reading import Reading
from edge.scoring.scorer import Scorer
from edge.scoring.verdict import Verdict
from edge.simulation.simulator import simulate_chamber

ROWS = simulate_chamber(600, seed=5).tolist()
START = 1_790_000_000.0
KEYS = load_station(METHANE).keys
CH4 = KEYS.index("ch4_ppb")


def reading(values: Sequence[float], i: int = 0, **changes: Any) -> Reading:
    time = START + 60 * i
    return Reading(station="st-01", values=tuple(values), ts=changes.pop("ts", time), seq=i, received=time, **changes)


def readings(rows: Sequence[Sequence[float]], first: int = 0) -> list[Reading]:
    return [reading(row, i) for i, row in enumerate(rows, first)]


def changed(values: Sequence[float], **channels: float) -> list[float]:
    return [channels.get(key, value) for key, value in zip(KEYS, values, strict=True)]


def feed(scorer: Scorer, items: Sequence[Reading], size: int = 64, state: Any = None) -> list[Verdict]:
    state = state or scorer.new_state()
    return [
        verdict
        for i in range(0, len(items), size)
        for verdict in scorer.score([(state, item) for item in items[i : i + size]])
    ]
