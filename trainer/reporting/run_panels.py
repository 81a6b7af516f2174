"""All panels of one run, in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from edge.bundles.manifest import measured_fit
from trainer.evaluation.detection.goals import goals
from trainer.evaluation.detection.results import DETECTION
from trainer.evaluation.goal import Goal
from trainer.evaluation.synthesis.goals import synthesis_goals
from trainer.evaluation.synthesis.results import OURS, PUBLISHED, SYNTHESIS
from trainer.figures.colours import BLUE, GREEN, INK, ORANGE, VERMILLION
from trainer.page.panel import Panel
from trainer.page.table import HtmlTable
from trainer.reporting.ageing_panel import ageing_panel
from trainer.reporting.correlations import sample_correlations_panel
from trainer.reporting.densities import sample_densities_panel
from trainer.reporting.detection_panels import families_panel, rates_panel, roc_panel
from trainer.reporting.display_names import SENSES
from trainer.reporting.losses import losses_panel
from trainer.reporting.model_card import card_panel
from trainer.reporting.network_panels import codes_panel, reconstruction_panel
from trainer.reporting.run_results import RunResults
from trainer.reporting.scatter_panels import joints_panel
from trainer.reporting.score_timeline import score_timeline_panel
from trainer.reporting.synthesis_panels import downstream_panel, resemblance_panel
from trainer.reporting.without_gas import without_gas_panel
from trainer.statistics.run_statistics import STATISTICS
from trainer.statistics.samples import BinnedSamples

REAL = "real"
MADE = {OURS["vae"]: BLUE, OURS["ae"]: ORANGE, OURS["mixture"]: GREEN}
_NETWORKS = ("scorer", "generator")
_NOISES = ("auto", ".1", ".5", "1")
_MOST_PAIRS = 3


def run_panels(results: RunResults) -> Iterator[Panel]:
    """Yield the panels of a run."""
    yield ageing_panel(results.ageing, () if results.detection is None else results.detection.ageing.values())
    fit = f" Shown is {measured_fit(results.run.metrics)}."
    for panel in (losses_panel(results.losses), *_statistics(results)):
        yield panel if panel.missing else replace(panel, caption=panel.caption + fit)
    yield from _detection(results)
    yield from _synthesis(results)
    if results.detection is not None or results.synthesis is not None:
        yield _goals(results)
    yield card_panel(results.run)


def _statistics(results: RunResults) -> Iterator[Panel]:
    statistics = results.statistics
    if statistics is None:
        yield Panel(
            key="portrait",
            title="Reconstruction, latent space, generated rows",
            caption="What the networks give back, their codes, and how similar generated rows are to real ones.",
            missing=results.missing[STATISTICS],
        )
        return
    networks = {name: statistics.networks[name] for name in _NETWORKS if name in statistics.networks}
    for name, network in networks.items():
        yield reconstruction_panel(name, network)
    for name, network in networks.items():
        yield codes_panel(name, network)
    yield sample_densities_panel(
        statistics.rows,
        {"train": INK, "test": VERMILLION, "generated": BLUE},
        key="generated",
        title="Generated rows: densities",
        caption="Generated rows should lie on the training rows; test rows lie beside them where the weather was "
        "different in other blocks of time.",
    )
    yield sample_correlations_panel(
        statistics.rows,
        "train",
        ("generated", "test"),
        key="generated-correlations",
        title="Generated rows: correlations",
        caption="Below, the errors: generated rows should have none; those of test rows are the difference that "
        "another time makes.",
    )
    if statistics.rows.pairs:
        yield joints_panel(
            statistics.rows,
            "train",
            {"generated": "generated", "test": "test"},
            statistics.rows.pairs[:_MOST_PAIRS],
            key="generated-scatters",
            title="Generated rows: scatters",
            caption="Grey is where training rows are, orange what lies outside: generated rows should fill the grey "
            "and stay inside.",
        )


def _detection(results: RunResults) -> Iterator[Panel]:
    detection = results.detection
    if detection is None:
        yield Panel(
            key="detection",
            title="Detection",
            caption="What the scores find in held-out blocks, at which price, and what the sensors say about a "
            "withheld gas.",
            missing=results.missing[DETECTION],
        )
        return
    drawn = (
        score_timeline_panel(detection.folds, results.run.station.gas),
        roc_panel(detection),
        rates_panel(detection),
        families_panel(detection),
        without_gas_panel(detection),
    )
    yield from (panel for panel in drawn if panel is not None)


def _synthesis(results: RunResults) -> Iterator[Panel]:
    synthesis = results.synthesis
    if synthesis is None:
        yield Panel(
            key="synthesis",
            title="Synthesis",
            caption="Real rows beside those of our networks, the published ones, a mixture and copies, and what these "
            "are good for.",
            missing=results.missing[SYNTHESIS],
        )
        return
    if synthesis.gallery is not None:
        yield from _samples(synthesis.gallery)
    yield resemblance_panel(synthesis)
    downstream = downstream_panel(synthesis)
    if downstream is not None:
        yield downstream


def _samples(binned: BinnedSamples) -> Iterator[Panel]:
    made = [name for name in (*MADE, *PUBLISHED.values()) if name in binned.samples]
    yield sample_densities_panel(
        binned,
        {REAL: INK, **MADE, PUBLISHED["ae"]: VERMILLION},
        key="densities",
        title="Real, AE, VAE and mixture: densities",
        caption="The nearer a line is to the grey area, the more a column looks like the real one.",
    )
    yield sample_correlations_panel(
        binned,
        REAL,
        made,
        key="correlations",
        title="Real, AE, VAE and mixture: correlations",
        caption="Below, the errors: the paler, the better; the largest error sets the scale.",
    )
    for name in (*MADE, *PUBLISHED.values()):
        noises = {f"{name}, noise {noise}": f"noise {noise}" for noise in _NOISES}
        noises = {sample: heading for sample, heading in noises.items() if sample in binned.samples}
        if noises and binned.pairs:
            yield joints_panel(
                binned,
                REAL,
                noises,
                binned.pairs[:_MOST_PAIRS],
                key=f"noise-{_slug(name)}",
                title=f"Drawn around training rows: {name}",
                caption="Grey is where real rows are, orange what lies outside: the noisier the codes, the more does.",
            )


def _goals(results: RunResults) -> Panel:
    found = {
        "detection": () if results.detection is None else goals(results.detection),
        "synthesis": () if results.synthesis is None else synthesis_goals(results.synthesis),
    }
    every = [goal for several in found.values() for goal in several]
    met = sum(goal.met for goal in every)
    return Panel(
        key="goals",
        title="Every goal",
        caption=f"{met} of {len(every)} are reached; they were set on the reference record.",
        tables=[
            HtmlTable(("number", "got", "wanted", "verdict"), [_row(goal) for goal in several], f"Goals of {part}")
            for part, several in found.items()
            if several
        ],
        wide=True,
    )


def _row(goal: Goal) -> tuple[str, float, str, str]:
    wanted = f"{SENSES[goal.sense]} {goal.wanted:g}"
    return goal.name.strip(), float(f"{goal.got:.4g}"), wanted, "pass" if goal.met else "short"


def _slug(name: str) -> str:
    return "-".join("".join(letter if letter.isalnum() else " " for letter in name.lower()).split())
