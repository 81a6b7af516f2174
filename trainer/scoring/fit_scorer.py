"""Fits the models that score readings, and calibrates them on rows that they were not fitted on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TextIO

import msgspec
import numpy as np
from torch import Tensor

from config.settings.station import Station
from config.settings.training import Training
from edge.arrays import Floats, Indices, Mask
from edge.bundles.manifest import NetworkSpec, ScoringSpec
from edge.drift.drift_reference import DriftReference
from edge.models.consistency import COMPONENTS, combine_components
from edge.models.scores import Scores
from edge.models.scoring_model import ScoringModel
from edge.models.windows import Windows
from trainer.data.phase import phase
from trainer.data.record import Record
from trainer.data.scaler import fit_scaler
from trainer.data.splits import chunks, pieces, spans, widen_chunks
from trainer.errors import TrainingError
from trainer.networks.autoencoder import describe_network, reconstruction_residuals, seeded_autoencoder
from trainer.networks.history import History
from trainer.networks.training import fit_autoencoder
from trainer.scoring.consistency import find_slow, fit_consistency
from trainer.scoring.drift import fit_drift, wandering
from trainer.scoring.fit_gas import fit_gas
from trainer.scoring.measure import compute_past, measure
from trainer.scoring.onset import OnsetCalibration
from trainer.scoring.p_values import p_value_table
from trainer.scoring.reconstruction import WhitenedReconstruction, whitening
from trainer.scoring.record_windows import record_windows

_EPOCHS = 2  # divides the epochs: the second half improves no score, and many networks are fitted
_BLOCK, _EVERY = 250, 6  # rows of a block, and every which block decides when to stop


@dataclass(frozen=True)
class FittedScorer:
    """Result of :func:`fit_scorer`.

    Parameters
    ----------
    model
        Scoring model with its tables; its network runs in torch.
    spec
        Description of the model, as the manifest holds it.
    history
        Training history of its network.
    weights
        Weights of the network.
    whitening
        Whitening of its residuals, [F, F].
    folds
        Weights of the networks that made the tables, fold by fold.
    measured_by
        The folds' models, each with the numbers of the rows that it measured for the tables.
    onset
        How the onset stood the test; its table is in the model only if it was not refused.
    drift
        What drifts are measured against; ``None``: the record is too short for it.
    """

    model: ScoringModel
    spec: ScoringSpec
    history: History
    weights: dict[str, Tensor]
    whitening: Floats
    folds: tuple[dict[str, Tensor], ...]
    measured_by: tuple[tuple[ScoringModel, Indices], ...]
    onset: OnsetCalibration
    drift: DriftReference | None

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences about what the record did not allow to be fitted."""
        return self.spec.notes


def fit_scorer(
    record: Record,
    rows: Indices,
    settings: Training,
    *,
    absent: bool = False,
    kind: Literal["ae", "vae"] = "ae",
    folds: int,
    onset_folds: int | None = None,
    earlier: FittedScorer | None = None,
    progress: TextIO | None = None,
) -> FittedScorer:
    """Fit the scores on rows of a record, and their p-value tables out of fold (blocked cross-conformal).

    For each of ``folds`` contiguous chunks everything is fitted on the others and measured on it, so that p-values
    apply to unseen time. The sum of the consistency's components has a table of its own. The onset is calibrated on
    rows without a plume, and refused if it does not stand the test: :func:`trainer.scoring.onset.calibrate_onset`.

    Parameters
    ----------
    record
        Rows of a station.
    rows
        Row numbers to fit on and to calibrate with, of the record for this model
        (:attr:`trainer.data.record.Record.without_gas` if ``absent``); no memory is carried from a span of consecutive
        rows to the next. Rows with a held cell are part of the memory only.
    settings
        Network and scaler. ``scaler: standard`` is the published form: the network reads z-scores of the levels, its
        residuals are not whitened, and nothing is recentred for it.
    absent
        Leave the gas column out, for stations that do not send it.
    kind
        Autoencoder or variational autoencoder.
    folds
        Number of chunks, about as many as the record has regimes.
    onset_folds
        Number of chunks for the onset alone, which needs no network; ``None``: the same chunks.
    earlier
        The same scores fitted on fewer of these rows. The models of its folds make the tables here as well: each has
        seen no row of its whole chunk. That is as honest as to fit the folds again, at a fraction of the time.
    progress
        Where progress bars are drawn; ``None`` draws none.

    Raises
    ------
    TrainingError
        Too few rows or too short spans, a column that is constant on the rows of a fold, no gas column to leave out,
        and as :func:`trainer.networks.training.fit`.
    """
    station = record.station
    if absent and station.gas_index is None:
        raise TrainingError(f"{station.name}: got no gas column, expected one to leave out")
    columns = tuple(i for i in range(station.size) if not (absent and i == station.gas_index))
    label = f"without {station.gas}" if absent else "scorer"
    published = settings.scaler == "standard"
    # With as many latents as columns, the network could copy its input.
    latent = None if published else max(1, min(settings.latent, len(columns) - 1))
    network = describe_network(kind, settings, latent=latent)
    rows = np.sort(rows)
    fitting = _Fitting(
        record=record,
        columns=columns,
        slow=find_slow(
            [record.values[span][:, columns] for span in spans(record, rows)], record.held[rows][:, columns]
        ),
        settings=settings,
        windows=record_windows(record),
        network=network,
        progress=progress,
    )
    measured_by, weights = [], []
    if earlier is None:
        for k, part in enumerate(chunks(record, folds, rows), 1):
            others = np.setdiff1d(rows, part)
            with phase(f"{label} {k}/{folds}: memories", 2 * len(others), progress):
                model, fitted, _ = fitting.fit(others, f"{label} {k}/{folds}")
            measured_by.append((model, part))
            weights.append(fitted.module.state_dict())
    else:
        wider = widen_chunks(record, [part for _, part in earlier.measured_by], rows)
        measured_by = [(model, part) for (model, _), part in zip(earlier.measured_by, wider, strict=True)]
        weights, label = list(earlier.folds), f"{label}, all rows"
    parts = [part for _, part in measured_by]
    with phase(f"{label}: tables", len(rows), progress):
        measured = [_measure_intact(model, record, part) for model, part in measured_by]
    with phase(f"{label}: memories", 2 * len(rows), progress):
        model, fitted, history = fitting.fit(rows, label)

    components = np.concatenate([one.components for one in measured])
    tables = {name: p_value_table(column) for name, column in zip(COMPONENTS, components.T, strict=False)}
    total = combine_components(components, [tables[name] for name in COMPONENTS])
    tables["consistency"] = p_value_table(total)
    tables["reconstruction"] = p_value_table(np.concatenate([one.error for one in measured]))
    virtual, onset = fit_gas(record, rows, model, parts if onset_folds is None else chunks(record, onset_folds, rows))
    model = replace(model, virtual=virtual.virtual)
    if onset.refused is None and onset.table is not None:
        tables["onset"] = onset.table
    notes = (virtual.note, None if virtual.virtual is None or onset.refused is None else f"no onset: {onset.refused}")
    return FittedScorer(
        model=replace(model, tables=tables),
        spec=ScoringSpec(
            keys=model.keys,
            network=network,
            scaler=model.scaler,
            raw=model.raw,
            **msgspec.structs.asdict(model.windows),
            chunks=folds,
            rows=int(record.intact[rows].sum()),
            responsive=() if virtual.virtual is None else virtual.virtual.responsive,
            domain=dict(model.domain),
            notes=tuple(note for note in notes if note is not None),
            onset_refused=None if virtual.virtual is None else onset.refused,
        ),
        history=history,
        weights=fitted.module.state_dict(),
        whitening=fitted.whitening,
        folds=tuple(weights),
        measured_by=tuple(measured_by),
        onset=onset,
        drift=fit_drift([wandering(*one, record, scores) for one, scores in zip(measured_by, measured, strict=True)]),
    )


def _measure_intact(model: ScoringModel, record: Record, rows: Indices) -> Scores:
    """Return the raw scores of the rows without a held cell, in order."""
    scores = measure(model, record, rows, calibrated=False)
    intact = record.intact[np.sort(rows)]
    return scores if intact.all() else Scores(*(field[intact] for field in scores))


@dataclass(frozen=True)
class _Fitting:
    """What all folds share."""

    record: Record
    columns: tuple[int, ...]
    slow: Mask
    settings: Training
    windows: Windows
    network: NetworkSpec
    progress: TextIO | None

    def fit(self, rows: Indices, label: str) -> tuple[ScoringModel, WhitenedReconstruction, History]:
        """Fit everything but the tables and the virtual gas on rows of the record."""
        station = _part(self.record.station, self.columns)
        rows = np.sort(rows)
        memories = [[np.searchsorted(rows, piece) for piece in span] for span in pieces(self.record, rows)]
        values, held = self.record.values[rows][:, self.columns], self.record.held[rows][:, self.columns]
        intact = ~held.any(axis=1)
        scaler = fit_scaler(values, station, "log", held)
        scaled = scaler.forward(values)
        segments = np.split(scaled, [span[0][0] for span in memories][1:])
        consistency = fit_consistency(segments, self.windows, self.slow, held=held, memories=memories)
        if self.settings.scaler == "standard":
            raw = fit_scaler(values, station, "standard", held)
            spread = np.ones(len(self.columns))
            seen = raw.forward(values[intact])
        else:
            raw = None
            past = compute_past(scaled, scaled @ consistency.conditional, memories, self.windows)
            distance = scaled - past.baseline @ consistency.inverse
            distance = distance[np.isfinite(distance).all(axis=1) & intact]
            spread = distance.std(axis=0)
            seen = distance / spread
        network, history = self._reconstruct(seen, label)
        model = ScoringModel(
            keys=station.keys,
            columns=self.columns,
            scaler=scaler,
            windows=self.windows,
            consistency=consistency,
            network=network,
            raw=raw,
            spread=spread,
            tables={},
            virtual=None,
            domain={
                feature.key: (float(column[~gone].min()), float(column[~gone].max()))
                for feature, column, gone in zip(station.features, values.T, held.T, strict=True)
                if feature.role != "sensor"
            },
        )
        return model, network, history

    def _reconstruct(self, seen: Floats, label: str) -> tuple[WhitenedReconstruction, History]:
        """Train the network on its features [N, F]; every sixth block of rows decides when to stop."""
        size = len(self.columns)
        block = np.arange(len(seen)) // max(1, min(_BLOCK, len(seen) // _EVERY))
        stop = block % _EVERY == _EVERY - 1
        published = self.settings.scaler == "standard"
        epochs = self.settings.epochs if published else -(-self.settings.epochs // _EPOCHS)
        module = seeded_autoencoder(self.network, size, self.settings.seed)
        history = fit_autoencoder(
            module,
            seen[~stop].astype(np.float32),
            seen[stop].astype(np.float32),
            msgspec.structs.replace(self.settings, epochs=epochs),
            seed=self.settings.seed,
            progress=self.progress,
            label=label,
        )
        if published:
            # The error is then the mean of squares.
            return WhitenedReconstruction(module, np.eye(size) / np.sqrt(size)), history
        return WhitenedReconstruction(module, whitening(reconstruction_residuals(module, seen))), history


def _part(station: Station, columns: Sequence[int]) -> Station:
    """Return the station with these columns only."""
    return msgspec.structs.replace(station, features=tuple(station.features[i] for i in columns))
