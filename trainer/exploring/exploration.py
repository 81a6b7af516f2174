"""Exploration: everything that is known of a record before it is drawn."""

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

Told = TypeVar("Told")


@dataclass(frozen=True)
class Exploration:
    """Numbers; see their classes.

    Parameters
    ----------
    sheet
        The rows they are of.
    columns, timeline, correlations, densities, memories
        Column by column.
    duplicates
        Pairs of equal columns.
    spells
        Warm-up, plateaus, episodes.
    responses
        Sensor by sensor; empty without a gas column.
    leak
        ``None``: it cannot be told.
    """

    sheet: RawRecord
    columns: tuple[Column, ...]
    duplicates: tuple[tuple[str, str], ...]
    phases: Phases
    timeline: Timeline
    correlations: Correlations
    densities: tuple[Density, ...]
    responses: tuple[GasResponse, ...]
    autocorrelations: tuple[Autocorrelation, ...]
    split_leakage: SplitLeakage | None


def examine(sheet: RawRecord, *, told: Callable[[str], Any] = lambda _: None) -> Exploration:
    """Compute every number of a sheet; ``told`` hears what is being looked at."""

    def look(at: str, found: Callable[[], Told]) -> Told:
        told(at)
        return found()

    parts = look("plateaus, episodes, warm-up", lambda: phases(sheet))
    starts = [episode.start for episode in parts.episodes]
    return Exploration(
        sheet=sheet,
        columns=look("columns", lambda: columns(sheet)),
        duplicates=duplicates(sheet),
        phases=parts,
        timeline=timeline(sheet),
        correlations=look("correlations", lambda: correlations(sheet)),
        densities=look("densities", lambda: densities(sheet)),
        responses=look("responses to the gas", lambda: responses(sheet, starts)),
        autocorrelations=look("autocorrelation", lambda: autocorrelations(sheet)),
        split_leakage=look("what a random split would leak", lambda: split_leakage(sheet, starts)),
    )
