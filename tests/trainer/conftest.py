"""A run with everything that a report shows: a real, quick training, and made-up numbers of two evaluations."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from trainer.evaluation.detection.curves import Curves, Fault, ScoreTimeline, VirtualGasCurve
from trainer.evaluation.detection.folds import SplitName
from trainer.evaluation.detection.results import (
    CONSISTENCY,
    DETECTION,
    ONSET,
    PUBLISHED_AE,
    RECONSTRUCTION,
    CaseResult,
    Evaluation,
    Events,
    FoldResult,
    Rate,
    WithoutGas,
)
from trainer.evaluation.synthesis.results import (
    JITTER,
    OURS,
    PUBLISHED,
    REAL,
    SYNTHESIS,
    Detection,
    Fidelity,
    Resemblance,
    Scarce,
    SynthesisEvaluation,
    TrainSyntheticTestReal,
)
from trainer.figures.axis import Axis
from trainer.statistics.json_arrays import encode_arrays
from trainer.statistics.run_statistics import STATISTICS, ChannelReconstruction, NetworkStatistics, RunStatistics
from trainer.statistics.samples import BinnedSamples, Sample

KEYS = ("h2o_ppm", "temperature_c", "humidity_pct")
COLUMNS = ("ch4_ppb", *KEYS)
PAIRS = (("h2o_ppm", "temperature_c"), ("temperature_c", "humidity_pct"))
NOISES = ("auto", ".1", ".5", "1")


def axis(key: str, low: float = 1.0, high: float = 100.0) -> Axis:
    log = key.endswith(("ppb", "ppm"))
    spaced = np.geomspace if log else np.linspace
    scale: Literal["log", "linear"] = "log" if log else "linear"
    return Axis(key=key, unit="[ppb]", scale=scale, points=spaced(low, high, 256), edges=spaced(low, high, 41))


def sample(columns: int, pairs: int, shift: float = 0.0, r: float = 0.5) -> Sample:
    density = np.exp(-(((np.arange(256) - 128 - shift) / 20) ** 2))
    correlations = np.full((columns, columns), r)
    np.fill_diagonal(correlations, 1.0)
    cells = np.zeros((pairs, 40, 40))
    cells[:, 10:20, 10:20] = 0.9
    cells[:, 25, 25] = 10.0 if shift else 0.0  # where no real row is
    return Sample(
        rows=100, densities=np.tile(density / density.sum(), (columns, 1)), correlations=correlations, joints=cells
    )


def binned(names: dict[str, Sample], keys: tuple[str, ...], pairs: tuple[tuple[str, str], ...] = ()) -> BinnedSamples:
    return BinnedSamples(axes=tuple(axis(key) for key in keys), pairs=pairs, samples=names)


def network_statistics(kind: str, explained: float = 0.9) -> NetworkStatistics:
    channels = tuple(
        ChannelReconstruction(axis=axis(key), explained={"train": 0.95, "test": explained}, joint=np.eye(40))
        for key in COLUMNS
    )
    codes = binned({"train": sample(2, 0), "test": sample(2, 0, 30.0)}, ("z1", "z2"))
    return NetworkStatistics(kind=kind, channels=channels, codes=codes)  # type: ignore[arg-type]


def run_statistics() -> RunStatistics:
    rows = {"train": sample(4, 2), "test": sample(4, 2, 20.0, 0.2), "generated": sample(4, 2, 2.0, 0.45)}
    return RunStatistics(
        rows=binned(rows, COLUMNS, PAIRS),
        networks={
            "generator": network_statistics("vae"),
            "scorer": network_statistics("ae", 0.8),
            "scorer-absent": network_statistics("ae"),
        },
    )


def curves() -> Curves:
    rates = np.geomspace(1e-4, 1.0, 33)
    requested = np.geomspace(1e-3, 0.1, 9)
    row = np.arange(1000.0, 1300.0, 2.0)
    score = np.where((row > 1100) & (row < 1160), 5.0, 0.5)
    score[0] = np.nan
    virtual = np.full(len(row), 2000.0)
    centres = np.geomspace(1.5, 90.0, 20)
    return Curves(
        rates=rates,
        roc={CONSISTENCY: rates**0.2, PUBLISHED_AE: rates**0.6, "kNN": rates**0.5},
        requested=requested,
        realised={f"{CONSISTENCY}, static": requested * 0, f"{PUBLISHED_AE}, in sample": requested * 3},
        timelines=(
            ScoreTimeline(
                start=1000,
                end=1300,
                row=row,
                scores={"consistency": score},
                thresholds={"consistency": np.full(len(row), 3.0)},
                gas=virtual,
                faults=(
                    Fault(family="offset", case="offset 1 sigma", start=1100, end=1160, channel="ch4_ppb", found=True),
                    Fault(family="spike", case="spike 1 sigma", start=1200, end=1201, channel="h2o_ppm", found=False),
                ),
                alarms=((1102, 1170),),
            ),
        ),
        virtual=VirtualGasCurve(
            axis=axis("ch4_ppb", 1.0, 9000.0),
            joint=np.eye(40),
            reference=centres,
            low=centres * 0.8,
            median=centres,
            high=centres * 1.2,
            sd=0.2,
            row=row,
            line=virtual,
            virtual=np.where(row < 1200, virtual * 1.1, virtual * 1.5),
        ),
    )


def fold(split: SplitName, ours: float, *, pictures: bool = True) -> FoldResult:
    def found(auroc: float) -> dict[str, CaseResult]:
        return {
            name: CaseResult(auroc=auroc, recall_at_1pct=auroc / 2, recall_at_01pct=auroc / 4)
            for name in ("spike 1 sigma", "zero")
        }

    return FoldResult(
        station="station-1.csv",
        split=split,
        train_rows=2000,
        test_rows=1000,
        cases={CONSISTENCY: found(ours), RECONSTRUCTION["ae"]: found(0.9), PUBLISHED_AE: found(0.6)},
        rates=(Rate(detector=CONSISTENCY, mode="static", requested=0.01, realised=0.03),),
        events=(Events(case="zero", spacing="dense", mode="static", requested=0.001, total=10, found=10, named=1),),
        alarms=0,
        readings=1000,
        without_gas=(WithoutGas(detector=ONSET, auroc=0.99, requested=0.001, realised=0.002, onsets=2, found=2),),
        notes=(),
        curves=curves() if pictures else None,
    )


def evaluation(*, pictures: bool = True) -> Evaluation:
    return Evaluation(
        families={"spike 1 sigma": "spike", "zero": "zero"},
        folds=(fold("seen", 0.999, pictures=pictures), fold("fwd", 0.96, pictures=pictures)),
    )


def synthesis() -> SynthesisEvaluation:
    names = (OURS["vae"], OURS["ae"], OURS["mixture"], PUBLISHED["ae"], JITTER)
    samples = {name: sample(4, 2, 1.0 + place) for place, name in enumerate(names[:4])}
    samples |= {f"{name}, noise {noise}": sample(4, 2, 5.0) for name in names[:2] for noise in NOISES}
    fidelity = Fidelity(
        ks=0.01,
        wasserstein=0.01,
        std_ratio=dict.fromkeys(COLUMNS, 1.0),
        pearson=0.005,
        spearman=0.005,
        gas_skewness=1.0,
        gas_p99=1.0,
    )
    return SynthesisEvaluation(
        judged=names[0],
        synthesisers=(*names, REAL),
        resemblances=tuple(
            Resemblance(
                station=station, synthesiser=name, seed=1, train=fidelity, ks=ks, c2st_train=0.6, c2st_test=0.6,
                tstr=0.99, moisture=0.01, nearer_share=0.5, copies=0.0, cpu_seconds=10.0,
            )
            for station, ks in (("station-1.csv", 0.02), ("station-2.csv", 0.03))
            for name in (*names, REAL)
        ),
        tstr_blocks=tuple(
            TrainSyntheticTestReal(station="station-1.csv", synthesiser=name, seed=1, r2=0.8, real=0.82)
            for name in names
        ),
        scarce=tuple(
            Scarce(
                station="station-1.csv", synthesiser=name, seed=1, blocks=0, rmse=80.0, tail_rmse=90.0,
                real_rmse=100.0, real_tail_rmse=100.0,
            )
            for name in names
        ),
        detections=(Detection(station="station-1.csv", seed=1, blocks=0, auroc={"real rows": 0.7, "both": 0.75}),),
        gallery=binned({"real": sample(4, 2)} | samples, COLUMNS, PAIRS),
    )  # fmt: skip


@pytest.fixture
def bare(runs: dict[str, Path], tmp_path: Path) -> Path:
    """A quick run: nothing in it for pictures but its losses."""
    return Path(shutil.copytree(runs["both"], tmp_path / "bare"))


@pytest.fixture(scope="session")
def complete(runs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with everything, to read."""
    folder = Path(shutil.copytree(runs["both"], tmp_path_factory.mktemp("complete") / "whole"))
    (folder / STATISTICS).write_bytes(encode_arrays(run_statistics()))
    (folder / DETECTION).write_bytes(encode_arrays(evaluation()))
    (folder / SYNTHESIS).write_bytes(encode_arrays(synthesis()))
    return folder


@pytest.fixture
def whole(complete: Path, tmp_path: Path) -> Path:
    """The same, to change."""
    return Path(shutil.copytree(complete, tmp_path / "whole"))
