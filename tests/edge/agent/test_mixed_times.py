"""Right, wrong, stored and absent stamps in any mixture: limits and ranges hold, and a restart changes nothing."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.agent.rebuilding import rebuild
from edge.bundles.bundle import Bundle
from edge.journal.transaction import ClockRow, ReadingRow
from edge.readings.reading import Reading
from edge.readings.station_clock.placement import PLACED
from edge.scoring.decision import Decision
from edge.scoring.scorer import Scorer
from edge.scoring.state import StationState
from edge.scoring.verdict import Verdict
from edge.simulation.simulator import simulate_chamber

ROWS = simulate_chamber(900, seed=3).tolist()
MANNERS = ("live", "live", "live", "offset", "stray", "none", "stored", "wild", "frozen", "silence")
OFFSETS = (0.0, 0.0, -3600.0, 3600.0, 86_400.0, -1.8e9, 25_200.0)
LIMIT, LEAK, BROKEN = 5000.0, 12_000.0, -127.0


def mixture(seed: int, gas: int, temperature: int) -> list[Reading]:
    """Readings of a station that changes its manners every few of them, with leaks and broken channels."""
    random = np.random.default_rng(seed)
    readings: list[Reading] = []
    now, offset = 1.8e9, 0.0
    while len(readings) < 400:
        manner = str(random.choice(MANNERS))
        if manner == "offset":
            offset = float(random.choice(OFFSETS))
        elif manner == "silence":
            now += float(random.choice([300.0, 3600.0, 40_000.0]))
        began = now
        for i in range(int(random.integers(1, 40))):
            now += 0.05 if manner == "stored" else 60.0
            ts: float | None = now - 0.3 + offset
            if manner == "stored":
                ts = began - 7200.0 + 60.0 * i
            elif manner == "none":
                ts = None
            elif manner == "frozen":
                ts = began
            elif manner == "wild" or (manner == "stray" and i % 7 == 3):
                ts = now - 1e7 * random.random()
            values = list(ROWS[len(readings)])
            for column, value in ((gas, LEAK), (temperature, BROKEN), (int(random.integers(9)), math.nan)):
                if random.random() < 0.02:
                    values[column] = value
            readings.append(Reading(station="st", values=tuple(values), ts=ts, received=now))
    return readings


class Journalled:
    """A station's state, and the rows that the journal contains of it."""

    def __init__(self, scorer: Scorer, state: StationState) -> None:
        self._scorer = scorer
        self.state = state
        self.rows: list[ReadingRow] = []
        self.clock: ClockRow | None = None
        self.verdicts: list[Verdict] = []

    def take(self, reading: Reading) -> None:
        """Score a reading and journal it; its clock now and then."""
        self._scorer.decide([(self.state, reading)], self._follow)
        if self.state.n % 50 == 0:
            self.clock = ClockRow(1, self.state.n, self.state.clock.snapshot())

    def restart(self, state: StationState, *, with_clock: bool) -> None:
        """Go on with a new state, rebuilt from the journal."""
        state.n = self.state.n
        state.adaptation.restore(self.state.adaptation.snapshot())
        rebuild(state, self._scorer, self.rows, self.clock if with_clock else None)
        self.state = state

    def _follow(self, decision: Decision) -> tuple[()]:
        reading, context = decision.reading, decision.context
        place = PLACED | context.placement.code | context.arrival
        values = np.array(reading.values).tobytes()
        self.rows.append(ReadingRow(1, context.n, reading.ts, reading.received, None, place, 0, values))
        self.verdicts.append(self._scorer.build_verdict(decision))
        return ()


def outcome(verdict: Verdict) -> tuple[Any, ...]:
    return (
        verdict.n, verdict.ts, verdict.ts_from, verdict.late, verdict.historical, verdict.state, verdict.exceeds,
        verdict.by, verdict.flags,
    )  # fmt: skip


@pytest.mark.parametrize("cadence", [60.0, None])
@pytest.mark.parametrize("seed", range(4))
def test_a_mixture_of_stamps_silences_nothing(bundles: dict[str, Path], seed: int, cadence: float | None) -> None:
    bundle = Bundle.open(bundles["ae"])
    scorer = Scorer(bundle, adapt=True, limit=LIMIT)
    gas, temperature = bundle.station.keys.index("ch4_ppb"), bundle.station.keys.index("temperature_c")
    readings = mixture(seed, gas, temperature)

    state = scorer.new_state(cadence)
    one_by_one = [scorer.score([(state, reading)])[0] for reading in readings]
    for reading, verdict in zip(readings, one_by_one, strict=True):
        assert (verdict.by == "limit" and "methane" in verdict.exceeds) or not reading.values[gas] >= LIMIT
        assert (verdict.flags.get("temperature_c") == 4) == (reading.values[temperature] == BROKEN)

    state = scorer.new_state(cadence)
    together = [
        verdict
        for i in range(0, len(readings), 37)
        for verdict in scorer.score([(state, reading) for reading in readings[i : i + 37]])
    ]
    assert together == one_by_one

    station = Journalled(scorer, scorer.new_state(cadence))
    for i, reading in enumerate(readings, 1):
        station.take(reading)
        if i % 43 == 0:
            station.restart(scorer.new_state(cadence), with_clock=i % 2 == 0)
    assert [outcome(verdict) for verdict in station.verdicts] == [outcome(verdict) for verdict in one_by_one]
