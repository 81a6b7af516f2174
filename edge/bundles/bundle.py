"""Opens and verifies a bundle: everything that the trainer hands to the gateway."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from config.gas_units import PPB_PER_UNIT
from config.settings.station import Station
from edge.arrays import Arrays
from edge.bundles.archive import BundleContents, read_bundle, unpack
from edge.bundles.golden import GOLDEN_ROWS, RUN_IN, TOLERANCE, golden_differences
from edge.bundles.graph_check import rows_at_a_time
from edge.bundles.manifest import SCORER, SCORER_ABSENT, Manifest
from edge.bundles.number_arrays import read_number_arrays
from edge.bundles.scoring_tables import from_arrays, subtree
from edge.drift.drift_reference import DriftReference
from edge.errors import BundleError
from edge.models.generator import Generator, unpack_roots
from edge.models.runtime import OnnxGraph
from edge.models.scaler import Scaler
from edge.models.scoring_model import ScoringModel
from edge.models.usual_enhancement import usual_enhancement

_OLD_ENHANCEMENT = 1000.0  # [ppb]


class Bundle:
    """An intact bundle; see :meth:`open`.

    Attributes
    ----------
    path
        Path from which it was opened, for messages.
    id
        First twelve hexadecimal digits of its digest.
    manifest
        The manifest.
    tables
        Arrays of ``tables.npz``. Under ``generator/`` there are the ``weights`` [K], ``means`` [K, L] and ``triangles``
        [K, L(L + 1) / 2] of its mixture (:func:`edge.models.generator.pack_roots`), ``latent_std`` [L], ``low`` and
        ``high`` [F]; under ``scorer/`` and ``scorer-absent/`` those of :mod:`edge.bundles.scoring_tables`; with a gas
        column, ``background_ppb`` [1] and ``enhancement`` [1], both in the unit of the column.
    """

    def __init__(self, path: str, contents: BundleContents) -> None:
        self.path = path
        self.id = contents.digest[:12]
        self.manifest: Manifest = contents.manifest
        self._members = contents.members
        self.tables = self._arrays("tables.npz")
        try:
            self._models = {name: self._restore(name) for name in self.manifest.scorers}
            self._drifts = {name: self._restore_drift(name) for name in self.manifest.scorers}
            self._check_shapes()
        except (KeyError, ValueError, TypeError, IndexError, ArithmeticError) as error:
            raise BundleError(f"{path}: tables.npz or golden.npz: got {error}; fix: export the bundle again") from error
        self._rows = self._check_graphs()

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Bundle:
        """Open a bundle; :meth:`verify` then runs its golden rows.

        Raises
        ------
        BundleError
            The file is missing, no bundle, damaged (the error names the member and both hashes), or of another format.
        """
        return cls.load(read_bundle(path), str(path))

    @classmethod
    def load(cls, data: bytes, path: str) -> Bundle:
        """Open a bundle from its bytes; raises like :meth:`open`."""
        return cls(path, unpack(data, path))

    @property
    def station(self) -> Station:
        """The trained station."""
        return self.manifest.station

    @property
    def scaler(self) -> Scaler:
        """The scaler in whose space differences between readings are measured."""
        return self.manifest.scaler

    @property
    def background(self) -> float:
        """Background of the gas column in training [its unit]."""
        return float(self.tables["background_ppb"][0])

    @property
    def enhancement(self) -> float:
        """Level above the background at which the gas exceeds unless a gateway says otherwise [unit of its column]."""
        if "enhancement" in self.tables:
            return float(self.tables["enhancement"][0])
        # An older bundle, whose gateways used 1000 ppb.
        assert self.station.gas_index is not None
        ppb = PPB_PER_UNIT.get(self.station.units[self.station.gas_index])
        return usual_enhancement(self.background) if ppb is None else _OLD_ENHANCEMENT / ppb

    def no_onset(self, absent: bool = False) -> str | None:
        """Return why plumes are not found from the sensors alone; ``None``: they are.

        Parameters
        ----------
        absent
            Whether the stations do not send the gas column.
        """
        spec = self.manifest.scorers[SCORER_ABSENT if absent and self.station.gas is not None else SCORER]
        if spec.responsive:
            return spec.onset_refused
        return next((note for note in spec.notes if note.startswith("no virtual gas")), "no sensor responds to the gas")

    @property
    def golden(self) -> Arrays:
        """Arrays of ``golden.npz``, see :mod:`edge.bundles.golden`; read anew each time, as a start needs them once."""
        return self._arrays("golden.npz")

    @cached_property
    def encoder(self) -> OnnxGraph:
        """``readings`` [N, F] -> ``mean`` [N, L], and ``log_variance`` [N, L] of a VAE."""
        return self._graph("encoder.onnx")

    @cached_property
    def decoder(self) -> OnnxGraph:
        """``latent`` [N, L], ``noise`` [N, F] -> ``readings`` [N, F] in the station's units."""
        return self._graph("decoder.onnx")

    @cached_property
    def generator(self) -> Generator:
        """The generator of synthetic rows (BundleError without ONNX Runtime)."""
        tables, spec = subtree(self.tables, "generator"), self.manifest.generator
        return Generator(
            station=self.station,
            kind=spec.kind,
            encoder=self.encoder,
            decoder=self.decoder,
            weights=tables["weights"],
            means=tables["means"],
            roots=unpack_roots(tables["triangles"], spec.latent_size(self.station.size)),
            latent_std=tables["latent_std"],
            regimes=spec.regimes,
            low=tables["low"],
            high=tables["high"],
            digits=spec.digits,
        )

    def scoring(self, absent: bool = False) -> ScoringModel:
        """Return the scoring model.

        Parameters
        ----------
        absent
            Whether it is for stations that do not send the gas column.

        Raises
        ------
        BundleError
            There is no gas column that could be absent, or ONNX Runtime is not installed.
        """
        name = SCORER_ABSENT if absent else SCORER
        if name not in self._models:
            raise BundleError(f"{self.path}: got no gas column, expected one that may be absent; fix: leave absent out")
        model = self._models[name]
        if isinstance(model.network, _UnloadedNetwork):
            model = self._models[name] = replace(model, network=self._graph(f"{name}.onnx"))
        return model

    def drift(self, absent: bool = False) -> DriftReference | None:
        """Return what drifts are measured against; ``None`` in older bundles, and in those of short records.

        Parameters
        ----------
        absent
            Whether the stations do not send the gas column.
        """
        return self._drifts[SCORER_ABSENT if absent else SCORER]

    def verify(self) -> float:
        """Run the golden rows through the graphs and the scoring models.

        Returns
        -------
        float
            The largest difference, in scaled units.

        Raises
        ------
        BundleError
            ONNX Runtime is missing, or an output is not reproduced on this machine.
        """
        try:
            with np.errstate(all="ignore"):  # whatever is not finite is a difference
                found = golden_differences(
                    self.golden,
                    encoder=self.encoder,
                    decoder=self.decoder,
                    scaler=self.scaler,
                    scorers={name: self.scoring(name == SCORER_ABSENT) for name in self._models},
                )
        except KeyError as error:
            raise BundleError(f"{self.path}: golden.npz: got no {error}; fix: export the bundle again") from error
        except (ValueError, TypeError, IndexError, ArithmeticError) as error:
            what = "tables or golden rows that nothing can be computed with"
            raise BundleError(f"{self.path}: got {what} ({error}); fix: export the bundle again") from error
        for graph in (self.encoder, self.decoder):
            graph.release()  # most gateways never synthesise, and a gateway may have hundreds of bundles
        for member, worst in found.items():
            if not worst <= TOLERANCE:
                raise BundleError(
                    f"{self.path}: {member}: got golden rows that differ by {worst:.1e}, expected at most "
                    f"{TOLERANCE:.0e}; fix: export the bundle again, or install another version of onnxruntime"
                )
        return max(found.values())

    def _restore(self, name: str) -> ScoringModel:
        return from_arrays(self.manifest.scorers[name], self.station, subtree(self.tables, name), _UnloadedNetwork())

    def _restore_drift(self, name: str) -> DriftReference | None:
        arrays, size = subtree(self.tables, f"{name}/drift"), len(self.manifest.scorers[name].keys) + 1
        if not arrays:
            return None
        found = DriftReference.from_arrays(arrays)
        if found.size != size:
            raise ValueError(f"{name}/drift: got {found.size} quantities, expected {size}")
        return found

    def _graph(self, name: str) -> OnnxGraph:
        return OnnxGraph(self._members[name], f"{self.path}: {name}", self._rows[name])

    def _check_graphs(self) -> dict[str, int]:
        """Judge every graph before any of it is computed; return how many rows may go through each at a time."""
        size, spec = self.station.size, self.manifest.generator
        latent = spec.latent_size(size)
        codes = ("mean", "log_variance") if spec.kind == "vae" else ("mean",)
        ends: dict[str, tuple[dict[str, int], dict[str, int | None]]] = {
            "encoder.onnx": ({"readings": size}, dict.fromkeys(codes, latent)),
            "decoder.onnx": ({"latent": latent, "noise": size}, {"readings": size}),
        }
        for name, model in self._models.items():
            count = len(model.keys)
            outputs = {"residuals": count, "contributions": count, "error": None}
            ends[f"{name}.onnx"] = ({"features": count}, outputs)
        rows = {}
        for name, (inputs, expected) in ends.items():
            try:
                rows[name] = rows_at_a_time(self._members[name], inputs, expected)
            except ValueError as error:
                fix = "fix: train and export the bundle again, and do not use bundles of strangers"
                raise BundleError(f"{self.path}: {name}: got {error}; {fix}") from error
        return rows

    def _arrays(self, name: str) -> Arrays:
        try:
            return read_number_arrays(self._members[name])
        except ValueError as error:
            raise BundleError(f"{self.path}: {name}: got {error}; fix: export the bundle again") from error

    def _check_shapes(self) -> None:
        features, spec = self.station.size, self.manifest.generator
        latent, count = spec.latent_size(features), spec.components
        expected = {
            "generator/weights": (count,),
            "generator/means": (count, latent),
            "generator/triangles": (count, latent * (latent + 1) // 2),
            "generator/latent_std": (latent,),
            "generator/low": (features,),
            "generator/high": (features,),
        }
        if self.station.gas is not None:
            expected["background_ppb"] = (1,)
            if "enhancement" in self.tables:
                expected["enhancement"] = (1,)
                if not (self.tables["enhancement"] > 0).all():
                    raise ValueError("enhancement: expected a level above 0")
        for name, shape in expected.items():
            if self.tables[name].shape != shape or not np.isfinite(self.tables[name]).all():
                raise ValueError(f"{name}: expected finite numbers of shape {shape}")
        rows = {
            "readings": (RUN_IN + GOLDEN_ROWS, features),
            "latent": (GOLDEN_ROWS, latent),
            "noise": (GOLDEN_ROWS, features),
        }
        golden = self.golden
        for name, shape in rows.items():
            if golden[name].shape != shape:
                raise ValueError(f"golden {name} of shape {golden[name].shape}, expected {shape}")


class _UnloadedNetwork:
    """Stands for a network that is not loaded yet: a bundle can be inspected without ONNX Runtime."""

    def run(self, **inputs: ArrayLike) -> Arrays:
        raise NotImplementedError
