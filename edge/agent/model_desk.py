"""ModelDesk: answers the requests about bundles, and says which bundle scores a station."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from config.settings.gateway import Gateway
from edge.agent.answers import ModelUploadAnswer
from edge.agent.request_bodies import ModelChunkRequest, ModelOfferRequest, ModelRequest, ModelRollbackRequest
from edge.agent.rollouts import Rollouts
from edge.agent.station import LiveStation
from edge.agent.stations import Stations
from edge.bundles.archive import MAX_BYTES
from edge.bundles.bundle import Bundle
from edge.clock import Clock, rfc3339
from edge.errors import BundleError, RequestError
from edge.rollout.model_index import KeptModel, StationModels, WaitingModel
from edge.rollout.model_message import ModelMessage, ModelReport, Phase, WaitingReport
from edge.rollout.push_statement import PushStatement
from edge.rollout.trial import Probation, Shadow

_AHEAD = 86400.0  # [s] by which the clock of whoever pushes may be ahead: later pushes have to be later

Answers = Iterator[msgspec.Struct]


class ModelDesk:
    """Answers ``model/...``.

    Parameters
    ----------
    gateway
        Settings.
    stations
        All stations.
    rollouts
        Their bundles.
    clock
        Dates what is pushed.

    Attributes
    ----------
    verbs : mapping
        Verb -> the type of its body, and what answers it.
    """

    def __init__(self, gateway: Gateway, stations: Stations, rollouts: Rollouts, clock: Clock) -> None:
        self._base = gateway.topics.base.rstrip("/")
        self._settings = gateway.rollout
        self._stations = stations
        self._rollouts = rollouts
        self._clock = clock
        self.verbs: Mapping[str, tuple[type[msgspec.Struct], Callable[[Any, int | None], Answers]]] = {
            "model/offer": (ModelOfferRequest, self._offer),
            "model/chunk": (ModelChunkRequest, self._chunk),
            "model/status": (ModelRequest, self._status),
            "model/activate": (ModelRequest, self._activate),
            "model/rollback": (ModelRollbackRequest, self._roll_back),
        }

    def message(self, station: LiveStation) -> ModelMessage:
        """Return the body of a station's ``model`` topic."""
        models, trial = self._rollouts.book.of(station), station.trial
        base = _configured(self._rollouts.base_of(station).bundle)
        return ModelMessage(
            station=station.name,
            active=base if models.active is None else _kept(models.active),
            waiting=self._waiting(station, models.waiting),
            watched=trial.of - trial.readings if isinstance(trial, Probation) else models.watched,
            kept=tuple(base if each is None else _kept(each) for each in _returns(models)),
            last=models.last,
        )

    def _waiting(self, station: LiveStation, waiting: WaitingModel | None) -> WaitingReport | None:
        if waiting is None:
            return None
        phase: Phase = "shadow" if isinstance(station.trial, Shadow) else "verifying"
        if phase != "shadow" and not self._rollouts.book.folder.has(waiting):
            phase = "receiving"
        return WaitingReport(
            model=ModelReport(
                bundle=station.waiting,
                sha256=waiting.sha256,
                file=waiting.file,
                created=None,
                signed_by=waiting.signed_by,
                since=waiting.since,
            ),
            phase=phase,
            readings=0 if waiting.counts is None else waiting.counts.readings,
            of=waiting.shadow,
            comparison=None if waiting.counts is None else waiting.counts.comparison,
        )

    def _offer(self, request: ModelOfferRequest, _: int | None) -> Answers:
        if request.bytes > MAX_BYTES:
            raise RequestError(
                f"bytes: got {request.bytes:,}, expected at most {MAX_BYTES:,} (bundles are far smaller)"
            )
        station = self._station(request.station)
        statement = PushStatement(
            base=self._base,
            station=request.station,
            sha256=request.sha256,
            size=request.bytes,
            file=request.file,
            issued=request.issued,
            shadow=request.shadow,
            force=request.force,
        )
        signed_by = statement.signed_by(
            request.signature, self._settings.trusted_keys, unsigned=self._settings.unsigned
        )
        models, now = self._rollouts.book.of(station), self._clock.now()
        folder = self._rollouts.book.folder
        waiting = models.waiting
        again = waiting is not None and waiting.sha256 == request.sha256 and models.offered == request.issued
        active = models.active is not None and models.active.sha256 == request.sha256
        if not again and not active:
            if request.issued == models.offered and models.last is not None and models.last.outcome == "refused":
                raise RequestError(str(models.last.reason))  # the answer of the first time got lost
            if signed_by is not None:
                _check_issued(request.issued, models.issued, now)
                models.issued = request.issued
            models.waiting = WaitingModel(
                sha256=request.sha256,
                bytes=request.bytes,
                file=Path(request.file).name,
                signed_by=signed_by,
                since=rfc3339(now),
                shadow=self._settings.shadow_readings if request.shadow is None else request.shadow,
                force=request.force,
            )
            models.offered = request.issued
            _stored(lambda: self._rollouts.replace_waiting(station, models))
        received = request.bytes if active else folder.received(request.sha256, request.bytes)
        return iter([ModelUploadAnswer(sha256=request.sha256, received=received, bytes=request.bytes)])

    def _chunk(self, request: ModelChunkRequest, _: int | None) -> Answers:
        waiting = [
            (station, models.waiting)
            for station in self._stations
            if (models := self._rollouts.book.of(station)).waiting is not None
            and models.waiting.sha256 == request.sha256
        ]
        if not waiting:
            raise RequestError(
                f"sha256: got {request.sha256[:12]}..., which no station waits for; fix: model/offer first, "
                "and again if another push has taken its place"
            )
        try:
            data = base64.b64decode(request.data, validate=True)
        except (binascii.Error, ValueError) as error:
            raise RequestError(f"data: got no base64 ({error})") from error
        size = waiting[0][1].bytes
        try:
            received = self._rollouts.book.folder.append(request.sha256, size, request.offset, data)
        except BundleError as error:
            for station, _model in waiting:
                self._rollouts.book.refuse(station, request.sha256[:12], str(error))
            raise RequestError(str(error)) from error
        return iter([ModelUploadAnswer(sha256=request.sha256, received=received, bytes=size)])

    def _status(self, request: ModelRequest, _: int | None) -> Answers:
        return iter([self.message(self._station(request.station))])

    def _activate(self, request: ModelRequest, _: int | None) -> Answers:
        station = self._station(request.station)
        if self._rollouts.book.of(station).waiting is None:
            raise RequestError(f"{station.name}: no bundle waits; fix: davylamp push FILE --station {station.name}")
        _stored(lambda: self._rollouts.hurry(station))
        return iter([self.message(station)])

    def _roll_back(self, request: ModelRollbackRequest, _: int | None) -> Answers:
        station = self._station(request.station)
        models = self._rollouts.book.of(station)
        if models.waiting is not None and request.bundle is None:
            bundle = station.waiting or models.waiting.sha256[:12]
            models.waiting = None
            self._rollouts.book.note(models, "rolled back", bundle, reason="it was dropped while it waited")
            _stored(lambda: self._rollouts.replace_waiting(station, models))
            return iter([self.message(station)])
        base = self._rollouts.base_of(station).bundle
        kept = {base.id if each is None else each.bundle: each for each in _returns(models)}
        if request.bundle is not None and request.bundle not in kept:
            raise RequestError(f"bundle: got {request.bundle[:64]!r}, expected one of {', '.join(kept) or 'none'}")
        if request.bundle is None and not models.previous:
            raise RequestError(
                f"{station.name}: got no bundle before {station.group.bundle.id}, to which it could go back"
            )
        to = models.previous[0] if request.bundle is None else kept[request.bundle]
        if to is not None and not self._rollouts.book.folder.file(to.sha256).is_file():
            raise RequestError(
                f"{to.bundle}: its file is not in {self._rollouts.book.folder.path} any more; fix: bundle=ID goes back "
                f"to another one of {', '.join(kept)}, or push it again"
            )
        self._rollouts.go_back(station, to, "rolled back")
        return iter([self.message(station)])

    def _station(self, name: str | None) -> LiveStation:
        stations = list(self._stations)
        if name is None and len(stations) == 1:
            return stations[0]
        if name is None or name not in self._stations:
            known = ", ".join(sorted(station.name for station in stations)) or "none yet"
            got = "none" if name is None else repr(name[:64])
            raise RequestError(f"station: got {got}, expected one that has sent a reading: {known}")
        return self._stations[name]


def _returns(models: StationModels) -> list[KeptModel | None]:
    """Return the bundles to which a station can go back, the next one first; ``None``: gateway.yaml's."""
    found: list[KeptModel | None] = list(models.previous)
    return found if models.abandoned is None else [*found, models.abandoned]


def _configured(bundle: Bundle) -> ModelReport:
    return ModelReport(bundle=bundle.id, file=Path(bundle.path).name, created=bundle.manifest.created)


def _kept(model: KeptModel) -> ModelReport:
    return ModelReport(
        bundle=model.bundle,
        sha256=model.sha256,
        file=model.file,
        created=model.created,
        signed_by=model.signed_by,
        since=model.since,
    )


def _check_issued(issued: float, before: float, now: float) -> None:
    """Refuse a signature that was made before another one that was taken, or in the future (RequestError)."""
    if issued <= before:
        raise RequestError(
            f"got a push that was signed at {rfc3339(issued)}, expected one later than {rfc3339(before)}, when the one "
            "before was signed: it is sent a second time, or a clock is wrong; fix: push the file again, and if both "
            "were signed just now, set the clocks of the computers that sign"
        )
    if issued > now + _AHEAD:
        raise RequestError(
            f"got a push that was signed at {rfc3339(issued)}, and it is {rfc3339(now)} here; fix: set both clocks"
        )


def _stored(write: Callable[[], None]) -> None:
    """Write something, or refuse the request (RequestError)."""
    try:
        write()
    except OSError as error:
        raise RequestError(f"the models cannot be written ({error}); fix: make room on the disk") from error
