"""Adds to a graph the search for a quantised column's nearest step: a table, then halving, since opset 17 has none.

The arithmetic is in double precision, and the same as that of numpy: a step keeps every digit that it has.
"""

from __future__ import annotations

import numpy as np

from edge.arrays import Floats
from export.onnx_writer import OnnxWriter

MOST_CELLS = 65_536
"""Most cells of the table that counts the borders below a value."""

# The borders in the cells below that of a value lie below the value, and those in the cells above it above.
_CELL = """
    steps_lower_{c} = Slice (steps_{c}, step_0, before_last, first_axis)
    steps_upper_{c} = Slice (steps_{c}, step_1, after_last, first_axis)
    steps_sum_{c} = Add (steps_lower_{c}, steps_upper_{c})
    borders_{c} = Mul (steps_sum_{c}, half)
    borders_from_{c} = Sub (borders_{c}, step_first_{c})
    borders_at_{c} = Mul (borders_from_{c}, cells_per_unit_{c})
    border_cell_{c} = Cast <to = 7> (borders_at_{c})
    border_ones_{c} = Add (border_cell_{c}, one_cell)
    border_ones_less_{c} = Sub (border_ones_{c}, border_cell_{c})
    no_borders_{c} = ConstantOfShape <value = int64[1] {{0}}> (cell_count_{c})
    border_count_{c} = ScatterElements <reduction = "add"> (no_borders_{c}, border_cell_{c}, border_ones_less_{c})
    borders_below_{c} = CumSum <exclusive = 1> (border_count_{c}, axis_0)
    ended_borders_{c} = Concat <axis = 0> (borders_{c}, no_border)
    value_from_{c} = Sub (value_{c}, step_first_{c})
    value_at_{c} = Mul (value_from_{c}, cells_per_unit_{c})
    near_cell_{c} = Clip (value_at_{c}, cell_first, cell_last_{c})
    free_cell_{c} = Cast <to = 6> (near_cell_{c})
    value_cell_{c} = Clip (free_cell_{c}, whole_cell_first, whole_cell_last_{c})
    place_{c}_0 = Gather (borders_below_{c}, value_cell_{c})
"""

# The place is that of the first border above the value: half of the borders that remain are passed at a time.
_HALVE = """
    tried_{c}_{i} = Add (place_{c}_{i}, ahead_{p})
    inside_{c}_{i} = Min (tried_{c}_{i}, last_border_{c})
    border_{c}_{i} = Gather (ended_borders_{c}, inside_{c}_{i})
    passed_{c}_{i} = LessOrEqual (border_{c}_{i}, value_{c})
    passed_ones_{c}_{i} = Cast <to = 7> (passed_{c}_{i})
    advance_{c}_{i} = Mul (passed_ones_{c}_{i}, length_{p})
    place_{c}_{n} = Add (place_{c}_{i}, advance_{c}_{i})
"""


def nearest_step(graph: OnnxWriter, column: int, steps: Floats) -> str:
    """Map ``value_COLUMN`` double [1, N] to the nearest of the column's steps [V]; return the name of the result."""
    borders = (steps[1:] + steps[:-1]) / 2
    span = float(steps[-1] - steps[0])
    narrowest = float(np.diff(borders).min()) if len(borders) > 1 else span
    cells = int(min(2 * span / narrowest, MOST_CELLS - 2)) if narrowest > 0 else MOST_CELLS - 2
    cells_per_unit = cells / span
    fullest = int(np.bincount(((borders - steps[0]) * cells_per_unit).astype(np.int64)).max())
    powers = range(fullest.bit_length() - 1, -1, -1)
    graph.add(
        _CELL.format(c=column),
        half=np.float64(0.5),
        one_cell=np.int64(1),
        no_border=np.array([np.nan]),  # which no value passes, an infinite one neither
        cell_first=np.float64(0),
        whole_cell_first=np.int32(0),
        axis_0=np.int64(0),
        step_0=np.array([0], dtype=np.int64),
        step_1=np.array([1], dtype=np.int64),
        before_last=np.array([-1], dtype=np.int64),
        after_last=np.array([np.iinfo(np.int64).max]),
        first_axis=np.array([0], dtype=np.int64),
        **{
            f"steps_{column}": steps,
            f"step_first_{column}": np.float64(steps[0]),
            f"cells_per_unit_{column}": np.float64(cells_per_unit),
            f"cell_last_{column}": np.float64(cells + 1),
            f"whole_cell_last_{column}": np.int32(cells + 1),  # what integer a nan is cast to is undefined
            f"cell_count_{column}": np.array([cells + 2], dtype=np.int64),
            f"last_border_{column}": np.int64(len(borders)),
        },
    )
    for done, power in enumerate(powers):
        graph.add(
            _HALVE.format(c=column, i=done, n=done + 1, p=power),
            **{f"length_{power}": np.int64(2**power), f"ahead_{power}": np.int64(2**power - 1)},
        )
    graph.add(f"snapped_{column} = Gather (steps_{column}, place_{column}_{len(powers)})")
    return f"snapped_{column}"
