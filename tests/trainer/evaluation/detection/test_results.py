from __future__ import annotations

import io
import math

import msgspec
import pytest
from msgspec.structs import replace

from trainer.evaluation.detection.faults import Family
from trainer.evaluation.detection.folds import SplitName
from trainer.evaluation.detection.goals import goals
from trainer.evaluation.detection.results import (
    CONSISTENCY,
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
from trainer.evaluation.detection.table import print_evaluation

FAMILIES: dict[str, Family] = {"spike 1 sigma": "spike", "spike 3 sigma": "spike", "zero": "zero", "swap": "swap"}


def finding(auroc: float) -> CaseResult:
    return CaseResult(auroc=auroc, recall_at_1pct=auroc / 2, recall_at_01pct=auroc / 4)


def fold(split: SplitName, realised: float = 0.01, found: int = 10, **aurocs: tuple[float, float, float]) -> FoldResult:
    scores = {CONSISTENCY: (0.9, 0.96, 1.0), PUBLISHED_AE: (0.5, 0.7, 1.0), RECONSTRUCTION["ae"]: (0.8, 0.9, 1.0)}
    named = {"ours": CONSISTENCY}
    scores |= {named[name]: values for name, values in aurocs.items()}
    return FoldResult(
        station="station-1.csv",
        split=split,
        train_rows=2000,
        test_rows=1000,
        cases={name: dict(zip(FAMILIES, map(finding, values), strict=False)) for name, values in scores.items()},
        rates=(Rate(detector=CONSISTENCY, mode="static", requested=0.01, realised=realised),),
        events=(
            Events(case="zero", spacing="dense", mode="static", requested=0.001, total=10, found=found, named=1),
            Events(case="zero", spacing="dense", mode="adaptive", requested=0.001, total=10, found=0, named=0),
        ),
        alarms=1,
        readings=1000,
        without_gas=(WithoutGas(detector=ONSET, auroc=0.99, requested=0.001, realised=0.002, onsets=2, found=2),),
        notes=("no such thing",),
    )


TWO = Evaluation(families=FAMILIES, folds=(fold("fwd"), fold("bwd", realised=0.03, found=9, ours=(0.5, 0.5, 0.9))))


def test_a_family_counts_once_however_many_sizes_it_comes_in() -> None:
    assert TWO.mean(CONSISTENCY, split="fwd") == pytest.approx((0.93 + 1.0) / 2)
    assert TWO.mean(CONSISTENCY, split="bwd") == pytest.approx((0.5 + 0.9) / 2)
    assert TWO.mean(CONSISTENCY) == pytest.approx((0.965 + 0.7) / 2)
    assert TWO.mean(CONSISTENCY, "recall_at_1pct") == pytest.approx((0.965 + 0.7) / 4)
    assert TWO.mean(CONSISTENCY, families=["spike"]) == pytest.approx((0.93 + 0.5) / 2)
    assert TWO.mean(CONSISTENCY, case="spike 3 sigma") == pytest.approx((0.96 + 0.5) / 2)
    assert math.isnan(TWO.mean(CONSISTENCY, split="seen"))
    assert math.isnan(TWO.mean(RECONSTRUCTION["vae"]))


def test_goals_take_mean_aurocs_and_the_worst_rates_and_events_and_skip_the_unmeasured() -> None:
    got = {goal.name.strip(): goal for goal in goals(TWO)}

    assert got["consistency: mean AUROC"].got == pytest.approx(0.8325)
    assert not got["consistency: mean AUROC"].met
    assert got["above AE, published"].got == pytest.approx(0.8325 - 0.8)
    assert got["AUROC, zero"].got == pytest.approx(0.95)
    assert got["reconstruction: mean AUROC, AE"].met
    assert (got["false alarms: realised for 0.01, static"].got, got["found at 0.001, static: zero, dense"].got) == (
        0.03,
        0.9,
    )
    assert not got["false alarms: realised for 0.01, static"].met
    assert got["alarms in 1000 readings"].got == 1.0
    assert got["onsets found at 0.001"].met
    assert got["realised for 0.001"].met
    assert not {name for name in got if "seen" in name or "swap" in name or "sparse" in name or "adaptive" in name}


def test_the_tables_end_with_a_verdict_on_every_goal() -> None:
    out = io.StringIO()
    print_evaluation(TWO, out)

    lines = out.getvalue().splitlines()
    verdicts = [line for line in lines if line.endswith(("pass", "FALLS SHORT"))]
    assert len(verdicts) == len(goals(TWO))
    assert sum(line.endswith("pass") for line in verdicts) == sum(goal.met for goal in goals(TWO))
    assert any(line.startswith(CONSISTENCY) and "0.833" in line for line in lines)
    assert any(line.startswith(ONSET) and "4/4" in line for line in lines)
    assert "no such thing" in lines
    assert "nan" not in out.getvalue()


def test_what_some_folds_cannot_be_measured_for_is_printed_with_their_names() -> None:
    out = io.StringIO()
    some = replace(TWO.folds[0], notes=("no such thing", "nor that"))
    print_evaluation(replace(TWO, folds=(some, TWO.folds[1])), out)
    assert out.getvalue().splitlines()[-2:] == ["no such thing", "station-1.csv, fwd: nor that"]


def test_an_evaluation_is_json() -> None:
    assert msgspec.json.decode(msgspec.json.encode(TWO), type=Evaluation) == TWO
