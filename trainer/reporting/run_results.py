"""A run and what was measured of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from trainer.errors import TrainingError
from trainer.evaluation.ageing.results import Ageing
from trainer.evaluation.detection.results import DETECTION, Evaluation
from trainer.evaluation.synthesis.results import SYNTHESIS, SynthesisEvaluation
from trainer.run import Run
from trainer.statistics.run_statistics import STATISTICS, RunStatistics

T = TypeVar("T")


@dataclass(frozen=True)
class RunResults:
    """A run with everything that a report shows of it.

    Parameters
    ----------
    name
        Name of the run's folder.
    run
        The run.
    losses
        Contents of ``losses.json``.
    statistics, detection, synthesis
        What ``train`` and ``evaluate`` left in the folder for figures; ``None``: see ``missing``.
    missing
        File -> why it cannot be shown, with the command that makes it.
    """

    name: str
    run: Run
    losses: dict[str, Any]
    statistics: RunStatistics | None
    detection: Evaluation | None
    synthesis: SynthesisEvaluation | None
    missing: dict[str, str]

    @classmethod
    def open(cls, folder: str | os.PathLike[str]) -> RunResults:
        """Open a run folder.

        Raises
        ------
        TrainingError
            ``folder`` is no run folder, or one of the files that every run has is damaged.
        ConfigError
            Its station or settings file is wrong.
        """
        folder = Path(folder)
        run = Run.open(folder)
        missing: dict[str, str] = {}

        def read_file(name: str, read: Callable[[Path], T | None], command: str) -> T | None:
            try:
                value = read(folder)
            except TrainingError as error:
                missing[name] = str(error)
                return None
            if value is None:
                missing[name] = f"{folder / name} is not there yet; fix: {command}"
            return value

        files = " ".join(run.data.files)
        return cls(
            name=folder.resolve().name,
            run=run,
            losses=run.losses,
            statistics=read_file(
                STATISTICS, RunStatistics.read, f"davylamp train {files} --station STATION.yaml -o {folder}"
            ),
            detection=read_file(DETECTION, Evaluation.read, f"davylamp evaluate {files} --run {folder}"),
            synthesis=read_file(
                SYNTHESIS, SynthesisEvaluation.read, f"davylamp evaluate {files} --run {folder} --synthesis"
            ),
            missing=missing,
        )

    @property
    def ageing(self) -> Ageing | None:
        """False alarms by age; ``None``: an earlier davylamp trained the run."""
        return Ageing.read(self.run.metrics)

    def renamed(self, name: str) -> RunResults:
        """Return the same under another name."""
        return replace(self, name=name)
