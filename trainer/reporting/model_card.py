"""The model card: what a bundle is made of, what it is for, and where it must not be trusted."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from edge.bundles.manifest import ScoringSpec, measured_fit
from edge.models.windows import describe_seconds
from trainer.evaluation.ageing.results import Ageing
from trainer.evaluation.ageing.verdict import verdict_sentences
from trainer.figures.units import unit
from trainer.page.panel import Panel
from trainer.page.table import HtmlTable, shown
from trainer.reporting.display_names import NETWORKS, SPLITS
from trainer.run import Run
from trainer.scoring.onset import onset_sentences

_INTENDED = (
    ("for", "detecting when a low-cost methane station's readings contradict one another, and generating similar rows"),
    ("not for", "protecting life or property: this is not a certified safety device"),
    ("not for", "methane near an explosive limit: training covered the levels under Limits, which are far below"),
    ("not for", "privacy: synthetic rows lie near real ones, and nothing here proves otherwise"),
)


def card_panel(run: Run) -> Panel:
    """Describe a run: data, networks, settings, versions, limits and intended use."""
    return Panel(
        key="card",
        title="Model card",
        caption="What it was made from, what it is for, and the limits it was trained within. "
        "Not a certified safety device.",
        tables=(
            HtmlTable(("intended", "what"), _INTENDED, "Intended use"),
            HtmlTable(("of", "limit"), tuple(_limits(run)), "Limits"),
            HtmlTable(("what", "data"), tuple(_data(run)), "Data"),
            HtmlTable(
                ("network", "kind", "columns", "hidden", "latent", "loss", "parameters"),
                tuple(_networks(run)),
                "Networks",
            ),
            HtmlTable(("package", "version"), tuple(run.versions.items()), "Versions at training"),
            HtmlTable(("setting", "value"), tuple(_settings(run)), "Settings"),
        ),
        numbers={
            "data": msgspec.to_builtins(run.data),
            "settings": msgspec.to_builtins(run.settings),
            "versions": run.versions,
            "created": run.created,
            "limits": {name: msgspec.to_builtins(scorer.domain) for name, scorer in run.scoring_specs.items()},
        },
        wide=True,
    )


def _data(run: Run) -> Iterator[tuple[str, str]]:
    yield "files", ", ".join(run.data.files)
    yield "rows used", f"{run.data.rows:,}"
    yield "SHA-256 of the files", run.data.sha256
    yield "split", SPLITS[run.metrics["split"]]
    yield "rows by part", ", ".join(f"{count:,} {part}" for part, count in run.metrics["rows"].items())
    yield "figures of the training", f"measured on {measured_fit(run.metrics)}"
    if "bundle" in run.metrics:
        yield "rows of the bundle's own fit", f"{run.metrics['bundle']['rows']:,}"
    yield "trained", f"{run.created}, {run.metrics['seconds']:.0f} s"
    yield "seed", str(run.seed)
    windows = next(iter(run.scoring_specs.values())).windows
    if windows.cadence is not None:
        yield "time between rows", describe_seconds(windows.cadence)
    yield from ((f"window: {window}", length) for window, length in windows.describe())


def _limits(run: Run) -> Iterator[tuple[str, str]]:
    units = dict(zip(run.station.keys, run.station.units, strict=True))
    scorer = next(iter(run.scoring_specs.values()))
    for key, (low, high) in scorer.domain.items():
        yield key, f"trained on {shown(low)} to {shown(high)} {unit(units[key])}; beyond that, scores mean little"
    if run.metrics["split"] == "random":
        yield "split", "shuffled rows leak: figures measured on them are too good"
    for name, fitted in run.scoring_specs.items():
        of = _sentences(fitted) if run.station.gas is not None else fitted.notes
        found = onset_sentences(run.metrics["scorers"][name].get("onset"))
        yield from ((NETWORKS.get(name, name), sentence) for sentence in (*of, *found))
    ageing = Ageing.read(run.metrics)
    if ageing is not None:
        yield from (("other times", sentence.strip()) for sentence in verdict_sentences(ageing))
    yield "data", "one record: other boards and rooms are unknown to it"


def _sentences(fitted: ScoringSpec) -> Iterator[str]:
    if fitted.responsive:
        yield f"{', '.join(fitted.responsive)} respond to the gas; the others do not measurably"
    else:
        yield "no sensor responds to the gas measurably: there is no virtual gas"
    yield from fitted.notes


def _networks(run: Run) -> Iterator[tuple[str | float, ...]]:
    made = run.generator_spec
    found = {} if made.network is None else {"generator": (made.network, run.station.size)}
    found |= {name: (fitted.network, len(fitted.keys)) for name, fitted in run.scoring_specs.items()}
    for name, (network, columns) in found.items():
        parameters = run.parameter_count(name)
        hidden = "-".join(map(str, network.hidden))
        kind, loss = network.kind.upper(), f"{network.loss}, beta {network.beta:g}" if network.beta else network.loss
        yield NETWORKS.get(name, name), kind, columns, hidden, network.latent, loss, parameters
    yield "codes", "Gaussian mixture", made.latent_size(run.station.size), "", "", "", made.components


def _settings(run: Run) -> Iterator[tuple[str, str]]:
    for name, value in msgspec.to_builtins(run.settings).items():
        yield name, _written(value)


def _written(value: object) -> str:
    if isinstance(value, list | tuple):
        return "-".join(map(str, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "–" if value is None else str(value)
