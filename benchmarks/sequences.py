"""Tests whether models that fit a bundle can make contiguous synthetic segments that are good enough to ship.

The record is cut into blocks of 300 readings; every other block is for fitting, and segments are compared with the
rest. Candidates are autoregressions in the generator's white space (a Gaussian mixture of pairs and of triples of rows,
linear ones with mixture innovations, a mixture density network), beside the floor, independent rows of the plain
mixture, the upper limit, the fitted blocks themselves, and the simulated chamber. Three questions: are the
autocorrelations within a block those of the record; does methane decay after an injection as it does there; and can
boosted trees distinguish windows of 30 readings from real ones, with neighbouring blocks and whole segments in one
fold. Single rows are for synthesis.py.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from boards import BOARDS, RECORD, find
from scipy.signal import find_peaks
from sequence_models import (
    Autoregression,
    MixtureAutoregression,
    NetworkAutoregression,
    VectorAutoregression,
    windows,
)
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import StratifiedGroupKFold

from config.settings.training import Training
from edge.arrays import Floats, Indices
from edge.simulation.simulator import simulate_chamber
from edge.synthesis.sampler import Sampler
from trainer.data.record import Record
from trainer.evaluation.detection.roc import auroc
from trainer.evaluation.parallel import run_tasks
from trainer.generation.fit_generator import fit_generator
from trainer.generation.normal_scores import NormalScoreTransform, fit_normal_scores

Blocks = list[Floats]

BLOCK, WINDOW, STRIDE = 300, 30, 15
NEIGHBOURS = 4  # blocks of the record that stay in one fold
SEGMENTS, LENGTH = 12, 1200
LAGS = (1, 10, 60)
AFTER = (10, 30, 60)  # readings after a peak of methane
PROMINENCE = 1000.0
"""Least enhancement of a peak [ppb]; the record's injections add 2,000 to 8,000 to a background of 2,000."""
LARGEST_KB, HIGHEST_AUROC, LARGEST_LAG = 250.0, 0.75, 0.05
"""Limits for a model worth shipping: size, AUROC of the discriminator, error of the autocorrelation at each lag."""

REAL, CEILING, FLOOR = "real, held out", "real, other blocks", "independent rows"
CHAMBER = "simulated chamber"
"""Not a learned model: cycle, climates and injections of the record's experiment, fitted to each board by hand."""


class Result(msgspec.Struct):
    """Quality of one kind of segments on one board; ``None``: does not apply."""

    board: int
    model: str
    kilobytes: float | None = None
    autocorrelation: list[float] | None = None
    """Mean absolute difference over the columns, at each lag."""
    peaks: float | None = None
    """Peaks per 1000 readings."""
    decay: list[float] | None = None
    """Mean enhancement relative to the peak, by readings after it."""
    flat: float | None = None
    """AUROC of the discriminator on the readings of a window."""
    summaries: float | None = None
    """AUROC of the discriminator on levels, spreads, roughness and drifts of its columns."""
    limited: float | None = None
    """Share of the rows at the largest white training value."""
    seconds: float | None = None
    """Duration of fitting and rolling [s]."""

    @property
    def good(self) -> bool:
        """Whether the model would be worth shipping."""
        if self.kilobytes is None or self.autocorrelation is None or self.flat is None or self.summaries is None:
            return False
        auroc = max(self.flat, self.summaries)
        near = max(self.autocorrelation) <= LARGEST_LAG
        return near and auroc <= HIGHEST_AUROC and self.kilobytes <= LARGEST_KB


Fit = Callable[[Sequence[Floats]], Autoregression]


def candidates(*, quick: bool) -> dict[str, Fit]:
    """Models by name; with ``quick`` three smaller ones."""
    # With 60 components the mixture of pairs reaches the limit and stays there; with 20 it returns sometimes.
    pairs, steps = (10, 200) if quick else (20, 1500)
    found: dict[str, Fit] = {
        "mixture of pairs": lambda rows: MixtureAutoregression(rows, 1, pairs),
        "VAR(30)": lambda rows: VectorAutoregression(rows, 30, 30),
        "density network": lambda rows: NetworkAutoregression(rows, 8, steps=steps),
    }
    if not quick:
        found["mixture of triples"] = lambda rows: MixtureAutoregression(rows, 2, 12)
        found["VAR(2)"] = lambda rows: VectorAutoregression(rows, 2, 30)
    return found


def judge_board(board: int, record: Record, *, quick: bool) -> list[Result]:
    """Evaluate all models on one board."""
    start, end = max(record.segments, key=lambda span: span[1] - span[0])
    blocks = cut(record.values[start:end])
    fitted, held_out = blocks[::2], blocks[1::2]
    transform = fit_normal_scores(np.concatenate(fitted), record.station)
    gas = record.station.gas_index
    assert gas is not None
    background = float(np.quantile(record.values[:, gas], 0.05))

    def judge(model: str, segments: Blocks, *, chosen: Blocks | None = None) -> Result:
        made = [block for segment in segments for block in cut(segment)[::2]] if chosen is None else chosen
        per_segment = len(made) // len(segments) if chosen is None else None
        peaks, decay = decays([segment[:, gas] for segment in segments], background)
        flat, summaries = auroc_apart(held_out, made[: len(held_out)], per_segment)
        return Result(board, model, None, differences(held_out, made), peaks, decay, flat, summaries)

    # Another seed than that of the simulated record.
    chamber = simulate_chamber(seed=100 + board, board=board)
    peaks, decay = decays([record.values[start:end, gas]], background)
    results = [
        Result(board, REAL, peaks=peaks, decay=decay),
        judge(CEILING, [record.values[start:end]], chosen=fitted),
        judge(FLOOR, independent(fitted, record)),
        judge(CHAMBER, [chamber], chosen=cut(chamber)[::2]),
    ]
    white = [transform.forward(block) for block in fitted]
    for name, fit in candidates(quick=quick).items():
        started = time.perf_counter()
        model = fit(white)
        rolled = model.roll(SEGMENTS, LENGTH, seed=board)
        seconds = time.perf_counter() - started
        result = judge(name, readings(rolled, transform))
        result.kilobytes, result.seconds = model.kilobytes, seconds
        result.limited = float((np.abs(rolled) >= model.limit).any(axis=2).mean())
        results.append(result)
    return results


def cut(rows: Floats) -> Blocks:
    """Cut rows [N, F] into whole blocks [300, F]."""
    return [rows[i : i + BLOCK] for i in range(0, len(rows) - BLOCK + 1, BLOCK)]


def readings(white: Floats, transform: NormalScoreTransform) -> Blocks:
    """Map segments of white rows [S, L, F] to the station's units, calibrated like the generator's rows."""
    scores = transform.scores(white.reshape(-1, white.shape[2]))
    made = transform.calibrated(scores).readings(scores).astype(np.float64)
    return list(made.reshape(white.shape))


def independent(fitted: Blocks, record: Record) -> Blocks:
    """Draw independent rows of the plain mixture, which have no order in time."""
    rows = np.concatenate(fitted)
    generator = fit_generator(rows, rows[::10], record.station, Training(generator="mixture", components=100)).generator
    made = Sampler(generator).prior(SEGMENTS * LENGTH, 1).astype(np.float64)
    return list(made.reshape(SEGMENTS, LENGTH, -1))


def differences(real: Blocks, made: Blocks) -> list[float]:
    """Mean absolute difference of the autocorrelations of all columns, at each lag."""
    return [float(np.abs(autocorrelation(real, lag) - autocorrelation(made, lag)).mean()) for lag in LAGS]


def autocorrelation(blocks: Blocks, lag: int) -> Floats:
    """Median over the blocks of the autocorrelation [F] about the mean of each block; 0 for a constant column.

    About a common mean, levels would pass for memory; pooled, the three blocks with a changing climate would dominate.
    """
    centred = np.stack(blocks) - np.stack(blocks).mean(axis=1, keepdims=True)
    together = (centred[:, lag:] * centred[:, :-lag]).mean(axis=1)
    return np.asarray(np.median(together / np.maximum(np.square(centred).mean(axis=1), 1e-12), axis=0))


def decays(segments: list[Floats], background: float) -> tuple[float, list[float] | None]:
    """Peaks per 1000 readings, and the share of a peak's enhancement that is left, by readings after it."""
    left = []
    for gas in segments:
        peaks, _ = find_peaks(gas, prominence=PROMINENCE)
        left += [
            (gas[i + np.array(AFTER)] - background) / (gas[i] - background) for i in peaks if i + AFTER[-1] < len(gas)
        ]
    rate = 1000 * len(left) / sum(map(len, segments))
    return rate, np.mean(left, axis=0).tolist() if left else None


def auroc_apart(real: Blocks, made: Blocks, per_segment: int | None) -> tuple[float, float]:
    """AUROC of boosted trees between windows: on their readings, and on summaries.

    Neighbours stay in one fold: four blocks of the record, with the fitted ones between them (``per_segment`` is
    ``None``), or the blocks of one synthetic segment.
    """
    half = NEIGHBOURS // 2
    real_group = [i // half for i in range(len(real))]
    made_group = [i // half if per_segment is None else 1000 + i // per_segment for i in range(len(made))]
    pieces = [windows(block, WINDOW)[::STRIDE] for block in [*real, *made]]
    each = len(pieces[0])
    groups = np.repeat([*real_group, *made_group], each)
    synthetic = np.repeat([0] * len(real) + [1] * len(made), each)
    flat, summaries = (
        _auroc(np.concatenate([view(piece) for piece in pieces]), synthetic, groups)
        for view in (lambda piece: piece.reshape(len(piece), -1), summarised)
    )
    return flat, summaries


def summarised(piece: Floats) -> Floats:
    """Summarise windows [N, 30, F] by mean, spread, drift and roughness of each column [N, 5 F]."""
    with np.errstate(divide="ignore"):  # a constant column; trees can read the result
        rough = [np.log(np.maximum(np.diff(piece, n, axis=1).std(axis=1), 1e-9)) for n in (1, 2)]
    return np.concatenate([piece.mean(axis=1), piece.std(axis=1), piece[:, -1] - piece[:, 0], *rough], axis=1)


def _auroc(x: Floats, synthetic: Indices, groups: Indices) -> float:
    x = x.astype(np.float32)
    found = []
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=0)
    for fit, judge in folds.split(x, synthetic, groups):
        trees = HistGradientBoostingClassifier(max_iter=40, random_state=0).fit(x[fit], synthetic[fit])
        score, truth = trees.predict_proba(x[judge])[:, 1], synthetic[judge] == 1
        found.append(auroc(score[~truth], score[truth]))
    return float(np.mean(found))


def print_results(results: list[Result]) -> None:
    """Print a table for each board."""
    for board in sorted({result.board for result in results}):
        print(f"\nboard {board}")
        print(f"{'':20}{'kB':>6}  {'autocorr. off at ' + '/'.join(map(str, LAGS)):>26}  {'peaks':>5}", end="")
        print(f"  {'left after ' + '/'.join(map(str, AFTER)):>20}", end="")
        print(f"  {'AUROC flat':>10} {'summaries':>9} {'at limit':>8} {'s':>4}")
        for one in (result for result in results if result.board == board):
            row = f"{one.model:20}{_number(one.kilobytes, 0):>6}  {_numbers(one.autocorrelation, 3):>26}"
            row += f"  {_number(one.peaks, 1):>5}  {_numbers(one.decay, 2):>20}  {_number(one.flat, 3):>10}"
            row += f" {_number(one.summaries, 3):>9} {_number(one.limited, 2):>8} {_number(one.seconds, 0):>4}"
            print(row + ("  good" if one.good else ""))


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _numbers(values: list[float] | None, digits: int) -> str:
    return "-" if values is None else " ".join(f"{value:.{digits}f}" for value in values)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=RECORD, help="folder of station-1.csv (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="one board, fewer and smaller models: for a first look")
    parser.add_argument("--processes", type=int, default=2, help="default: %(default)s")
    parser.add_argument("--json", type=Path, metavar="PATH", help="also write the report to PATH")
    arguments = parser.parse_args()
    boards = BOARDS[:1] if arguments.quick else BOARDS
    records, source = find(arguments.data, boards)
    started = time.perf_counter()
    tasks = [
        partial(judge_board, board, record, quick=arguments.quick)
        for board, record in zip(boards, records, strict=True)
    ]
    judged = dict(run_tasks(tasks, min(arguments.processes, len(tasks))))
    results = [result for number in sorted(judged) for result in judged[number]]
    seconds = time.perf_counter() - started
    print(f"Sequences on {source}, board {', '.join(map(str, boards))}; {seconds:.0f} s on {platform.machine()}")
    print_results(results)
    good = [one.model for one in results if one.good]
    limits = f"at most {LARGEST_KB:.0f} kB, autocorrelations within {LARGEST_LAG}, AUROC at most {HIGHEST_AUROC}"
    print(f"\nGood ({limits}): {', '.join(good) or 'none'}")
    if arguments.json:
        report: dict[str, Any] = {
            "benchmark": "sequences",
            "data": source,
            "boards": boards,
            "quick": arguments.quick,
            "seconds": round(seconds),
            "versions": {name: version(name) for name in ("numpy", "scipy", "torch", "scikit-learn")},
            "results": results,
        }
        arguments.json.write_text(json.dumps(msgspec.to_builtins(report), indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
