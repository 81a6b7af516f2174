"""Everything that is known of a record before it is drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from trainer.exploring.autocorrelation import Autocorrelation, autocorrelations
from trainer.exploring.columns import Column, columns, duplicates
from trainer.exploring.correlations import Correlations, correlations
from trainer.exploring.densities import Density, densities
from trainer.exploring.phases import Phases, phases
from trainer.exploring.raw_record import RawRecord
from trainer.exploring.response import GasResponse, responses
from trainer.exploring.split_leakage import SplitLeakage, split_leakage
from trainer.exploring.timeline import Timeline, timeline

T = TypeVar("T")


@dataclass(frozen=True)
class Exploration:
    """All numbers of a record.

    Parameters
    ----------
    record
        The rows.
    columns, timeline, correlations, densities, autocorrelations
        Numbers by column.
    duplicates
        Pairs of equal columns.
    phases
        Warm-up, plateaus, episodes.
    responses
        Responses by sensor; empty without a gas column.
    split_leakage
        What a random split would leak; ``None``: there are too few rows, or nothing moves.
    """

    record: RawRecord
    columns: tuple[Column, ...]
    duplicates: tuple[tuple[str, str], ...]
    phases: Phases
    timeline: Timeline
    correlations: Correlations
    densities: tuple[Density, ...]
    responses: tuple[GasResponse, ...]
    autocorrelations: tuple[Autocorrelation, ...]
    split_leakage: SplitLeakage | None


def examine(record: RawRecord, *, on_progress: Callable[[str], Any] = lambda _: None) -> Exploration:
    """Compute every number of a record.

    Parameters
    ----------
    record
        The rows.
    on_progress
        Called with the name of each step before it begins.
    """

    def look(at: str, compute: Callable[[], T]) -> T:
        on_progress(at)
        return compute()

    parts = look("plateaus, episodes, warm-up", lambda: phases(record))
    starts = [episode.start for episode in parts.episodes if episode.column == record.station.gas_index]
    return Exploration(
        record=record,
        columns=look("columns", lambda: columns(record)),
        duplicates=duplicates(record),
        phases=parts,
        timeline=timeline(record),
        correlations=look("correlations", lambda: correlations(record)),
        densities=look("densities", lambda: densities(record)),
        responses=look("responses to the gas", lambda: responses(record, starts)),
        autocorrelations=look("autocorrelation", lambda: autocorrelations(record)),
        split_leakage=look("what a random split would leak", lambda: split_leakage(record, starts)),
    )
