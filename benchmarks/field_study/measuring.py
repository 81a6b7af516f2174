"""Measures one split of one record: the shipped commands and the peers, on the same rows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from msgspec.structs import replace

from config.settings.station import Station
from edge.arrays import Floats, Mask
from field_study.budgets import budget
from field_study.field_onsets import Onsets, field_onsets
from field_study.field_peers import FieldPeer, fit_field_peers, follow
from field_study.field_record import FieldRecord, hold
from field_study.floored_rule import follow_floored
from field_study.lone_faults import LENGTHS, LoneFaults, found_in_time, lone_faults
from field_study.shipped import ShippedCommands
from field_study.splits import FieldSplit
from trainer.evaluation.detection.faults import Faulted, cases, inject_faults
from trainer.evaluation.detection.roc import auroc

REQUESTED = (0.01, 0.001)
OURS = ("consistency", "reconstruction")
MODES = {"fixed": False, "following": True}
FLOORED = "following by the rule of 0.2"
"""Mode in which the same scores are judged by the thresholds of version 0.2."""
_KNOWN = "known"  # in the place of a mode: which rows have a score


@dataclass(frozen=True)
class Effort:
    """How much is measured.

    Parameters
    ----------
    copies
        Copies of the rows with lone faults, per length.
    epochs
        Most epochs of the published peers; ``None``: as published.
    all_cases
        Whether every size of a fault is injected, not one per family.
    peers
        Whether the peers are fitted and judged as well.
    """

    copies: int
    epochs: int | None
    all_cases: bool
    peers: bool = True


class _Decision(NamedTuple):
    """Which rows of a file exceed [N], by mode and requested rate; and, as a mode ``known``, which have a score."""

    exceeds: Mapping[tuple[str, float], Mask]


def measure_split(
    record: FieldRecord, split: FieldSplit, shipped: ShippedCommands, effort: Effort, work: Path
) -> dict[str, Any]:
    """Train on a split's earlier rows and judge its others; everything is left in the folder ``work``."""
    work.mkdir(parents=True, exist_ok=True)
    train = record.write(work / "train.csv", split.train)
    bundle = work / "bundle.davy"
    run = shipped.train([train], record.station_path, work / "run", bundle)
    result: dict[str, Any] = {
        "record": record.place,
        "split": split.name,
        "training rows": len(split.train),
        "judged rows": len(split.test),
        "bundle": run.done and bundle.is_file(),
        "cpu s": round(run.cpu, 1),
        "memory MB": round(run.memory),
        "error": run.last,
    }
    judge = _Judge(record, split, shipped, effort, bundle=bundle if result["bundle"] else None, work=work)
    result |= judge.measure()
    (work / "result.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return result


class _Judge:
    """The judged rows of a split, with and without faults, before ours and the peers."""

    def __init__(
        self,
        record: FieldRecord,
        split: FieldSplit,
        shipped: ShippedCommands,
        effort: Effort,
        *,
        bundle: Path | None,
        work: Path,
    ) -> None:
        self._record, self._split, self._shipped, self._effort = record, split, shipped, effort
        self._bundle, self._work = bundle, work
        self._station = record.station
        rows = record.held[split.train]
        self._train = rows[np.isfinite(rows).all(axis=1)]
        self._sigma = self._train.std(axis=0)
        self._good = record.undisturbed[split.test]
        self._values = record.values[split.test]
        self._peers = self._fit(self._train, self._station)
        self._shifts: dict[str, dict[str, Any]] = {}

    def measure(self) -> dict[str, Any]:
        clean = self._decisions({"clean": self._values})["clean"]
        budgets: dict[str, Any] = {}
        for detector, one in clean.items():
            for (mode, rate), exceeds in one.exceeds.items():
                if mode == _KNOWN:
                    continue
                budgets.setdefault(detector, {}).setdefault(mode, {})[f"{rate:g}"] = budget(
                    exceeds[self._scored(one)], rate
                )
        return {
            "budget": budgets,
            "shift": self._shifts,
            "lone": self._lone(clean),
            "auroc": self._families(),
            "onsets": self._onsets(clean),
        }

    def _fit(self, rows: Floats, station: Station) -> tuple[FieldPeer, ...]:
        return fit_field_peers(rows, station, epochs=self._effort.epochs) if self._effort.peers else ()

    def _scored(self, one: _Decision) -> Mask:
        """Return which rows are undisturbed and have a score."""
        return np.asarray(self._good & one.exceeds[_KNOWN, 0.0])

    def _decisions(self, copies: Mapping[str, Floats]) -> dict[str, dict[str, _Decision]]:
        """Return for each copy and detector which rows exceed; disturbed ones never do."""
        found: dict[str, dict[str, dict[tuple[str, float], Mask]]] = {name: {} for name in copies}
        good = self._good
        if self._bundle is not None:
            for name, scores in self._score(copies, rate=REQUESTED[0], follow=False).items():
                for kind in OURS:
                    score = scores.score[kind]
                    found[name][kind] = {("fixed", rate): (score >= -np.log10(rate)) & good for rate in REQUESTED}
                    found[name][kind][_KNOWN, 0.0] = np.isfinite(score)
                    for rate in REQUESTED:
                        found[name][kind][FLOORED, rate] = follow_floored(score, rate) & good
            for rate in REQUESTED:
                for name, scores in self._score(copies, rate=rate, follow=True).items():
                    for kind in OURS:
                        found[name][kind]["following", rate] = scores.alarm[kind] & good
                        if name == "clean":
                            self._shifts.setdefault(kind, {})[f"{rate:g}"] = _range(scores.shift.get(kind))
        for name, values in copies.items():
            for peer in self._peers:
                decades = peer.decades(values)
                of = found[name].setdefault(peer.name, {})
                of[_KNOWN, 0.0] = np.isfinite(decades)
                for rate in REQUESTED:
                    of["fixed", rate] = (decades >= -np.log10(rate)) & good
                    of["following", rate] = follow(decades, rate, good) & good
        return {name: {detector: _Decision(exceeds) for detector, exceeds in by.items()} for name, by in found.items()}

    def _score(self, copies: Mapping[str, Floats], *, rate: float, follow: bool, absent: str | None = None) -> Any:
        assert self._bundle is not None
        files = [
            self._record.write(self._work / f"{name}.csv", self._split.test, rows) for name, rows in copies.items()
        ]
        output = self._work / "scores.csv"
        scores = self._shipped.score(self._bundle, files, output, rate=rate, follow=follow, absent=absent)
        return {name: scores[f"{name}.csv"] for name in copies}

    def _lone(self, clean: Mapping[str, _Decision]) -> dict[str, Any]:
        """Return by detector, mode, rate and length: faults found in time, of how many, and of them by chance."""
        made: dict[str, LoneFaults] = {}
        for length in LENGTHS:
            copies = self._effort.copies * (2 if length == max(LENGTHS) else 1)
            for number, copy in enumerate(
                lone_faults(self._values, self._station, self._sigma, length=length, copies=copies, seed=1)
            ):
                made[f"lone-{length}-{number}"] = copy
        decided = self._decisions({name: copy.values for name, copy in made.items()})
        found: dict[str, Any] = {}
        for name, copy in made.items():
            for detector, one in decided[name].items():
                for (mode, rate), exceeds in one.exceeds.items():
                    if mode == _KNOWN:
                        continue
                    cell = (
                        found.setdefault(detector, {}).setdefault(mode, {}).setdefault(f"{rate:g}", {})
                        .setdefault(str(copy.length), {"faults": 0, "found": 0, "chance": 0})
                    )  # fmt: skip
                    cell["faults"] += len(copy.starts)
                    cell["found"] += sum(found_in_time(copy, exceeds))
                    cell["chance"] += sum(found_in_time(copy, clean[detector].exceeds[mode, rate]))
        return found

    def _families(self) -> dict[str, dict[str, float]]:
        """Return the AUROC of each detector's row scores by family of faults, and their mean."""
        faulted = self._faulted()
        copies = {f"case-{number}": one.values for number, one in enumerate(faulted.values())}
        scores: dict[str, dict[str, Floats]] = {name: {} for name in (*copies, "clean")}
        everything = {"clean": self._values, **copies}
        if self._bundle is not None:
            for name, one in self._score(everything, rate=REQUESTED[0], follow=False).items():
                scores[name] |= {kind: one.score[kind] for kind in OURS}
        for name, values in everything.items():
            scores[name] |= {peer.name: peer.raw(values) for peer in self._peers}
        found: dict[str, dict[str, list[float]]] = {}
        for (case, one), name in zip(faulted.items(), copies, strict=True):
            family = next(known.family for known in cases(self._station) if known.name == case)
            rows = one.fault & self._good
            for detector, usual in scores["clean"].items():
                value = auroc(usual[self._good], scores[name][detector][rows])
                found.setdefault(detector, {}).setdefault(family, []).append(value)
        return {
            detector: {"mean": float(np.mean([np.nanmean(of) for of in by.values()]))}
            | {family: float(np.nanmean(of)) for family, of in by.items()}
            for detector, by in found.items()
        }

    def _faulted(self) -> dict[str, Faulted]:
        station, gas = self._station, self._station.gas_index
        held = hold(self._values)
        every = [case for case in cases(station) if case.family != "blind"]  # its level is one in ppb
        if not self._effort.all_cases:
            every = list({case.family: case for case in every}.values())
        found = {}
        for case in every:
            one = inject_faults(
                case,
                held,
                station,
                sigma=self._sigma,
                sensitivity=None if gas is None else _sensitivity(self._train, station),
                background=None if gas is None else float(np.quantile(self._train[:, gas], 0.1)),
                segments=((0, len(held)),),
                seed=1,
            )
            values = np.where(np.isnan(self._values), np.nan, one.values)
            if one.events:
                found[case.name] = Faulted(values, one.fault, one.events, one.channels)
        return found

    def _onsets(self, clean: Mapping[str, _Decision]) -> list[dict[str, Any]]:
        """Return for each kind of onset and detector, without the gas column: found of how many, and the cost."""
        station = self._station
        if station.gas_index is None or station.gas is None:
            return []
        sought = field_onsets(self._record, self._split.train, self._split.test)
        others = [column for column in range(station.size) if column != station.gas_index]
        without = replace(station, features=tuple(station.features[column] for column in others), ratio=None)
        peers = self._fit(self._train[:, others], without)
        found = []
        for rate in REQUESTED:
            for detector in OURS if self._bundle is not None else ():
                exceeds = clean[detector].exceeds["following", rate]
                found += _counted(f"{detector}, following, with the gas", sought, exceeds, rate)
            if self._bundle is not None:
                for mode, follows in MODES.items():
                    scores = self._score({"clean": self._values}, rate=rate, follow=follows, absent=station.gas)[
                        "clean"
                    ]
                    name = f"onset, {mode}"
                    why = "" if np.isfinite(scores.score["methane"]).any() else "no score"
                    found += _counted(name, sought, scores.alarm["methane"], rate, why)
            for peer in peers:
                found += _counted(peer.name, sought, _above(peer, self._values[:, others], rate), rate)
        return found


def _counted(name: str, sought: Sequence[Onsets], exceeds: Mask, rate: float, why: str = "") -> list[dict[str, Any]]:
    return [{"detector": name, "requested": rate, "of": one.name, "note": why, **one.count(exceeds)} for one in sought]


def _range(shift: Floats | None) -> dict[str, float] | None:
    """Return how far a threshold has moved [decades]; ``None`` where that is not written."""
    known = shift[np.isfinite(shift)] if shift is not None else np.array([])
    if not len(known):
        return None
    return {"least": float(known.min()), "most": float(known.max()), "last": float(known[-1])}


def _above(peer: FieldPeer, values: Floats, rate: float) -> Mask:
    return np.asarray(peer.decades(values) >= -np.log10(rate))


def _sensitivity(train: Floats, station: Station) -> Floats:
    """Return d ln reading / d ln gas of each sensor [F], by least squares given the climate and its squares."""
    roles = np.array([feature.role for feature in station.features])
    climate = train[:, roles == "environment"]
    given = (climate - climate.mean(axis=0)) / np.maximum(climate.std(axis=0), np.finfo(float).tiny)
    gas = np.log(np.maximum(train[:, station.gas_index], np.finfo(float).tiny))
    design = np.column_stack([gas, given, given**2, np.ones(len(train))])
    sensors = np.flatnonzero(roles == "sensor")
    slopes = np.zeros(station.size)
    slopes[sensors] = np.linalg.lstsq(design, np.log(np.maximum(train[:, sensors], 1e-9)), rcond=None)[0][0]
    return slopes
