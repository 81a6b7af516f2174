"""Fits the scores on the earlier parts of a record and tests them on the later ones, and the other way round."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TextIO

import numpy as np
from msgspec.structs import replace
from tqdm import tqdm

from config.settings.training import Training
from trainer.data.record import Record
from trainer.data.regimes import chunk_count, regimes
from trainer.errors import TrainingError
from trainer.evaluation.ageing.exceedances import Exceedances, exceedances_of
from trainer.evaluation.ageing.layout import (
    LEAST_LAID_OUT,
    MOST_LAID_OUT,
    AgeingLayout,
    LaidOut,
    lay_out_in_time,
    time_lines,
)
from trainer.evaluation.ageing.results import UNFITTED, AgedStretch, Ageing, AgeingStep
from trainer.evaluation.parallel import run_tasks
from trainer.scoring.false_alarm_rates import REQUESTED
from trainer.scoring.fit_scorer import fit_scorer

ALONE = 5_000
"""Rows up to which one process is faster than several, each of which loads torch."""
_DAY = 86_400.0

Peers = Callable[[Record, AgeingLayout], Mapping[str, Exceedances]]
"""Fits peers on the training rows of a layout and scores all rows of the record."""


def measure_ageing(
    record: Record,
    settings: Training,
    *,
    most: int = MOST_LAID_OUT,
    peers: Peers | None = None,
    processes: int = 1,
    progress: TextIO | None = None,
) -> Ageing:
    """Measure how false alarms grow with the distance from the training, ahead and back.

    The scores are fitted and calibrated as for a bundle, on some of five consecutive parts, and score
    the other parts with that table. Only undisturbed readings count: those that break no rule, hold no missing value
    and come after the warm-up; for the onset, those without a plume. What comes out is a warning, not a forecast: the
    next season may be unlike every part of the record.

    Parameters
    ----------
    record
        Rows of a station.
    settings
        Settings of the training.
    most
        Most rows to use of a long record, see :func:`trainer.evaluation.ageing.layout.lay_out_in_time`.
    peers
        Other detectors to count beside ours; it is pickled if there is more than one process.
    processes
        How many fits run at a time.
    progress
        Where a progress bar is drawn; ``None`` draws none.

    Returns
    -------
    Ageing
        Without steps if the record has fewer than 1,500 rows, which a note says; the note of a step that could not be
        fitted has the reason.
    """
    rows = len(record.values)
    if rows < LEAST_LAID_OUT:
        note = f"too short to lay out from past to future: {rows:,} rows, expected at least {LEAST_LAID_OUT:,}"
        return _ageing(record, used=0, notes=(note,))
    laid = lay_out_in_time(record, settings.ageing_fits, most)
    used = len(laid.record.values)
    tasks = [partial(_attempt, laid, number, settings, peers) for number in range(len(laid.layouts))]
    done: dict[int, AgeingStep | str] = {}
    with tqdm(total=len(tasks), desc="past to future", unit="fit", file=progress, disable=progress is None) as bar:
        for number, step in run_tasks(tasks, 1 if used <= ALONE else processes):
            done[number] = step
            bar.update()
    every = [done[number] for number in range(len(tasks))]
    notes = [step for step in every if isinstance(step, str)]
    if used < rows:
        notes.insert(0, f"laid out by {used:,} of {rows:,} rows: a run from each quarter of each part")
    return _ageing(record, used, tuple(step for step in every if isinstance(step, AgeingStep)), tuple(notes))


def ageing_of_bundle(ageing: Ageing, *, onset: bool) -> Ageing:
    """Return what was measured of the scores that a bundle has: fits on fewer rows may have an onset, or lack it.

    Parameters
    ----------
    ageing
        What was measured.
    onset
        Whether the bundle has an onset score.
    """
    if not onset:
        return ageing.without("onset")
    lacking = [way for way in ageing.directions if not any("onset" in step.counts for step in ageing.steps_of(way))]
    if not lacking:
        return ageing
    return replace(
        ageing,
        notes=(*ageing.notes, f"onset: not judged {' or '.join(lacking)}, where fits on fewer rows have no such score"),
    )


def _ageing(record: Record, used: int, steps: tuple[AgeingStep, ...] = (), notes: tuple[str, ...] = ()) -> Ageing:
    days = None
    stamps = np.zeros(0) if record.time is None else record.time[np.isfinite(record.time)]
    if len(stamps):
        days = float(stamps.max() - stamps.min()) / _DAY
    elif record.station.cadence is not None:
        longest = max(map(len, time_lines(record))) / len(record.values)
        days = longest * record.sent * record.station.cadence / _DAY
    return Ageing(
        rows=len(record.values),
        used=used,
        requested=REQUESTED,
        days=days,
        stamped=len(stamps) > 0,
        regimes=max(
            len(regimes(Record.from_values(record.values[start:end], record.station))) for start, end in record.parts
        ),
        steps=steps,
        notes=notes,
    )


def _attempt(laid: LaidOut, number: int, settings: Training, peers: Peers | None) -> AgeingStep | str:
    """Return a step, or a sentence with the reason why it could not be fitted."""
    layout = laid.layouts[number]
    try:
        return measure_step(laid.record, layout, settings, peers)
    except TrainingError as error:
        side = "first" if layout.direction == "ahead" else "last"
        return f"{UNFITTED} from the {side} {layout.trained} of 5 parts: {error}"


def measure_step(record: Record, layout: AgeingLayout, settings: Training, peers: Peers | None = None) -> AgeingStep:
    """Fit one layout and count what exceeds on the parts that it did not see.

    Raises
    ------
    TrainingError
        The scores cannot be fitted on its training rows.
    """
    train = Record.from_values(record.values[layout.train], record.station)
    fitted = fit_scorer(
        record,
        layout.train,
        settings,
        kind="vae" if settings.model == "vae" else "ae",
        folds=chunk_count(train, settings),
    )
    found = exceedances_of(fitted.model, record)
    if peers is not None:
        found |= peers(record, layout)
    return AgeingStep(
        direction=layout.direction,
        trained=layout.trained,
        rows=len(layout.train),
        stretches=tuple(
            AgedStretch(quarter.part, round(quarter.age), None if quarter.days is None else round(quarter.days, 4))
            for quarter in layout.tested
        ),
        counts={
            name: tuple(of.count(quarter.rows) for quarter in layout.tested)
            for name, of in found.items()
            if len(of.counted(layout.tested_rows))
        },
        windows={name: most for name, of in found.items() if (most := of.most_in_window(layout.tested_rows))},
        following={name: followed for name, of in found.items() if (followed := of.following(layout.tested_rows))},
    )
