"""Adds a generator's transforms to a graph; the arithmetic is that of :mod:`trainer.generation.normal_scores`.

The large tables are computed from small ones by nodes without an input: ONNX Runtime does so once, when it loads the
graph, and the file stays small.
"""

from __future__ import annotations

import numpy as np

from edge.moisture import OFFSET, PPM_PER_PERCENT, SLOPE
from export.nearest_step import nearest_step
from export.onnx_writer import OnnxWriter
from trainer.generation.codec import NormalScoreCodec
from trainer.generation.normal_scores import CELLS, DRY, END, KNOTS, NEAR, NODES, REACH, NormalScoreTransform
from trainer.networks.generative import fold_linear

_MAGNUS = {
    "magnus_offset": np.float64(OFFSET),
    "magnus_slope": np.float64(SLOPE),
    "ppm_per_percent": np.float64(PPM_PER_PERCENT),
    "dry": np.float64(DRY),
}

_RATIO = """
    warmth = Gather <axis = 1> (wide, temperature_at)
    dampness = Gather <axis = 1> (wide, humidity_at)
    water = Gather <axis = 1> (wide, water_at)
    sum = Add (warmth, magnus_offset)
    product = Mul (warmth, magnus_slope)
    exponent = Div (product, sum)
    growth = Exp (exponent)
    dampness_ppm = Mul (dampness, ppm_per_percent)
    free_saturated = Mul (dampness_ppm, growth)
    saturated = Max (free_saturated, dry)
    log_saturated = Log (saturated)
    free_water = Max (water, dry)
    log_water = Log (free_water)
    log_ratio = Sub (log_water, log_saturated)
    shaped = Where (is_water, log_ratio, wide)
"""

# Counts the knots below a value, and those no higher than it, since opset 17 has no search.
_SCORE = """
    knots = Cast <to = 11> (quantiles)
    flat_knots = Reshape (knots, flat)
    size = Abs (shaped)
    near = Mul (size, near_part)
    least = Sub (shaped, near)
    most = Add (shaped, near)
    each_least = Unsqueeze (least, last_axis)
    each_most = Unsqueeze (most, last_axis)
    is_below = Less (knots, each_least)
    below_ones = Cast <to = 1> (is_below)
    below_count = ReduceSum <keepdims = 0> (below_ones, last_axis)
    before = Cast <to = 11> (below_count)
    is_through = LessOrEqual (knots, each_most)
    through_ones = Cast <to = 1> (is_through)
    through_count = ReduceSum <keepdims = 0> (through_ones, last_axis)
    through = Cast <to = 11> (through_count)
    before_less = Sub (before, one)
    below = Clip (before_less, nought, last_knot)
    above = Clip (before, nought, last_knot)
    below_index = Cast <to = 7> (below)
    above_index = Cast <to = 7> (above)
    below_place = Add (below_index, column_start)
    above_place = Add (above_index, column_start)
    below_value = Gather (flat_knots, below_place)
    above_value = Gather (flat_knots, above_place)
    gap = Sub (above_value, below_value)
    is_gap = Greater (gap, nought)
    width = Where (is_gap, gap, one)
    beyond = Sub (shaped, below_value)
    free_part = Div (beyond, width)
    part = Clip (free_part, nought, one)
    rise = Sub (above, below)
    risen = Mul (part, rise)
    between = Add (below, risen)
    both = Add (before, through)
    both_less = Sub (both, one)
    middle = Mul (both_less, half)
    is_tied = Greater (through, before)
    knot = Where (is_tied, middle, between)
    stretched = Mul (knot, knot_width)
    score = Sub (stretched, end)
    centred = Sub (score, centre)
    wide_white = MatMul (centred, whitening)
    white = Cast <to = 1> (wide_white)
"""

_TABLE = """
    wide_calibration = Cast <to = 11> (calibration)
    node = Range (nought, node_count, one)
    calibration_at = Mul (node, cells_per_node)
    free_cell = Floor (calibration_at)
    cell = Min (free_cell, last_cell)
    cell_part = Sub (calibration_at, cell)
    cell_index = Cast <to = 7> (cell)
    next_index = Add (cell_index, next)
    calibration_low = Gather <axis = 1> (wide_calibration, cell_index)
    calibration_high = Gather <axis = 1> (wide_calibration, next_index)
    calibration_rise = Sub (calibration_high, calibration_low)
    calibration_part = Mul (calibration_rise, cell_part)
    calibrated = Add (calibration_low, calibration_part)
    from_end = Add (calibrated, end)
    free_knot = Mul (from_end, knots_per_score)
    knot = Clip (free_knot, nought, last_knot)
    free_lower_knot = Floor (knot)
    lower_knot = Min (free_lower_knot, last_but_one)
    knot_part = Sub (knot, lower_knot)
    lower_index = Cast <to = 7> (lower_knot)
    upper_index = Add (lower_index, next)
    wide_quantiles = Cast <to = 11> (quantiles)
    lower_value = GatherElements <axis = 1> (wide_quantiles, lower_index)
    upper_value = GatherElements <axis = 1> (wide_quantiles, upper_index)
    value_rise = Sub (upper_value, lower_value)
    value_part = Mul (value_rise, knot_part)
    table = Add (lower_value, value_part)
    table_front = Slice (table, first_node, last_node, second_axis)
    table_back = Slice (table, second_node, end_node, second_axis)
    table_rise = Sub (table_back, table_front)
"""

# What integer a nan is cast to is undefined: its place is clipped, too, and its row is made nan again at the end.
# From here on, columns are rows, [F, N], so that each is contiguous in memory.
_LOOK_UP = """
    turned = Transpose (places)
    position = Clip (turned, first_position, last_position)
    free_place = Cast <to = 6> (position)
    place = Clip (free_place, first_place, last_place)
    place_number = Cast <to = 1> (place)
    single_part = Sub (position, place_number)
    position_part = Cast <to = 11> (single_part)
    value_low = GatherElements <axis = 1> (table_front, place)
    value_slope = GatherElements <axis = 1> (table_rise, place)
    value_beyond = Mul (value_slope, position_part)
    free_values = Add (value_low, value_beyond)
    not_low = Max (free_values, low)
    values = Min (not_low, high)
"""

_GUARD = """
    turned_sum = ReduceSum (turned, columns_axis)
    single_guard = Mul (turned_sum, zero)
    guard = Cast <to = 11> (single_guard)
    guarded = Add (complete, guard)
    readings = Transpose (guarded)
"""

_UNRATIO = """
    sum = Add ({t}, magnus_offset)
    product = Mul ({t}, magnus_slope)
    exponent = Div (product, sum)
    growth = Exp (exponent)
    damp = Mul ({h}, ppm_per_percent)
    free_saturated = Mul (damp, growth)
    saturated = Max (free_saturated, dry)
    ratio = Exp ({w})
    free_water = Mul (ratio, saturated)
    not_dry = Max (free_water, low_water)
    water = Min (not_dry, high_water)
"""


def normal_scores(graph: OnnxWriter, transform: NormalScoreTransform) -> None:
    """Map ``readings`` double [N, F] to ``white`` float [N, F]."""
    size = transform.station.size
    if transform.knots.dtype == np.float32:  # a run of davylamp 0.2
        graph.add("narrow = Cast <to = 1> (readings)\nwide = Cast <to = 11> (narrow)")
    else:
        graph.add("wide = Identity (readings)")
    if transform.ratio is None:
        graph.add("shaped = Identity (wide)")
    else:
        places = dict(zip(("water_at", "temperature_at", "humidity_at"), transform.ratio, strict=True))
        graph.add(
            _RATIO,
            is_water=np.arange(size) == transform.ratio[0],
            **{name: np.array([column], dtype=np.int64) for name, column in places.items()},
            **_MAGNUS,
        )
    graph.add(
        _SCORE,
        quantiles=transform.knots,
        flat=np.array([-1], dtype=np.int64),
        last_axis=np.array([2], dtype=np.int64),
        near_part=np.float64(NEAR),
        column_start=np.arange(size, dtype=np.int64) * KNOTS,
        nought=np.float64(0),
        half=np.float64(0.5),
        one=np.float64(1),
        last_knot=np.float64(KNOTS - 1),
        knot_width=np.float64(2 * END / (KNOTS - 1)),
        end=np.float64(END),
        centre=transform.mean,
        whitening=transform.whitening,
    )


def decode_normal_scores(graph: OnnxWriter, codec: NormalScoreCodec) -> None:
    """Map ``latent`` [N, L] and ``noise`` [N, F] to ``readings`` double [N, F]."""
    transform = codec.transform
    # Un-whitening, and the map from scores to places in the table, are folded into the last layer and into the noise.
    per_score, middle = (NODES - 1) / (2 * REACH), (NODES - 1) / 2
    unwhitening = per_score * transform.unwhitening
    modules = fold_linear(codec.network, unwhitening, per_score * transform.mean + middle)
    graph.layers("decoder", modules, "latent", "free")
    disturb = (np.asarray(codec.sigma)[:, None] * unwhitening).astype(np.float32)
    graph.add("disturbance = MatMul (noise, disturb)\nplaces = Add (free, disturbance)", disturb=disturb)
    _look_up(graph, transform)
    columns = _snapped(graph, transform)
    graph.add(f"complete = Concat <axis = 0> ({', '.join(columns)})" if columns else "complete = Identity (values)")
    graph.add(
        _GUARD,
        columns_axis=np.array([0], dtype=np.int64),
        zero=np.float32(0),
    )


def _look_up(graph: OnnxWriter, transform: NormalScoreTransform) -> None:
    low, high = transform.low.astype(np.float64), transform.high.astype(np.float64)
    if transform.ratio is not None:
        # Its table is of the ratio's logarithm; the water itself is clipped when it has been computed.
        low[transform.ratio[0]], high[transform.ratio[0]] = -np.inf, np.inf
    graph.add(
        _TABLE,
        calibration=transform.calibration,
        quantiles=transform.knots,
        nought=np.float64(0),
        one=np.float64(1),
        next=np.int64(1),
        node_count=np.float64(NODES),
        cells_per_node=np.float64(CELLS / (NODES - 1)),
        last_cell=np.float64(CELLS - 1),
        end=np.float64(END),
        knots_per_score=np.float64((KNOTS - 1) / (2 * END)),
        last_knot=np.float64(KNOTS - 1),
        last_but_one=np.float64(KNOTS - 2),
        first_node=np.array([0], dtype=np.int64),
        second_node=np.array([1], dtype=np.int64),
        last_node=np.array([NODES - 1], dtype=np.int64),
        end_node=np.array([NODES], dtype=np.int64),
        second_axis=np.array([1], dtype=np.int64),
    )
    graph.add(
        _LOOK_UP,
        low=low[:, None],
        high=high[:, None],
        first_position=np.float32(0),
        last_position=np.float32(NODES - 1),
        first_place=np.int32(0),
        last_place=np.int32(NODES - 2),
    )


def _snapped(graph: OnnxWriter, transform: NormalScoreTransform) -> list[str]:
    """Add the operations on single columns; return the columns' names, none if there is no such operation."""
    if transform.ratio is None and not transform.steps:
        return []
    columns = [f"value_{column}" for column in range(transform.station.size)]
    graph.add(f"{', '.join(columns)} = Split <axis = 0> (values)")
    for column, steps in transform.steps.items():
        columns[column] = nearest_step(graph, column, steps.astype(np.float64))
    if transform.ratio is not None:
        water, temperature, humidity = (columns[column] for column in transform.ratio)
        place = transform.ratio[0]
        ends = {"low_water": np.float64(transform.low[place]), "high_water": np.float64(transform.high[place])}
        graph.add(_UNRATIO.format(w=water, t=temperature, h=humidity), **ends, **_MAGNUS)
        columns[transform.ratio[0]] = "water"
    return columns
