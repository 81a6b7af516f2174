"""Panels: everything that is shown of one run, in order."""

from __future__ import annotations

from collections.abc import Iterator

from trainer.evaluation.detection.goals import goals
from trainer.evaluation.detection.results import DETECTION
from trainer.evaluation.goal import Goal
from trainer.evaluation.synthesis.goals import synthesis_goals
from trainer.evaluation.synthesis.results import OURS, PUBLISHED, SYNTHESIS
from trainer.page import BLUE, GREEN, INK, ORANGE, VERMILLION, HtmlTable, Panel
from trainer.reporting.correlations import sample_correlations_panel
from trainer.reporting.densities import sample_densities_panel
from trainer.reporting.detection_panels import families_panel, rates_panel, roc_panel
from trainer.reporting.display_names import SENSES
from trainer.reporting.losses import losses_panel
from trainer.reporting.model_card import card_panel
from trainer.reporting.network_panels import codes_panel, mirrors_panel
from trainer.reporting.run_results import RunResults
from trainer.reporting.scatter_panels import joints_panel
from trainer.reporting.synthesis_panels import downstream_panel, resemblance_panel
from trainer.reporting.timelines import timelines_panel
from trainer.reporting.without_gas import withheld_panel
from trainer.statistics.run_statistics import PORTRAIT
from trainer.statistics.samples import BinnedSamples

REAL = "real"
MADE = {OURS["vae"]: BLUE, OURS["ae"]: ORANGE, OURS["mixture"]: GREEN}
_NETWORKS = ("scorer", "generator")
_NOISES = ("auto", ".1", ".5", "1")
_MOST_PAIRS = 3


def run_panels(subject: RunResults) -> Iterator[Panel]:
    """Yield the panels of a run."""
    yield losses_panel(subject.losses)
    yield from _portrait(subject)
    yield from _detection(subject)
    yield from _synthesis(subject)
    if subject.detection is not None or subject.synthesis is not None:
        yield _goals(subject)
    yield card_panel(subject.run)


def _portrait(subject: RunResults) -> Iterator[Panel]:
    portrait = subject.portrait
    if portrait is None:
        yield Panel(
            key="portrait",
            title="Reconstruction, latent space, generated rows",
            says="What the networks give back, their codes, and how like real rows the generated ones are.",
            missing=subject.missing[PORTRAIT],
        )
        return
    insides = {name: portrait.networks[name] for name in _NETWORKS if name in portrait.networks}
    for name, inside in insides.items():
        yield mirrors_panel(name, inside)
    for name, inside in insides.items():
        yield codes_panel(name, inside)
    yield sample_densities_panel(
        portrait.rows,
        {"train": INK, "test": VERMILLION, "generated": BLUE},
        key="generated",
        title="Generated rows: densities",
        says="Generated rows should lie on the training rows; test rows lie beside these where other blocks of time "
        "saw other weather.",
    )
    yield sample_correlations_panel(
        portrait.rows,
        "train",
        ("generated", "test"),
        key="generated-correlations",
        title="Generated rows: correlations",
        says="Below, what is wrong: of the generated rows it should be nothing; of test rows it is what another time "
        "makes of it.",
    )
    if portrait.rows.pairs:
        yield joints_panel(
            portrait.rows,
            "train",
            (("generated", "generated"), ("test", "test")),
            portrait.rows.pairs[:_MOST_PAIRS],
            key="generated-scatters",
            title="Generated rows: scatters",
            says="Grey is where training rows are, orange what lies beyond: generated rows should fill the grey and "
            "stay within.",
        )


def _detection(subject: RunResults) -> Iterator[Panel]:
    detection = subject.detection
    if detection is None:
        yield Panel(
            key="detection",
            title="Detection",
            says="What the scores find in held-out blocks, at which price, and what the sensors say of a gas that is "
            "withheld.",
            missing=subject.missing[DETECTION],
        )
        return
    drawn = (
        timelines_panel(detection.folds, subject.run.station.gas),
        roc_panel(detection),
        rates_panel(detection),
        families_panel(detection),
        withheld_panel(detection),
    )
    yield from (panel for panel in drawn if panel is not None)


def _synthesis(subject: RunResults) -> Iterator[Panel]:
    synthesis = subject.synthesis
    if synthesis is None:
        yield Panel(
            key="synthesis",
            title="Synthesis",
            says="Real rows beside those of our networks, the published ones, a mixture and copies, and what they are "
            "good for.",
            missing=subject.missing[SYNTHESIS],
        )
        return
    if synthesis.gallery is not None:
        yield from _gallery(synthesis.gallery)
    yield resemblance_panel(synthesis)
    downstream = downstream_panel(synthesis)
    if downstream is not None:
        yield downstream


def _gallery(gallery: BinnedSamples) -> Iterator[Panel]:
    made = [name for name in (*MADE, *PUBLISHED.values()) if name in gallery.samples]
    yield sample_densities_panel(
        gallery,
        {REAL: INK, **MADE, PUBLISHED["ae"]: VERMILLION},
        key="densities",
        title="Real, AE, VAE and mixture: densities",
        says="The nearer a line is to the grey area, the more a column looks like the real one.",
    )
    yield sample_correlations_panel(
        gallery,
        REAL,
        made,
        key="correlations",
        title="Real, AE, VAE and mixture: correlations",
        says="Below, what is wrong: the paler, the better; the largest error sets the scale.",
    )
    for name in (*MADE, *PUBLISHED.values()):
        noises = [(f"{name}, noise {noise}", f"noise {noise}") for noise in _NOISES]
        noises = [(sample, heading) for sample, heading in noises if sample in gallery.samples]
        if noises and gallery.pairs:
            yield joints_panel(
                gallery,
                REAL,
                noises,
                gallery.pairs[:_MOST_PAIRS],
                key=f"noise-{_slug(name)}",
                title=f"Drawn around training rows: {name}",
                says="Grey is where real rows are, orange what lies beyond, the more the noisier the codes.",
            )


def _goals(subject: RunResults) -> Panel:
    found = {
        "detection": () if subject.detection is None else goals(subject.detection),
        "synthesis": () if subject.synthesis is None else synthesis_goals(subject.synthesis),
    }
    every = [goal for several in found.values() for goal in several]
    met = sum(goal.met for goal in every)
    return Panel(
        key="goals",
        title="Every goal",
        says=f"{met} of {len(every)} are reached; they were set on the reference record.",
        tables=[
            HtmlTable(("number", "got", "wanted", "verdict"), [_held(goal) for goal in several], f"The least of {part}")
            for part, several in found.items()
            if several
        ],
        wide=True,
    )


def _held(goal: Goal) -> tuple[str, float, str, str]:
    wanted = f"{SENSES[goal.sense]} {goal.wanted:g}"
    return goal.name.strip(), float(f"{goal.got:.4g}"), wanted, "pass" if goal.met else "short"


def _slug(name: str) -> str:
    return "-".join("".join(letter if letter.isalnum() else " " for letter in name.lower()).split())
