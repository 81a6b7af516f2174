"""Summarises a training: its results beside their baselines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from edge.bundles.manifest import ScoringSpec, measured_fit
from trainer.evaluation.ageing.results import Ageing
from trainer.evaluation.ageing.table import ageing_lines
from trainer.run import Run
from trainer.scoring.onset import onset_refused, onset_sentences

_SCORES = ("consistency", "reconstruction", "onset")

_KINDS = {"ae": "autoencoder", "vae": "variational autoencoder", "mixture": "no network"}
_SPLITS = {
    "blocks": "contiguous blocks",
    "random": "shuffled rows: LEAKS, neighbours of test rows were trained on; for comparison only",
}


def summary(run: Run) -> str:
    """Summarise how closely generated rows resemble real ones, and which false-alarm rates the p-values lead to.

    Parameters
    ----------
    run
        A run folder.

    Returns
    -------
    str
        Lines for a terminal.
    """
    return "\n".join(_lines(run.metrics, run.scoring_specs))


def _lines(metrics: dict[str, Any], scorers: dict[str, ScoringSpec]) -> Iterator[str]:
    rows = metrics["rows"]
    yield f"split: {_SPLITS[metrics['split']]}"
    yield f"rows: {rows['train']:,} train, {rows['validation']:,} validation, {rows['test']:,} test"
    yield f"measured on {measured_fit(metrics)}"
    yield ""
    generator = metrics["generator"]
    kind, count = generator["kind"], generator["components"]
    yield f"generator: {_KINDS[kind]}; its codes from {count} Gaussian{'s' if count > 1 else ''}"
    yield (
        f"  log-likelihood of held-out codes {generator['log_likelihood']:.2f} nat"
        f" (baseline: one Gaussian {generator['one_gaussian']:.2f})"
    )
    yield (
        f"  mean distance of a column's distribution (KS): {generator['ks_train']:.4f} to training rows,"
        f" {generator['ks_test']:.4f} to test rows"
    )
    yield f"  {'':47}{generator['ks_test_train']:.4f} test rows to training rows"
    if "bundle" in metrics:
        bundle = metrics["bundle"]
        yield f"  {'':47}{bundle['ks']:.4f} to the {bundle['rows']:,} rows of the bundle's own fit"
    for name, scorer in metrics["scorers"].items():
        fitted = scorers[name]
        yield ""
        rows = f"{scorer['rows']:,} rows in {scorer['chunks']} chunks"
        yield f"{name}: {fitted.network.kind.upper()}; p-values from {rows}"
        yield "  windows: " + ", ".join(f"{window} {length}" for window, length in fitted.windows.describe())
        if fitted.responsive:
            yield f"  {', '.join(fitted.responsive)} respond to the gas"
        yield from (f"  {note}" for note in (*fitted.notes, *onset_sentences(scorer.get("onset"))))
        yield f"  false alarms on the test rows, requested{''.join(f'{kind:>16}' for kind in _SCORES)}"
        for row in scorer["realised"]:
            rates = (None if kind == "onset" and onset_refused(scorer) else row[kind] for kind in _SCORES)
            yield f"  {row['requested']:>39.2%}{''.join(map(_rate, rates))}"
    ageing = Ageing.read(metrics)
    if ageing is not None:
        yield ""
        yield from ageing_lines(ageing)


def _rate(rate: float | None) -> str:
    return f"{'no score' if rate is None else format(rate, '.2%'):>16}"
