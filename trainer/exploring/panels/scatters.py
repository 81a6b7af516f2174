"""The panels of scatters: two columns against each other, coloured by time."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from edge.arrays import Indices
from trainer.exploring.exploration import Exploration
from trainer.exploring.raw_record import RawRecord
from trainer.figures.scatter import Coordinate, draw_scatter_matrix, draw_scatters
from trainer.figures.units import every, quantity
from trainer.page.panel import Panel

_MOST_COLUMNS = 6
_MOST_POINTS = 12_000


def environment_panel(found: Exploration) -> Panel:
    """Show the scatter matrix of the environment or, without one, of the first columns."""
    record = found.record
    environment = [j for j, feature in enumerate(record.station.features) if feature.role == "environment"]
    what = "The environment" if len(environment) > 1 else "Scatters"
    chosen = (environment if len(environment) > 1 else list(range(record.station.size)))[:_MOST_COLUMNS]
    pairs = [(record.station.keys[x], record.station.keys[y]) for x, y in combinations(chosen, 2)]
    return Panel(
        key="environment",
        title=f"{what}, by time",
        caption="Colour is time: where the same place is passed in different colours or in loops, one column does not "
        "determine the other (hysteresis, or another season)." + _drawn(record),
        figure=draw_scatter_matrix([_coordinate(record, j) for j in chosen], _rows(record)),
        alt=f"Scatters of {'; '.join(f'{y} over {x}' for x, y in pairs)}, coloured by time.",
        numbers=_numbers(found, pairs),
        wide=True,
    )


def pairs_panel(found: Exploration, pairs: Sequence[tuple[str, str]]) -> Panel:
    """Show the pairs of columns that were asked for."""
    record = found.record
    place = record.station.keys.index
    return Panel(
        key="pairs",
        title="Pairs asked for, by time",
        caption="Colour is time: a cloud that moves as a whole is drift; a loop is one column lagging behind the other."
        + _drawn(record),
        figure=draw_scatters(
            [(_coordinate(record, place(x)), _coordinate(record, place(y))) for x, y in pairs], _rows(record)
        ),
        alt=f"Scatters of {'; '.join(f'{y} over {x}' for x, y in pairs)}, coloured by time.",
        numbers=_numbers(found, pairs),
        wide=True,
    )


def _coordinate(record: RawRecord, column: int) -> Coordinate:
    feature, known = record.station.features[column], record.thin[:, column]
    known = known[np.isfinite(known)]
    logarithmic = feature.role == "gas" and len(known) > 0 and bool(known.min() > 0)
    return Coordinate(quantity(feature.key, feature.unit), record.values[:, column], logarithmic)


def _rows(record: RawRecord) -> Indices:
    return np.arange(0, record.rows, _step(record))


def _step(record: RawRecord) -> int:
    return max(record.every, -(-record.rows // _MOST_POINTS))


def _drawn(record: RawRecord) -> str:
    return f" Drawn: {every(_step(record))}." if _step(record) > 1 else ""


def _numbers(found: Exploration, pairs: Sequence[tuple[str, str]]) -> dict[str, dict[str, float]]:
    place = found.record.station.keys.index
    both = found.correlations
    return {
        f"{y} over {x}": {
            "pearson": float(both.pearson[place(x), place(y)]),
            "spearman": float(both.spearman[place(x), place(y)]),
        }
        for x, y in pairs
    }
