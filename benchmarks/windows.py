"""How far back a station should be remembered: consistency by window, on records of 2 s, 1 min and 1 h.

Each record is divided into its past, which trains, and its future, into which faults are injected: as long as in the
evaluation, counted in readings, and ten times as long (a tenth at 1 h). What a window costs is the share of undisturbed
readings that exceed a requested 1 %. For the onset of methane without an analyser there are the area under the curve,
plumes against quiet readings, and the quiet readings that exceed.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
from field_study.field_record import FIELD, FieldRecord, find_records

from config.settings.station import Station
from config.settings.training import Training
from config.settings.windows import WindowSettings
from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.arrays import Floats
from edge.simulation.board import Board, shared_noise
from edge.simulation.field import simulate_field
from trainer.data.record import Record, load_record
from trainer.data.splits import spans
from trainer.evaluation.detection.faults import Case, cases, inject_faults
from trainer.evaluation.detection.folds import Fold
from trainer.evaluation.detection.held_out import score_held_out
from trainer.evaluation.detection.roc import auroc
from trainer.evaluation.detection.without_gas import evaluate_without_gas
from trainer.scoring.fit_scorer import fit_scorer
from trainer.scoring.record_windows import record_windows

# The network reads no lag and is not judged here: the smallest will do.
LIGHT = Training(epochs=1, hidden=(2,), latent=1, least_steps=1, patience=1, batch_size=4096, chunks=4)
RESPONSE, SLOW = 20.0, 30.0  # of the simulated sensors: time constant [s]; slow noise that is a minute's at 2 s
DAYS, QUICK_ROWS = 2.0, 6000


class Measured(NamedTuple):
    """A record with the alternatives that are measured on it, and by how much longer its other faults are."""

    name: str
    record: Record
    longer: float
    alternatives: dict[str, WindowSettings]
    onset: bool


def two_seconds(rows: int, seed: int = 1) -> Floats:
    """Simulate the field station every 2 s, with sensors that respond within a minute and noise of every reading.

    The simulated air knows its cadence, the noise of the sensors is per reading; its slow part is made as slow as it is
    at a reading a minute.
    """
    air = simulate_field(rows, seed=seed, cadence=2.0)[:, :4]
    felt, share = air.copy(), 1 - np.exp(-2.0 / RESPONSE)
    logs = np.log(air[:, :2])
    for row in range(1, rows):
        logs[row] = logs[row - 1] + share * (logs[row] - logs[row - 1])
    felt[:, :2] = np.exp(logs)
    noise = shared_noise(np.random.default_rng((seed, 11)), rows, slow=SLOW)
    return np.column_stack([air, Board(1).resistances(felt, noise, (seed, 12))])


def measured(folder: Path, work: Path, *, quick: bool) -> Iterator[Measured]:
    """Yield the records: a simulated one of 2 s, and those of the open air that are there."""
    station = msgspec.structs.replace(load_station(METHANE), cadence=2.0)
    rows = QUICK_ROWS if quick else round(DAYS * 43_200)
    alternatives = {f"baseline {name}": _settings(name, 1) for name in ("8 min", "16 min", "64 min", "4 h")}
    alternatives |= {f"baseline 64 min, lag {lag}": _settings("64 min", lag) for lag in ("10 s", "60 s")}
    alternatives |= {"baseline off": _settings("off", 1), "by the rule": WindowSettings()}
    alternatives |= {"background 50 min": WindowSettings(background=1500)}
    chosen = {name: alternatives[name] for name in ("baseline 8 min", "by the rule")} if quick else alternatives
    yield Measured("2 s, simulated", Record.from_values(two_seconds(rows), station), 10.0, chosen, onset=True)
    if quick:
        return
    for found in find_records(folder, work, 20_000):
        if found.place == "roadside":
            counts = (24, 48, 120, 240, 720)
            settings = {f"baseline {count} h": _settings(count, 1) for count in counts}
            yield _whole(found, "1 h, roadside", 0.1, settings | {"by the rule": WindowSettings()})
        else:
            hours = (1, 2, 4, 8, 24)
            settings = {f"baseline {count} h": _settings(f"{count} h", 1) for count in hours}
            yield _whole(found, f"1 min, {found.place}", 10.0, settings | {"by the rule": WindowSettings()})


def _settings(recenter: int | str, lag: int | str) -> WindowSettings:
    return WindowSettings(recenter=recenter, lag=lag)


def _whole(found: FieldRecord, name: str, longer: float, settings: dict[str, WindowSettings]) -> Measured:
    """Read a record of the open air without its gas column, which is missing in many rows."""
    features = tuple(each for each in found.station.features if each.role != "gas")
    station = msgspec.structs.replace(found.station, features=features, ratio=None, recenter=None)
    return Measured(name, load_record([found.path], station), longer, settings, onset=False)


def measure(one: Measured) -> Iterator[dict[str, Any]]:
    """Measure the alternatives on a record, one after the other."""
    rows = np.arange(len(one.record.values))
    past = rows < 2 * len(rows) // 3
    test = rows[~past]
    places = tuple((int(piece[0]), int(piece[-1]) + 1) for piece in spans(one.record, test))
    fold = Fold(train=rows[past], validation=rows[past][::6], test=test, spans=places)
    for name, settings in one.alternatives.items():
        begun = time.process_time()
        station = msgspec.structs.replace(one.record.station, windows=settings)
        record = replace(one.record, station=station)
        result: dict[str, Any] = {"record": one.name, "windows": name}
        result |= dict(record_windows(record).describe())
        result |= _consistency(record, fold, one.longer)
        if one.onset:
            result |= _onset(record, fold)
        yield result | {"cpu_s": round(time.process_time() - begun, 1)}


def _consistency(record: Record, fold: Fold, longer: float) -> dict[str, float]:
    model = fit_scorer(record, fold.train, LIGHT, folds=LIGHT.chunks if isinstance(LIGHT.chunks, int) else 4).model
    usual = score_held_out(model, record.values, record.station, fold).consistency
    found: dict[float, list[float]] = {1.0: [], longer: []}
    for factor, areas in found.items():
        for case in _middle(record.station):
            long = replace(case, rows=max(1, round(case.rows * factor)))
            faulted = inject_faults(
                long, record.values, record.station,
                sigma=record.values[fold.train].std(axis=0), sensitivity=None, background=None,
                segments=fold.spans, seed=1,
            )  # fmt: skip
            if faulted.events:
                score = score_held_out(model, faulted.values, record.station, fold).consistency
                areas.append(auroc(usual, score[faulted.fault[fold.test]]))
    return {
        "auroc": float(np.mean(found[1.0])),
        "auroc_longer": float(np.mean(found[longer])),
        "exceed_at_1_percent": float(np.mean(usual >= 2.0)),
    }


def _middle(station: Station) -> list[Case]:
    """Return the middle case of each family of faults that lies in single columns."""
    every = [case for case in cases(station) if case.family not in ("response", "blind", "methane", "swap")]
    families = [[case for case in every if case.family == family] for family in dict.fromkeys(c.family for c in every)]
    return [family[len(family) // 2] for family in families]


def _onset(record: Record, fold: Fold) -> dict[str, float]:
    model = fit_scorer(record, fold.train, LIGHT, absent=True, folds=2).model
    if model.virtual is None:
        return {}
    (found,) = evaluate_without_gas(record, fold, model, [], (0.01,))
    return {"onset_auroc": found.auroc, "onset_on_quiet": found.realised}


def lines(results: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Yield the table."""
    yield f"{'':16}{'':24}{'baseline':>36}{'lag':>22}  {'AUROC':>6}{'other':>7}{'1 %':>7}{'onset':>7}{'quiet':>7}"
    for one in results:
        onset = f"{one['onset_auroc']:7.3f}{one['onset_on_quiet']:7.2%}" if "onset_auroc" in one else ""
        yield (
            f"{one['record']:16}{one['windows']:24}{one['baseline']:>36}{one['lag']:>22}  {one['auroc']:6.3f}"
            f"{one['auroc_longer']:7.3f}{one['exceed_at_1_percent']:7.2%}{onset}"
        )


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=FIELD, help="folder of the open records (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="a short simulated record alone")
    parser.add_argument("--json", type=Path, help="write the report there as well")
    arguments = parser.parse_args()
    results: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="davylamp-windows-") as work:
        for one in measured(arguments.data, Path(work), quick=arguments.quick):
            results += measure(one)
    print("\n".join(lines(results)))
    if arguments.json:
        report = {"benchmark": "windows", "python": platform.python_version(), "results": results}
        arguments.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
