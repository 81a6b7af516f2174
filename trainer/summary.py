"""summary: what a training reached, as a table beside its baselines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from trainer.run import Run

_SPLITS = {
    "blocks": "contiguous blocks",
    "random": "shuffled rows: LEAKS, neighbours of test rows were trained on; for comparison only",
}


def summary(run: Run) -> str:
    """Say how well each network reconstructs, beside a mean predictor and a PCA, and how honest its p-values are.

    Parameters
    ----------
    run
        A run folder.

    Returns
    -------
    str
        Lines for a terminal.
    """
    return "\n".join(_lines(run.metrics, run.settings.latent))


def _lines(metrics: dict[str, Any], latent: int) -> Iterator[str]:
    rows = metrics["rows"]
    yield f"split: {_SPLITS[metrics['split']]}"
    yield f"rows: {rows['train']:,} train, {rows['validation']:,} validation, {rows['test']:,} test"
    yield ""
    yield f"reconstruction, mean squared error in scaled units{'test':>12}{'validation':>12}{'train':>12}{'epoch':>10}"
    for kind, network in metrics["networks"].items():
        mse = network["mse"]
        epoch = f"{network['chosen_epoch']}/{network['epochs']}"
        yield (
            f"  {kind.upper() + f', {latent} latents':<48}"
            f"{mse['test']:>12.5f}{mse['validation']:>12.5f}{mse['train']:>12.5f}{epoch:>10}"
        )
    yield f"  {f'baseline: PCA, {latent} components':<48}{metrics['baselines']['pca']:>12.5f}"
    yield f"  {'baseline: mean predictor':<48}{metrics['baselines']['mean']:>12.5f}"
    yield ""
    calibration = metrics["calibration"]
    left_out = f"{calibration['disturbed_rows']:,} disturbed ones left out"
    yield f"p-values from {calibration['rows']:,} held-out rows, {left_out}"
    yield f"false alarms on the test rows{'requested':>24}{'realised':>12}{'(table made in sample)':>26}"
    for row in calibration["rates"]:
        yield (
            f"  {'':<27}{row['requested']:>24.2%}{row['realised_out_of_fold']:>12.2%}{row['realised_in_sample']:>26.2%}"
        )
