"""Scores a load in an agent that nothing disturbs, by the clock facts of a disturbed one."""

from __future__ import annotations

import tempfile
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import msgspec

from config.yaml.load import load_gateway
from edge.agent.agent import Agent
from edge.agent.presence import Presence
from edge.agent.stations import Stations
from edge.agent.watchdog import Watchdog
from edge.bundles.bundle import Bundle
from edge.journal.journal import Journal
from edge.mqtt.message import Message
from edge.mqtt.topics import Topics
from edge.readings.station_clock.placement import BESIDE, HISTORICAL, LONG_GAP, STAMP_NOT_USED, Placement
from edge.scoring.state import Arrival, StationState
from rig.echo import Echo, MovedClock
from rig.load import Load
from rig.witness import Score

_BATCH = 40  # messages a turn


@dataclass(frozen=True)
class Fact:
    """When a reading arrived at the disturbed agent, and where its station's clock placed it.

    Both depend on what happens to clocks and connections; everything else in a verdict must not.

    Parameters
    ----------
    station, n, seq
        The reading.
    place
        Journal code, see :mod:`edge.readings.station_clock.placement`.
    received
        Unix time [s].
    """

    station: str
    n: int
    seq: int
    place: int
    received: float


def read_facts(path: Path) -> list[Fact]:
    """Read what the disturbed agent has written, in order; what it scored again, after a fault, counts once."""
    facts: dict[tuple[str, int], Fact] = {}
    for line in path.read_text().splitlines():
        station, n, seq, place, received = line.split()
        facts.pop((station, int(seq)), None)
        facts[station, int(seq)] = Fact(station, int(n), int(seq), int(place), float(received))
    return list(facts.values())


def score_undisturbed(load: Load, facts: Sequence[Fact], gateway: str, bundle: Path) -> list[Score]:
    """Score the readings that have facts, in the order of their counts, in this process.

    Parameters
    ----------
    load
        The messages.
    facts
        Facts of the disturbed run.
    gateway
        Text of gateway.yaml.
    bundle
        The bundle that it names.
    """
    known: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        known[fact.station].append(fact)
    due = {station: deque(sorted(own, key=lambda fact: fact.n)) for station, own in known.items()}
    scored = {(fact.station, fact.seq): fact for fact in facts}
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / "gateway.yaml"
        settings.write_text(gateway)
        loaded = load_gateway(settings)
        clock, link = MovedClock(1.8e9), _Scores()
        stations = Stations(loaded, [Bundle.open(bundle)])
        journal = Journal(Path(folder) / "journal.db", durability="process", clock=clock)
        presence = Presence(loaded, Topics(loaded.topics.base), clock)
        agent = Agent(loaded, stations, link, journal, presence=presence, watchdog=Watchdog(clock), clock=clock)
        names: dict[int, str] = {}

        def arrive(state: StationState, ts: float | None, received: float) -> tuple[Arrival, Placement]:
            if id(state) not in names:
                names.update((id(station.state), station.name) for station in stations)
            return _arrive(state, due[names[id(state)]].popleft(), ts, received)

        with patch.object(StationState, "arrive", arrive):
            for message in load.messages:
                place = next(
                    (scored[key] for key in ((message.station, seq) for seq in message.seqs) if key in scored), None
                )
                if place is None:
                    continue
                link.incoming.append(
                    Message(
                        f"sensors/{message.station}/readings", message.payload, qos=1, mid=1, received=place.received
                    )
                )
                if len(link.incoming) == _BATCH:
                    agent.turn()
            agent.turn()
        agent.stop()
    return link.bodies


def _arrive(state: StationState, fact: Fact, ts: float | None, received: float) -> tuple[Arrival, Placement]:
    """Take the place of :meth:`StationState.arrive`: the clock is not asked, as after a restart."""
    arrival = state.resume(fact.place, ts, received)
    in_order = fact.place & LONG_GAP != BESIDE
    used = ts is not None and not fact.place & STAMP_NOT_USED
    best, source = (ts, "station") if used and ts is not None else (received, "received")
    return arrival, Placement(in_order, 0.0, False, bool(fact.place & HISTORICAL), best, source, None)  # type: ignore[arg-type]


class _Scores(Echo):
    """A link that keeps the scores."""

    def __init__(self) -> None:
        super().__init__()
        self.bodies: list[Score] = []
        self._decoder = msgspec.json.Decoder(Score)

    def publish(self, topic: str, payload: bytes, *, qos: int = 0, **options: object) -> int:
        """Accept a publication."""
        if topic.endswith("/score"):
            self.bodies.append(self._decoder.decode(payload))
        return super().publish(topic, payload, qos=qos, **options)
