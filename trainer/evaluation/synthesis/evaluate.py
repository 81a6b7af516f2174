"""Measures how good synthetic rows are, and what for, beside other synthesisers and plain copies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TextIO

from config.settings.training import Training
from trainer.data.record import Record
from trainer.evaluation.parallel import run_tasks
from trainer.evaluation.synthesis.augmentation import SETS, scarce, tstr
from trainer.evaluation.synthesis.detection import augmented_detection
from trainer.evaluation.synthesis.resemblance import resemblance
from trainer.evaluation.synthesis.results import (
    OURS,
    REAL,
    Detection,
    Resemblance,
    Scarce,
    SynthesisEvaluation,
    TrainSyntheticTestReal,
)
from trainer.evaluation.synthesis.sample_gallery import NAMES, sample_gallery
from trainer.evaluation.synthesis.synthesisers import Fit, networks, ours, synthesisers
from trainer.statistics.samples import BinnedSamples

SEEDS = 3
DRAWS = 4

Result = Resemblance | TrainSyntheticTestReal | Scarce | Detection | BinnedSamples


def evaluate_synthesis(
    records: Sequence[Record],
    settings: Training,
    *,
    quick: bool = False,
    pictures: bool = False,
    shipped: Fit | None = None,
    seeds: int = SEEDS,
    processes: int = 1,
    progress: TextIO | None = None,
) -> SynthesisEvaluation:
    """Measure synthesisers on every record.

    The synthesiser that the settings describe is trained with several seeds and drawn from four times each; those that
    it is compared with are trained and drawn from once.

    Parameters
    ----------
    records
        One per file, all of one kind of station; each is fitted and tested on its own.
    settings
        Settings of our synthesiser.
    quick
        Use one seed, one draw, one set of test blocks, and fewer synthesisers to compare with.
    pictures
        Also keep what figures of the first record need: :attr:`SynthesisEvaluation.gallery`.
    shipped
        Fits ours with the first seed, where its rows are compared with real ones and regressed on; ``None``: this
        process does, as for the other seeds. A benchmark passes the commands that a user runs.
    seeds
        With how many seeds ours is trained, unless ``quick``.
    processes
        How many synthesisers are measured at a time.
    progress
        Gets a line for every synthesiser that is done; ``None`` reports nothing.

    Raises
    ------
    TrainingError
        A record is too short, or a column is constant on the training rows of a split.
    """
    records = [record.complete for record in records]  # a synthesiser has no memory
    tasks = [task for record in records for task in _tasks(record, settings, seeds, quick=quick)]
    judged = OURS[ours(settings)]
    if shipped is not None:
        tasks = [
            replace(task, shipped=shipped) if (task.name, task.seed) == (judged, settings.seed) else task
            for task in tasks
        ]
    if pictures:
        tasks = [_Task("gallery", records[0], name, settings.seed, 1, settings, quick) for name in NAMES] + tasks
    done: dict[int, Sequence[Result]] = {}
    for number, results in run_tasks([task.run for task in tasks], processes):
        done[number] = results
        if progress is not None:
            progress.write(f"{len(done)} of {len(tasks)}: {tasks[number]}\n")
    found = [result for number in range(len(tasks)) for result in done[number]]
    return SynthesisEvaluation(
        judged=judged,
        synthesisers=(*synthesisers(settings, quick=quick), REAL),
        resemblances=tuple(one for one in found if isinstance(one, Resemblance)),
        tstr_blocks=tuple(one for one in found if isinstance(one, TrainSyntheticTestReal)),
        scarce=tuple(one for one in found if isinstance(one, Scarce)),
        detections=tuple(one for one in found if isinstance(one, Detection)),
        gallery=_together([one for one in found if isinstance(one, BinnedSamples)]),
        quick=quick,
    )


@dataclass(frozen=True)
class _Task:
    """One synthesiser, trained with one seed on one record, and what to measure."""

    what: Literal["gallery", "resemblance", "tstr", "scarce"]
    record: Record
    name: str
    seed: int
    draws: int
    settings: Training
    quick: bool
    shipped: Fit | None = None

    def __str__(self) -> str:
        return f"{', '.join(self.record.files) or self.record.station.name}, {self.what} of {self.name}"

    def run(self) -> Sequence[Result]:
        if self.what == "gallery":
            every = networks(self.settings, quick=self.quick)
            return [sample_gallery(self.record, self.name, every[self.name], seed=self.seed)]
        make = None if self.name == REAL else synthesisers(self.settings, quick=self.quick)[self.name]
        if self.what == "resemblance":
            return [resemblance(self.record, self.name, make, shipped=self.shipped, seed=self.seed, draws=self.draws)]
        assert make is not None
        if self.what == "tstr":
            return [tstr(self.record, self.name, self.shipped or make, seed=self.seed, draws=self.draws)]
        found: list[Result] = []
        for one, split, fitted, added in scarce(
            self.record, self.name, make, seed=self.seed, sets=1 if self.quick else SETS
        ):
            found.append(one)
            if self.name == OURS[ours(self.settings)]:
                auroc = augmented_detection(self.record, split, added, fitted, self.settings, seed=self.seed)
                found.append(Detection(station=one.station, seed=self.seed, blocks=one.blocks, auroc=auroc))
        return found


def _tasks(record: Record, settings: Training, seeds: int, *, quick: bool) -> Iterator[_Task]:
    """Yield the tasks, the longest first."""
    for name in (*synthesisers(settings, quick=quick), REAL):
        often = name == OURS[ours(settings)] and not quick
        for seed in range(settings.seed, settings.seed + (seeds if often else 1)):
            task = _Task("resemblance", record, name, seed, DRAWS if often else 1, settings, quick)
            yield task
            if name != REAL and record.station.gas is not None:
                yield replace(task, what="tstr")
                yield replace(task, what="scarce")


def _together(galleries: Sequence[BinnedSamples]) -> BinnedSamples | None:
    """Merge galleries of the same record into one."""
    if not galleries:
        return None
    samples = {name: sample for gallery in galleries for name, sample in gallery.samples.items()}
    return BinnedSamples(axes=galleries[0].axes, pairs=galleries[0].pairs, samples=samples)
