"""Adds to a graph the search for the nearest step of a quantised column, by a table, since opset 17 has no search."""

from __future__ import annotations

import numpy as np

from edge.arrays import Singles
from export.onnx_writer import OnnxWriter

MOST_CELLS = 65_536
"""Most cells of the table in which the step nearest to a value is looked up."""

# A cell holds at most one border between two steps: below it the lower step is nearest, above it the upper one.
_SNAP = """
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
    step_at_{c} = CumSum <exclusive = 1> (border_count_{c}, axis_0)
    free_next_{c} = Add (step_at_{c}, one_cell)
    next_at_{c} = Min (free_next_{c}, last_step_{c})
    border_at_{c} = Min (step_at_{c}, last_border_{c})
    all_low_{c} = Gather (steps_{c}, step_at_{c})
    cell_low_{c} = Unsqueeze (all_low_{c}, first_axis)
    all_high_{c} = Gather (steps_{c}, next_at_{c})
    cell_high_{c} = Unsqueeze (all_high_{c}, first_axis)
    all_border_{c} = Gather (borders_{c}, border_at_{c})
    cell_border_{c} = Unsqueeze (all_border_{c}, first_axis)
    value_from_{c} = Sub (value_{c}, step_first_{c})
    value_at_{c} = Mul (value_from_{c}, cells_per_unit_{c})
    free_cell_{c} = Cast <to = 6> (value_at_{c})
    value_cell_{c} = Clip (free_cell_{c}, cell_first, cell_last_{c})
    nearest_low_{c} = GatherElements <axis = 1> (cell_low_{c}, value_cell_{c})
    nearest_high_{c} = GatherElements <axis = 1> (cell_high_{c}, value_cell_{c})
    nearest_border_{c} = GatherElements <axis = 1> (cell_border_{c}, value_cell_{c})
    is_lower_{c} = Less (value_{c}, nearest_border_{c})
    snapped_{c} = Where (is_lower_{c}, nearest_low_{c}, nearest_high_{c})
"""


def nearest_step(graph: OnnxWriter, column: int, steps: Singles) -> str:
    """Map ``value_COLUMN`` [1, N] to the nearest of the column's steps [V]; return the name of the result."""
    borders = (steps[1:] + steps[:-1]) / 2
    narrowest = float(np.diff(borders).min()) if len(borders) > 1 else float(np.ptp(steps))
    span = float(np.ptp(steps))
    cells = min(
        2 * span / narrowest, MOST_CELLS - 2
    )  # two cells between neighbouring borders, so that no cell has two borders
    graph.add(
        _SNAP.format(c=column),
        half=np.float32(0.5),
        one_cell=np.int64(1),
        cell_first=np.int32(0),
        axis_0=np.int64(0),
        step_0=np.array([0], dtype=np.int64),
        step_1=np.array([1], dtype=np.int64),
        before_last=np.array([-1], dtype=np.int64),
        after_last=np.array([np.iinfo(np.int64).max]),
        first_axis=np.array([0], dtype=np.int64),
        **{
            f"steps_{column}": steps,
            f"step_first_{column}": steps[0],
            f"cells_per_unit_{column}": np.float32(cells / span),
            f"cell_last_{column}": np.int32(int(cells) + 1),  # what integer a nan is cast to is undefined
            f"cell_count_{column}": np.array([int(cells) + 2], dtype=np.int64),
            f"last_step_{column}": np.int64(len(steps) - 1),
            f"last_border_{column}": np.int64(len(steps) - 2),
        },
    )
    return f"snapped_{column}"
