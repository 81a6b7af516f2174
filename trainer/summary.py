"""summary: what a training reached, as a table beside its baselines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from edge.manifest import Fitted
from trainer.run import Run

_SCORES = ("consistency", "reconstruction", "onset")

_SPLITS = {
    "blocks": "contiguous blocks",
    "random": "shuffled rows: LEAKS, neighbours of test rows were trained on; for comparison only",
}


def summary(run: Run) -> str:
    """Say how well the generator reconstructs, beside a mean predictor and a PCA, and how honest the p-values are.

    Parameters
    ----------
    run
        A run folder.

    Returns
    -------
    str
        Lines for a terminal.
    """
    return "\n".join(_lines(run.metrics, run.scorers, run.settings.latent))


def _lines(metrics: dict[str, Any], scorers: dict[str, Fitted], latent: int) -> Iterator[str]:
    rows = metrics["rows"]
    yield f"split: {_SPLITS[metrics['split']]}"
    yield f"rows: {rows['train']:,} train, {rows['validation']:,} validation, {rows['test']:,} test"
    yield ""
    yield f"reconstruction, mean squared error in scaled units{'test':>12}{'validation':>12}{'train':>12}{'epoch':>10}"
    generator = metrics["generator"]
    mse, epoch = generator["mse"], f"{generator['chosen_epoch']}/{generator['epochs']}"
    yield (
        f"  {'generator (' + generator['kind'].upper() + f'), {latent} latents':<48}"
        f"{mse['test']:>12.5f}{mse['validation']:>12.5f}{mse['train']:>12.5f}{epoch:>10}"
    )
    yield f"  {f'baseline: PCA, {latent} components':<48}{metrics['baselines']['pca']:>12.5f}"
    yield f"  {'baseline: mean predictor':<48}{metrics['baselines']['mean']:>12.5f}"
    for name, scorer in metrics["scorers"].items():
        fitted = scorers[name]
        yield ""
        rows = f"{scorer['rows']:,} rows in {scorer['chunks']} chunks"
        yield f"{name}: {fitted.network.kind.upper()}; p-values from {rows}"
        if fitted.responsive:
            yield f"  {', '.join(fitted.responsive)} respond to the gas"
        yield from (f"  {note}" for note in fitted.notes)
        yield f"  false alarms on the test rows, requested{''.join(f'{kind:>16}' for kind in _SCORES)}"
        for row in scorer["realised"]:
            yield f"  {row['requested']:>39.2%}{''.join(_rate(row[kind]) for kind in _SCORES)}"


def _rate(rate: float | None) -> str:
    return f"{'no score' if rate is None else format(rate, '.2%'):>16}"
